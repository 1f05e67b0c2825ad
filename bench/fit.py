"""Fit the planner's GPU constants to measured runs, and say how far each run is from its plan, before and after.

    python -m bench.fit grid.jsonl [more.jsonl …]

Reads the lines of `bench.gpu grid`. The constants are those of `studio.recipes.memory.GPU` and `studio.recipes.pace`.
The last table leaves each model out in turn, fits the others and predicts it: so far off may a new shape be.
"""

import argparse
import dataclasses
import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from bench.gpu import Cell, read_lines
from bench.made_up import STARTER, config_of
from studio.domain.machine import Gpu, Machine
from studio.domain.model import Shape
from studio.recipes import pace
from studio.recipes.memory import GPU, Load, Profile, parts_with
from studio.recipes.pace import Hardware
from studio.recipes.shape import shape_of, shape_of_folder

MEMORY_TARGET = 0.15
MEMORY_NAMES = ("width", "inner", "loss_bytes", "slack")
LEAST_SLACK = 0.02


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: its setting, the bytes it held on the GPU in all, and the seconds of a step."""

    model: str
    shape: Shape
    cell: Cell
    bytes: int
    beside: int
    step: float

    @property
    def title(self) -> str:
        cell = self.cell
        recomputing = "recomputing" if cell.recomputing else ""
        setting = f"r{cell.rank} {cell.micro_batch}×{cell.length} {cell.quantisation}"
        return f"{self.model:<11} {setting:<17} {recomputing:<11}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path, nargs="+")
    choices = parser.parse_args()
    lines = [line for path in choices.lines for line in read_lines(path)]
    runs, machine = list(measured(lines)), machine_of(lines)
    if len(runs) < 4:
        raise SystemExit(f"{len(runs)} measured runs are too few to fit anything.")
    gpu = machine.gpus[0]
    program = round(statistics.median(run.beside for run in runs))
    print(f"{len(runs)} runs on {gpu.name}; beside torch the driver holds {program / 1e6:,.0f} MB")
    told_out_of_memory(lines)
    fitted = fit_memory(runs, program=program)
    hardware = fit_pace(runs, gpu)
    report("memory (GB)", runs, lambda run: run.bytes / 1e9, (planned_with(GPU), planned_with(fitted)))
    report("step (s)", runs, lambda run: run.step, (step_with(pace.hardware_of(machine)), step_with(hardware)))
    left_out(runs, program=program, gpu=gpu)
    print("\nmemory.GPU:", {name: _short(getattr(fitted, name)) for name in ("program", *MEMORY_NAMES)})
    print("pace._gpu:", json.dumps(in_words_of_the_gpu(hardware, gpu)))


def measured(lines: Iterable[dict[str, Any]]) -> Iterable[Measured]:
    """The runs that came to an end."""
    for line in lines:
        if line["kind"] == "cell" and "step" in line:
            cell = Cell(**{field.name: line[field.name] for field in dataclasses.fields(Cell)})
            model, beside = line["model"], line["beside_torch"]
            shape = shape_of_folder(STARTER) if model == "starter" else shape_of(config_of(model))
            yield Measured(model, shape, cell, bytes=line["reserved"] + beside, beside=beside, step=line["step"])


def machine_of(lines: Iterable[dict[str, Any]]) -> Machine:
    told = next(line["machine"] for line in lines if line["kind"] == "machine")
    gpus = told["gpus"] or [{"name": "no GPU", "memory": 0, "free": 0, "uuid": ""}]
    return Machine(**{**told, "gpus": tuple(Gpu(**gpu) for gpu in gpus)})


def told_out_of_memory(lines: Iterable[dict[str, Any]]) -> None:
    for line in lines:
        if line.get("out_of_memory"):
            planned = sum(line["planned"].values()) / 1e9
            print(f"out of memory: {line['model']} {line['micro_batch']}×{line['length']}, planned {planned:.1f} GB")


def fit_memory(runs: Sequence[Measured], *, program: int) -> Profile:
    """The profile whose relative errors are smallest; the driver's share is measured, not fitted."""

    def profile(values: Sequence[float]) -> Profile:
        named = dict(zip(MEMORY_NAMES, values, strict=True))
        return dataclasses.replace(GPU, program=program, **named)

    def errors(values: Sequence[float]) -> list[float]:
        planned = planned_with(profile(values))
        return [np.log(planned(run) * 1e9 / run.bytes) for run in runs]

    low, high = (0, 0, 0, LEAST_SLACK), (200, 200, 200, 0.5)
    start = (GPU.width, GPU.inner, GPU.loss_bytes, 0.05)
    # Sizes are rounded to whole bytes in the model: steps must be large enough to be seen.
    found = least_squares(errors, start, bounds=(low, high), diff_step=1e-2, loss="soft_l1", f_scale=0.05)
    return profile(found.x)


