"""Pace: how long a run takes on a kind of hardware, as a range, before anything was measured."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from studio.domain.machine import Gpu, Machine
from studio.domain.method import ADAPTERS
from studio.domain.model import Shape
from studio.domain.plan import PADDED, Way
from studio.domain.recipe import Recipe
from studio.recipes.calibration import FAST, SLOW

# Dense 16-bit peak (operations per second) and memory bandwidth (bytes per second) as their makers state them, found
# by a part of the name; the longer names come first, because "L40S" also holds "L4".
GPUS = (
    ("B200", 2250e12, 8.0e12), ("GH200", 989e12, 4.0e12), ("H200", 989e12, 4.8e12), ("H100 PCIe", 756e12, 2.0e12),
    ("H100", 989e12, 3.35e12), ("H20", 148e12, 4.0e12), ("A100", 312e12, 1.6e12), ("A800", 312e12, 1.6e12),
    ("L40S", 362e12, 0.864e12), ("L40", 181e12, 0.864e12), ("L4", 121e12, 0.3e12), ("A10G", 70e12, 0.6e12),
    ("A10", 125e12, 0.6e12), ("A40", 150e12, 0.696e12), ("A30", 165e12, 0.933e12), ("V100", 125e12, 0.9e12),
    ("T4", 65e12, 0.32e12), ("RTX 6000 Ada", 364e12, 0.96e12), ("RTX A6000", 155e12, 0.768e12),
    ("RTX A5000", 111e12, 0.768e12), ("RTX 5090", 210e12, 1.79e12), ("RTX 5080", 113e12, 0.96e12),
    ("RTX 5070", 62e12, 0.67e12), ("RTX 4090", 165e12, 1.0e12), ("RTX 4080", 97e12, 0.72e12),
    ("RTX 4070", 58e12, 0.5e12), ("RTX 4060", 30e12, 0.27e12), ("RTX 3090", 71e12, 0.936e12),
    ("RTX 3080", 60e12, 0.76e12), ("RTX 3070", 41e12, 0.448e12), ("RTX 3060", 26e12, 0.36e12),
)  # fmt: skip
UNKNOWN_GPU = (40e12, 0.4e12)
RECOMPUTED = 1.65  # times as long for few tokens when layers are computed twice; measured with small models on an H200
PAIR = 3  # both answers, once more without the adapter: as many tokens as of three rows
PAIR_ALONE = 2  # both answers, where what the model said before is known from the start
DORA = 0.5  # what DoRA computes in addition, in layers; measured with the starter model on a processor
ANSWER_TOKENS = 60  # a few answers are written at each check, this many tokens at most


@dataclass(frozen=True, slots=True)
class Hardware:
    """What the estimate rests on: operations per second, and seconds that no large batch can save."""

    operations: float
    unpack: float  # seconds to unpack one 4-bit weight
    layer: float  # seconds that one layer takes forward and back however few tokens it is given
    start: float  # seconds until the first step: imports, loading, preparing rows
    fast: float  # factors of the range
    slow: float


@dataclass(frozen=True, slots=True)
class Work:
    """What a run does: rows' lengths, and how many steps of how many rows."""

    train_tokens: Sequence[int]
    validation_tokens: Sequence[int]
    steps: int
    micro_batch: int
    way: Way = PADDED


def seconds(
    shape: Shape, recipe: Recipe, work: Work, machine: Machine, *, factor: float | None = None
) -> tuple[float, float]:
    """Fast and slow end of the expected duration; `factor` is how many times as long it was found to take here."""
    hardware = hardware_of(machine)
    checking = (recipe.evaluations + 1) * _check(shape, recipe, work, hardware)
    expected = training_seconds(shape, recipe, work, hardware) + checking + _beforehand(shape, recipe, work, hardware)
    fast, slow = (hardware.fast, hardware.slow) if factor is None else (FAST * factor, SLOW * factor)
    return hardware.start + expected * fast, hardware.start * 1.5 + expected * slow


def rate(shape: Shape, recipe: Recipe, work: Work, machine: Machine) -> float:
    """Real tokens per second of the training steps that the formulas expect."""
    trained = min(work.steps * recipe.batch_size, round(len(work.train_tokens) * recipe.epochs))
    tokens = sum(work.train_tokens) * trained / len(work.train_tokens) * (2 if recipe.preference else 1)
    return tokens / training_seconds(shape, recipe, work, hardware_of(machine))


