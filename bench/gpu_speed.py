"""Our training loop against a bare TRL script on the GPU: same model, rows and settings, in turns."""

import gc
import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.made_up import make_model, rows_of
from bench.training import Bench, Quiet
from studio.domain.machine import Machine
from studio.domain.recipe import Recipe
from studio.recipes import pace
from studio.recipes.machine import measure_machine
from studio.recipes.memory import Load, memory_parts
from studio.recipes.shape import shape_of_folder

ROUNDS = 4  # the first warms up both and does not count
VALIDATION = 4


@dataclass(frozen=True, slots=True)
class Setting:
    """Rows of one length, each step one part."""

    model: str
    length: int
    micro_batch: int
    steps: int

    @property
    def rows(self) -> int:
        return self.steps * self.micro_batch

    def recipe(self) -> Recipe:
        return Recipe.model_validate(
            {
                "epochs": 1,
                "batch_size": self.micro_batch,
                "micro_batch": self.micro_batch,
                "max_length": self.length,
                "evaluations": 1,
            }
        )


SETTINGS = (Setting("qwen3-1.7b", 512, 8, 24), Setting("qwen3-0.6b", 128, 8, 40))
TINY = (Setting("tiny", 64, 2, 4),)


def speed(lines: Any, *, end: float, folder: Path, tiny: bool) -> None:
    """Each setting while there is time: a line for every round, then one with the ratio of the medians."""
    from studio.engine.load import prepare_process

    machine = measure_machine(folder)
    prepare_process()
    for setting in TINY if tiny else SETTINGS:
        bench = _bench(setting, folder / setting.model)
        planned = _planned(setting, bench.model, machine)
        ours: list[float] = []
        bare: list[float] = []
        longest = 0.0
        while len(ours) < ROUNDS and (not ours or end - time.time() > 1.2 * longest):
            began = time.perf_counter()
            line = _round(bench, setting)
            longest = max(longest, time.perf_counter() - began)
            ours.append(line["ours"])
            bare.append(line["bare"])
            lines.write("round", **asdict(setting), number=len(ours) - 1, **line, **planned)
        fast, plain = statistics.median(ours[1:] or ours), statistics.median(bare[1:] or bare)
        lines.write("ratio", **asdict(setting), rounds=len(ours), ours=fast, bare=plain, ratio=round(fast / plain, 3))


def _bench(setting: Setting, folder: Path) -> Bench:
    """A model of the setting's shape and its rows in the form of a dataset folder."""
    from studio.engine.load import load_tokenizer

    model = make_model(folder, setting.model)
    bench = Bench(folder=folder / "work", model=model)
    bench.folder.mkdir()
    rows = rows_of(load_tokenizer(model), setting.rows + VALIDATION, length=setting.length)
    data = bench.folder / "data.jsonl"
    data.write_text("".join(json.dumps({"messages": [asdict(m) for m in row.messages]}) + "\n" for row in rows))
    bench.copy_rows(data)
    return bench


def _round(bench: Bench, setting: Setting) -> dict[str, Any]:
    """Ours, then the bare script; `our_wall` includes loading, checks and saving."""
    train = list(range(setting.rows))
    began = time.perf_counter()
    outcome = bench.train(setting.recipe(), train, range(setting.rows, setting.rows + VALIDATION), Quiet())
    wall = time.perf_counter() - began
    gc.collect()
    plain = bench.bare(setting.recipe(), train)
    gc.collect()
    result = outcome.result
    return {
        "ours": result["tokens_per_second"],
        "bare": round(plain, 1),
        "our_wall": round(wall, 2),
        "peak_memory": result["peak_memory"],
    }


def _planned(setting: Setting, model: Path, machine: Machine) -> dict[str, Any]:
    """What the planner says of the same run."""
    shape, recipe = shape_of_folder(model), setting.recipe()
    load = Load(setting.micro_batch * setting.length)
    parts = memory_parts(shape, recipe, load, on_gpu=machine.has_gpu)
    lengths, checked = [setting.length] * setting.rows, [setting.length] * VALIDATION
    work = pace.Work(lengths, checked, steps=setting.steps, micro_batch=setting.micro_batch)
    seconds = [round(end, 1) for end in pace.seconds(shape, recipe, work, machine)]
    return {"planned_memory": sum(part.bytes for part in parts), "planned_seconds": seconds}