def fit_pace(runs: Sequence[Measured], gpu: Gpu) -> Hardware:
    """Operations per second, seconds per layer and seconds to unpack one weight, with the smallest relative errors."""
    first = pace.hardware_of(Machine(cores=1, memory=1, memory_free=1, disk_free=1, gpus=(gpu,)))

    def hardware(logs: Sequence[float]) -> Hardware:
        operations, layer, unpack = np.exp(logs)
        return dataclasses.replace(first, operations=operations, layer=layer, unpack=unpack)

    def errors(logs: Sequence[float]) -> list[float]:
        expected = step_with(hardware(logs))
        return [np.log(expected(run) / run.step) for run in runs]

    start = np.log((first.operations, first.layer, first.unpack))
    # At least a tenth of the time that the memory's bandwidth allows: what cannot be told from the runs stays near it.
    low, high = start - np.log((20, 20, 10)), start + np.log((20, 20, 10))
    return hardware(least_squares(errors, start, bounds=(low, high), loss="soft_l1", f_scale=0.1).x)


def planned_with(profile: Profile) -> Callable[[Measured], float]:
    def planned(run: Measured) -> float:
        cell = run.cell
        parts = parts_with(profile, run.shape, cell.recipe(), Load(cell.micro_batch * cell.length))
        return sum(part.bytes for part in parts) / 1e9

    return planned


def step_with(hardware: Hardware) -> Callable[[Measured], float]:
    def expected(run: Measured) -> float:
        cell = run.cell
        work = pace.Work([cell.length] * cell.micro_batch, [], steps=1)
        return pace.training_seconds(run.shape, cell.recipe(), work, hardware)

    return expected


def report(
    what: str,
    runs: Sequence[Measured],
    measured_value: Callable[[Measured], float],
    plans: Sequence[Callable[[Measured], float]],
) -> None:
    """A line for every run: measured, planned so far, planned with what was fitted."""
    print(f"\n{what:<41}{'measured':>10}{'so far':>10}{'':>8}{'fitted':>10}")
    errors: list[list[float]] = [[], []]
    for run in runs:
        value = measured_value(run)
        told = [plan(run) for plan in plans]
        for listed, one in zip(errors, told, strict=True):
            listed.append(one / value - 1)
        print(
            f"{run.title:<41}{value:>10.3f}{told[0]:>10.3f}{errors[0][-1]:>+8.0%}{told[1]:>10.3f}{errors[1][-1]:>+8.0%}"
        )
    for name, listed in zip(("so far", "fitted"), errors, strict=True):
        within = sum(abs(error) <= MEMORY_TARGET for error in listed)
        worst = max(listed, key=abs)
        print(f"{name}: {within} of {len(listed)} within {MEMORY_TARGET:.0%}, the worst {worst:+.0%}")


def left_out(runs: Sequence[Measured], *, program: int, gpu: Gpu) -> None:
    """Errors for each model when only the others were fitted."""
    print("\nfitted without the model     memory: worst, median    step: worst, median")
    for model in sorted({run.model for run in runs}):
        others, own = [run for run in runs if run.model != model], [run for run in runs if run.model == model]
        if len(others) < 4:
            continue
        planned, expected = planned_with(fit_memory(others, program=program)), step_with(fit_pace(others, gpu))
        memory = [planned(run) * 1e9 / run.bytes - 1 for run in own]
        steps = [expected(run) / run.step - 1 for run in own]
        told = [f"{max(each, key=abs):+.0%}, {statistics.median(each):+.0%}" for each in (memory, steps)]
        print(f"{model:<29}{told[0]:<25}{told[1]}")


def in_words_of_the_gpu(hardware: Hardware, gpu: Gpu) -> dict[str, float]:
    """The fitted values as shares of what the GPU's maker states, which is how they carry over to other GPUs."""
    peak, bandwidth = next(((p, b) for name, p, b in pace.GPUS if name.lower() in gpu.name.lower()), pace.UNKNOWN_GPU)
    return {
        "operations / peak": _short(hardware.operations / peak),
        "unpack * bandwidth (bytes per weight)": _short(hardware.unpack * bandwidth),
        "layer": _short(hardware.layer),
    }


def _short(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.3g}")


if __name__ == "__main__":
    main()