def training_seconds(shape: Shape, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Expected seconds of the steps alone, without loading and checks."""
    trained = min(work.steps * recipe.batch_size, round(len(work.train_tokens) * recipe.epochs))
    epochs = trained / len(work.train_tokens)
    parts = epochs * len(work.train_tokens) / work.micro_batch
    one_pass = (
        sum(work.train_tokens)
        if work.way.packed
        else padded_tokens(work.train_tokens, recipe, micro_batch=work.micro_batch)
    )
    tokens = epochs * one_pass
    tokens *= _of_pairs(recipe) if recipe.preference else 1
    twice = _twice(shape, recipe, work.way)
    computing = tokens * _operations(shape, recipe, work.train_tokens, twice) / hardware.operations
    return computing + parts * _part(shape, recipe, hardware, twice)


def padded_tokens(lengths: Sequence[int], recipe: Recipe, *, micro_batch: int) -> int:
    """Tokens of one pass with the padding of its batches; rows are sorted by length within windows of eight steps."""
    order = list(lengths)
    random.Random(recipe.seed).shuffle(order)
    window = 8 * recipe.batch_size
    total = 0
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window])
        batches = (rows[at : at + micro_batch] for at in range(0, len(rows), micro_batch))
        total += sum(batch[-1] * len(batch) for batch in batches)
    return total


def hardware_of(machine: Machine) -> Hardware:
    """What is expected of this machine: of its first GPU, or of its processor's cores."""
    if machine.has_gpu:
        return _gpu(machine.gpus[0])
    # Two cores with AVX512-BF16: 170 billion operations per second in the steady state and 5 ms a layer were measured
    # with a 5 million parameter model; a processor without bf16 instructions takes several times as long.
    scale = max(machine.cores, 1) ** 0.7 * (1.0 if machine.bf16 else 0.3)
    return Hardware(operations=105e9 * scale, unpack=0.15e-9 / scale, layer=0.005, start=9, fast=0.65, slow=1.6)


def _gpu(gpu: Gpu) -> Hardware:
    known = ((peak, bandwidth) for name, peak, bandwidth in GPUS if name.lower() in gpu.name.lower())
    peak, bandwidth = next(known, UNKNOWN_GPU)
    # Fitted to 28 short runs of four Qwen3 shapes on an H200 (docs/gpu.md): 27 of them within 15 %, one 28 % above.
    return Hardware(operations=0.5 * peak, unpack=0.252 / bandwidth, layer=0.0072, start=20, fast=0.6, slow=1.7)


def _twice(shape: Shape, recipe: Recipe, way: Way) -> float:
    """The share of the layers that are computed twice."""
    if not recipe.gradient_checkpointing:
        return 0.0
    return 1.0 if way.recomputed is None else min(way.recomputed / shape.layers, 1.0)


def _operations(shape: Shape, recipe: Recipe, lengths: Sequence[int], twice: float) -> float:
    """Operations per token: forward and back through frozen layers, adapter and attention, again if recomputed."""
    typical = sum(length * length for length in lengths) / max(sum(lengths), 1)
    attention = 2 * shape.layers * shape.heads * shape.head_size * typical
    adapter, head = _adapter(shape, recipe), shape.vocabulary * shape.hidden
    once_more = twice * (2 * shape.linear + 2 * adapter + attention)
    weights = 6 if recipe.method == "full" else 4  # trained weights need gradients of their own
    return weights * (shape.linear + head) + 6 * adapter + 3.5 * attention + once_more


def _adapter(shape: Shape, recipe: Recipe) -> float:
    """Values of an adapter that every token goes through; DoRA computes parts of each layer once more."""
    if recipe.method not in ADAPTERS:
        return 0
    return shape.adapter(recipe.rank) + (DORA * shape.linear if recipe.dora else 0)


def _of_pairs(recipe: Recipe) -> int:
    return PAIR_ALONE if recipe.method == "full" else PAIR


def _beforehand(shape: Shape, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Seconds before the first step for what the untouched model says of each pair, where all of it is trained."""
    if not recipe.preference or recipe.method != "full":
        return 0
    tokens = PAIR_ALONE * (sum(work.train_tokens) + sum(work.validation_tokens))
    return _forward(shape, tokens, len(work.train_tokens) + len(work.validation_tokens), recipe, work, hardware)


def _part(shape: Shape, recipe: Recipe, hardware: Hardware, twice: float) -> float:
    """Seconds for each part of a step, whatever its size."""
    unpacking = (2 + twice) * shape.linear * hardware.unpack if recipe.quantisation == "nf4" else 0
    return shape.layers * hardware.layer * (1 + twice * (RECOMPUTED - 1)) + unpacking


def _check(shape: Shape, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Seconds for one check: validation loss, and a few short answers written token by token."""
    loss = _forward(shape, sum(work.validation_tokens), len(work.validation_tokens), recipe, work, hardware)
    per_token = shape.layers * hardware.layer / 3 + shape.linear * hardware.unpack
    return loss + ANSWER_TOKENS * per_token


def _forward(shape: Shape, tokens: int, rows: int, recipe: Recipe, work: Work, hardware: Hardware) -> float:
    """Seconds to compute the losses of so many rows with these many tokens, without learning from them."""
    computing = tokens * 2 * (shape.linear + shape.vocabulary * shape.hidden) / hardware.operations
    return computing + rows / work.micro_batch * _part(shape, recipe, hardware, 0) / 2
