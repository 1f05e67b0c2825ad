"""Fitting: the least memory that a model takes to be trained, and whether this machine has that."""

from studio.domain.machine import Machine
from studio.domain.model import Fit, Need, Shape
from studio.recipes.memory import least_memory
from studio.recipes.words import gigabytes

WITHOUT_GPU = 800_000_000  # parameters; above this, one pass on a processor takes days
ROOM = 0.8  # of all memory; a run that needs more leaves none for longer rows


def need_of(shape: Shape, machine: Machine) -> Need:
    """What the smallest sensible run takes with QLoRA and with LoRA, and whether QLoRA fits here."""
    on_gpu = machine.has_gpu or shape.parameters > WITHOUT_GPU
    qlora, lora = (least_memory(shape, on_gpu=on_gpu, method=method) for method in ("qlora", "lora"))
    kind = "GPU memory" if on_gpu else "memory"
    takes = f"A run takes at least {gigabytes(qlora)} of {kind} with QLoRA, {gigabytes(lora)} with LoRA"
    if on_gpu and not machine.has_gpu:
        why = f"Needs about {gigabytes(qlora)} of GPU memory; this machine has no GPU."
        return Need(qlora, lora, on_gpu, Fit.TOO_LARGE, why, "Pick a model under 0.8B, or a machine with a GPU.")
    gpu = machine.gpus[0] if machine.has_gpu else None
    whole, free = (gpu.memory, gpu.free) if gpu else (machine.memory, machine.memory_free)
    place = "this machine's GPU has" if gpu else "this machine has"
    if qlora > whole:
        why = f"Needs about {gigabytes(qlora)} of {kind}; {place} {gigabytes(whole)}."
        return Need(qlora, lora, on_gpu, Fit.TOO_LARGE, why, "Pick a smaller model.")
    if qlora > free:
        why = f"{takes}; {place} {gigabytes(whole)}, of which {gigabytes(free)} are free just now."
        return Need(qlora, lora, on_gpu, Fit.TIGHT, why, "Close other programs before you start.")
    if qlora > ROOM * whole:
        why = f"{takes}; {place} {gigabytes(whole)}, which leaves little for long rows."
        return Need(qlora, lora, on_gpu, Fit.TIGHT, why, "Keep the cut-off low.")
    return Need(qlora, lora, on_gpu, Fit.FITS, f"{takes}; {place} {gigabytes(whole)}.")
