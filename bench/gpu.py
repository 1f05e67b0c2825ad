"""What training takes on this machine's GPU, beside what the planner says: memory and seconds.

    python -m bench.gpu grid --out FILE [--seconds 250]     models of real shapes, steps through our own training path
    … --tiny                                                the same on a model of no size: proves the bench itself

Every measurement is one JSON line, written as soon as it is known, so that a run that is cut off still tells. Weights
are random (bench.made_up): speed and memory follow from shapes alone. `python -m bench.fit FILE` reads the lines.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.made_up import make_model, room_for_models, rows_of
from studio.domain.machine import Machine
from studio.domain.model import Shape
from studio.domain.recipe import Recipe
from studio.recipes import pace
from studio.recipes.machine import driver_version, measure_machine
from studio.recipes.memory import Load, memory_parts
from studio.recipes.shape import shape_of_folder

LIBRARIES = ("torch", "transformers", "trl", "peft", "bitsandbytes", "accelerate")
# Models in the order of what they tell first, with the seconds that each may take at most.
SHAPES = {"qwen3-1.7b": 65, "qwen3-8b": 80, "qwen3-0.6b": 55, "qwen3-4b": 65, "starter": 25}
HOPELESS = 1.6  # a run planned to need more than so many times the memory is not tried
WARM_UP = 2  # steps that do not count: kernels are chosen and compiled in them


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting to measure."""

    rank: int
    micro_batch: int
    length: int
    recomputing: bool
    quantisation: str = "nf4"

    def recipe(self) -> Recipe:
        return Recipe.model_validate(
            {
                "epochs": 1,
                "rank": self.rank,
                "batch_size": self.micro_batch,
                "micro_batch": self.micro_batch,
                "max_length": self.length,
                "gradient_checkpointing": self.recomputing,
                "quantisation": self.quantisation,
                "evaluations": 1,
            }
        )


# Without recomputing first: the switch stays on in a model that has once been trained with it.
CELLS = (
    Cell(16, 8, 512, False), Cell(16, 1, 512, False), Cell(16, 4, 2048, False), Cell(32, 4, 512, False),
    Cell(16, 1, 2048, False), Cell(16, 2, 512, False), Cell(16, 8, 2048, False),
    Cell(16, 8, 2048, True), Cell(16, 8, 512, True), Cell(16, 1, 2048, True), Cell(32, 4, 2048, True),
    Cell(16, 1, 512, True),
    Cell(16, 4, 512, False, "none"), Cell(16, 1, 2048, False, "none"), Cell(16, 4, 2048, True, "none"),
)  # fmt: skip
TINY_CELLS = (Cell(4, 2, 64, False), Cell(4, 2, 64, True), Cell(8, 1, 128, False, "none"))


class Lines:
    """A file of JSON lines that holds every line from the moment it is written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kind: str, **values: Any) -> None:
        line = json.dumps({"kind": kind, **values})
        print(line, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["grid", "one"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=250)
    parser.add_argument("--model", help="for `one`: the shape to measure in this process")
    parser.add_argument("--tiny", action="store_true")
    choices = parser.parse_args()
    lines, end = Lines(choices.out), time.time() + choices.seconds
    with tempfile.TemporaryDirectory(dir=room_for_models()) as folder:
        match choices.part:
            case "grid":
                grid(lines, end=end, tiny=choices.tiny)
            case "one":
                one(choices.model, lines, end=end, folder=Path(folder))


def grid(lines: Lines, *, end: float, tiny: bool) -> None:
    """Every shape in a process of its own, so that a fault in one leaves the others alone."""
    machine = measure_machine(Path.cwd())
    lines.write(
        "machine", at=time.time(), machine=asdict(machine), driver=driver_version(), python=sys.version.split()[0],
        versions={name: version(name) for name in LIBRARIES},
    )  # fmt: skip
    for name, most in {"tiny": 600}.items() if tiny else SHAPES.items():
        seconds = min(most, end - time.time())
        if seconds < 15:
            lines.write("left_out", model=name, why="no time left")
            continue
        command = [sys.executable, "-m", "bench.gpu", "one", "--model", name, "--out", str(lines.path)]
        command += ["--seconds", str(seconds)]
        try:
            status = subprocess.run(command, timeout=seconds + 20, check=False).returncode
        except subprocess.TimeoutExpired:
            status = -1
        if status:
            lines.write("fault", model=name, status=status)


def one(name: str, lines: Lines, *, end: float, folder: Path) -> None:
    """Measure one shape: load it as a run does, then train it with each setting for a few steps."""
    machine = measure_machine(folder)
    from studio.engine.load import load_tokenizer, prepare_process

    prepare_process()
    import torch

    began = time.perf_counter()
    model_folder = make_model(folder / name, name)
    shape = shape_of_folder(model_folder)
    lines.write("made", model=name, seconds=round(time.perf_counter() - began, 2), parameters=shape.parameters)
    tokenizer = load_tokenizer(model_folder)
    cells = TINY_CELLS if name == "tiny" else CELLS
    for quantisation in ("nf4", "none"):
        wanted = [cell for cell in cells if cell.quantisation == quantisation]
        bench = Shaped(name=name, shape=shape, machine=machine, tokenizer=tokenizer, folder=folder, lines=lines)
        if end - time.time() > 8:
            bench.load(model_folder, quantisation)
            for cell in wanted:
                bench.try_cell(cell, end=end)
            if quantisation == "nf4":
                bench.answer()
        del bench
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@dataclass
class Shaped:
    """One loaded model, and what is needed to measure it."""

    name: str
    shape: Shape
    machine: Machine
    tokenizer: Any
    folder: Path
    lines: Lines
    model: Any = None

    def load(self, model_folder: Path, quantisation: Any) -> None:
        from studio.engine.load import load_model

        forget_peaks()
        began = time.perf_counter()
        self.model = load_model(model_folder, quantisation=quantisation)
        seconds = time.perf_counter() - began
        self.lines.write("load", model=self.name, quantisation=quantisation, seconds=round(seconds, 2), **memory())

    def try_cell(self, cell: Cell, *, end: float) -> None:
        from studio.engine.memory import is_out_of_memory

        planned, seconds = self.planned_memory(cell), self.planned_seconds(cell)
        told = {"model": self.name, **asdict(cell), "planned": planned, "planned_step": [round(s, 4) for s in seconds]}
        free = self.machine.gpus[0].free if self.machine.has_gpu else self.machine.memory_free
        if end - time.time() < 6 or cell.length > self.shape.context:
            return self.lines.write("left_out", **told, why="no time left or too long for the model")
        if sum(planned.values()) > HOPELESS * free:
            return self.lines.write("left_out", **told, why="planned far beyond the memory")
        began = time.perf_counter()
        try:
            measured = self.train(cell, steps=WARM_UP + (3 if seconds[1] > 1 else 6))
        except Exception as error:
            if not is_out_of_memory(error):
                return self.lines.write("fault", **told, error=f"{type(error).__name__}: {error}"[:500])
            measured = {"out_of_memory": True, **memory()}
        finally:
            self.unwrap()
        return self.lines.write("cell", **told, **measured, wall=round(time.perf_counter() - began, 2))

    def train(self, cell: Cell, *, steps: int) -> dict[str, Any]:
        from bench.stopwatch import Stopwatch
        from studio.engine.trainer import build_trainer

        forget_peaks()
        before = memory()["reserved_now"]
        rows = rows_of(self.tokenizer, cell.micro_batch * steps, length=cell.length)
        trainer = build_trainer(
            self.model, self.tokenizer, recipe=cell.recipe(), train=rows, validation=rows[:1], staging=self.folder
        )
        self.model = trainer.model
        watch = Stopwatch()
        trainer.add_callback(watch)
        trainer.train()
        counted = watch.steps[WARM_UP:]
        step = statistics.median(counted)
        return {
            "steps": [round(seconds, 4) for seconds in watch.steps],
            "step": round(step, 5),
            "tokens_per_second": round(cell.micro_batch * cell.length / step, 1),
            "loss": watch.losses[-1],
            "before": before,
            **memory(),
        }

    def unwrap(self) -> None:
        """Take the adapter off again, so that the next setting starts from the same base."""
        if hasattr(self.model, "unload"):
            self.model = self.model.unload()
        gc.collect()
        forget_peaks()

    def answer(self) -> None:
        """A few short answers, as a check during a run writes them."""
        from studio.engine.checks import watched_answers

        rows = rows_of(self.tokenizer, 2, length=128)
        self.model.eval()
        for _ in range(2):  # the first one warms up
            began = time.perf_counter()
            watched_answers(self.model, self.tokenizer, rows)
            seconds = time.perf_counter() - began
        self.lines.write("answers", model=self.name, rows=2, most_tokens=60, seconds=round(seconds, 3))

    def planned_memory(self, cell: Cell) -> dict[str, int]:
        load = Load(cell.micro_batch * cell.length)
        parts = memory_parts(self.shape, cell.recipe(), load, on_gpu=self.machine.has_gpu)
        return {part.title: part.bytes for part in parts}

    def planned_seconds(self, cell: Cell) -> tuple[float, float]:
        """Fast and slow end for one step."""
        work = pace.Work([cell.length] * cell.micro_batch, [], steps=1)
        hardware = pace.hardware_of(self.machine)
        expected = pace.training_seconds(self.shape, cell.recipe(), work, hardware)
        return expected * hardware.fast, expected * hardware.slow


def memory() -> dict[str, int]:
    """The GPU's bytes: peaks of torch since they were last forgotten, and what the driver holds beside torch."""
    import torch

    if not torch.cuda.is_available():
        return {"reserved": 0, "allocated": 0, "reserved_now": 0, "beside_torch": 0}
    free, total = torch.cuda.mem_get_info()
    return {
        "reserved": torch.cuda.max_memory_reserved(),
        "allocated": torch.cuda.max_memory_allocated(),
        "reserved_now": torch.cuda.memory_reserved(),
        "beside_torch": total - free - torch.cuda.memory_reserved(),
    }


def forget_peaks() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
