"""How fast each way trains on the same rows: ours, ours without its fast path, and bare TRL in several settings.

    python -m bench.speed                                        the starter on the CPU, rows of very different lengths
    python -m bench.speed --model qwen3-8b --seconds 240         a real shape with random weights, on a GPU
    python -m bench.speed --model qwen3-8b --rows even           2,048 tokens each; `long` 8,192, `longest` 32,768

The arms take turns, and the medians are told as ratios. Tokens are real ones, without padding. On a CPU each arm is a
process of its own; on a GPU they share one loaded model, and Liger's kernels (--last) come once at the end, since what
they change in it cannot be undone. Wall is the clock's; processor is what the process used itself, whatever else ran.
"""

import argparse
import gc
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.made_up import SIZES, make_model, room_for_models, rows_of
from studio.domain.recipe import Recipe
from studio.domain.row import Row
from studio.recipes.machine import measure_machine
from studio.recipes.presets import Situation, fastest
from studio.recipes.shape import shape_of_folder
from studio.recipes.ways import load_for

WARM = 2  # steps that do not count
PART = 4  # rows at once where bare TRL pads and keeps everything: more do not fit a large model
BIN = {"starter": 512}  # tokens that bare TRL packs rows into
SORTED = ("self_cuda_time_total", "self_cpu_time_total")
# Why each is not compared where it is not installed, as their packages of November 2026 declare; only the first has an
# arm, which is the library itself. None is stood in for by TRL with settings like its own.
RIVALS = {
    "unsloth": "it wants a GPU, and transformers up to 5.17 and TRL up to 1.15",
    "llamafactory": "it wants transformers up to 5.6, TRL up to 0.24 and PEFT up to 0.18",
    "axolotl": "it wants transformers 5.16.1, TRL 1.9.0 and PEFT 0.20.0, and no others",
}


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train the same rows; `settings` are what a bare TRL script says beyond its defaults."""

    title: str
    settings: dict[str, Any] | None = None
    part: int | None = None  # rows at once, all of a step where it is not given
    packed: bool = False


KEPT: dict[str, Any] = {"gradient_checkpointing": False}
ARMS = {
    "ours": Arm("ours, as planned"),
    "ours, padded": Arm("ours without its fast path"),
    "trl": Arm("bare TRL at its defaults", {}),
    "trl, kept": Arm("bare TRL, nothing computed twice", KEPT, part=PART),
    "trl, end to end": Arm("bare TRL, padding-free, nothing computed twice", KEPT | {"padding_free": True}),
    "trl, packed": Arm("bare TRL, packed (bfd), nothing computed twice", KEPT | {"packing": True}, packed=True),
}
UNSLOTH = "unsloth"
RIVAL = {UNSLOTH: Arm("Unsloth, packed, its own recomputing", {"packing": True}, packed=True)}
LAST = {
    "trl, packed, liger": Arm(
        "bare TRL, packed (bfd), nothing computed twice, Liger's kernels",
        KEPT | {"packing": True, "use_liger_kernel": True},
        packed=True,
    )
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a step and how long each is."""

    step: int
    length: Callable[[random.Random], int]


def log_normal(median: int, longest: int) -> Callable[[random.Random], int]:
    """Lengths as those of instruction data are."""
    return lambda chance: max(16, min(longest, round(chance.lognormvariate(0, 0.9) * median)))


ROWS = {
    "small": Rows(8, log_normal(90, 400)),
    "mixed": Rows(16, log_normal(350, 2048)),
    "even": Rows(16, lambda _: 2048),
    "long": Rows(4, lambda _: 8192),
    "longest": Rows(1, lambda _: 32768),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["starter", *SIZES], default="starter")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS))
    parser.add_argument("--arms", nargs="+", choices=list(ARMS), default=list(ARMS), help="some of them")
    parser.add_argument("--last", action="store_true", help="Liger's kernels as well, where they are installed")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3600, help="no round begins that would not end within them")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument(
        "--profile", action="store_true", help="what a step of ours spends its time on, by torch's profiler"
    )
    parser.add_argument("--out", type=Path, help="a file of JSON lines")
    parser.add_argument("--arm", choices=[*ARMS, *RIVAL], help="one arm alone; a line of JSON")
    parser.add_argument("--folder", type=Path, help="where its model lies")
    choices = parser.parse_args()
    choices.rows = choices.rows or ["small" if choices.model == "starter" else "mixed"]
    if choices.arm in RIVAL:
        from bench.rivals import Unsloth

        print(json.dumps(Unsloth(choices.folder).on(choices.rows[0], choices.steps).measured(RIVAL[choices.arm])))
        return
    if choices.arm:
        print(json.dumps(Bench(choices.folder).on(choices.rows[0], choices.steps).measured(ARMS[choices.arm])))
        return
    end = time.monotonic() + choices.seconds
    with tempfile.TemporaryDirectory(dir=room_for_models()) as folder:
        model = make_model(Path(folder) / choices.model, choices.model)
        bench = Bench(model) if measure_machine(model).has_gpu else None
        for rows in choices.rows:
            table(measured_in_turns(choices, model, bench and bench.on(rows, choices.steps), rows=rows, end=end))


def measured_in_turns(
    choices: argparse.Namespace, model: Path, bench: "Bench | None", *, rows: str, end: float
) -> dict[str, list[dict[str, Any]]]:
    """Every arm's lines, a round after the other; what is less than half as fast as ours is clear after the first."""
    arms = list(choices.arms)
    told: dict[str, list[dict[str, Any]]] = {}
    longest = 0.0

    def take(name: str, number: int) -> None:
        together = bench is not None and name not in RIVAL
        line = bench.measured((ARMS | LAST)[name]) if together else _apart(name, choices, model, rows)
        told.setdefault(name, []).append(line)
        said = json.dumps({"round": number, "arm": name, "model": choices.model, "rows": rows, **line})
        print(said, flush=True)
        if choices.out:
            with choices.out.open("a") as file:
                file.write(said + "\n")

    for number in range(choices.rounds):
        began = time.monotonic()
        if number and began + longest > end:
            break
        for name in arms:
            take(name, number)
        ours = told.get("ours", [{}])[0].get("wall", 0)
        arms = [name for name in arms if told[name][0].get("wall", 0) >= ours / 2]
        longest = time.monotonic() - began
    if bench and choices.profile and rows == choices.rows[0]:
        print(bench.profile())
    if importlib.util.find_spec(UNSLOTH):
        take(UNSLOTH, 0)
    if bench and choices.last and rows == choices.rows[-1] and importlib.util.find_spec("liger_kernel"):
        for name in LAST:
            take(name, 0)
    return told


def _apart(name: str, choices: argparse.Namespace, model: Path, rows: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.speed", "--arm", name, "--model", choices.model]
    command += ["--rows", rows, "--folder", str(model), "--steps", str(choices.steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and name in RIVAL:
        return {"fault": (done.stderr.strip().splitlines() or ["ended without a word"])[-1][:300]}
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def table(told: dict[str, list[dict[str, Any]]]) -> None:
    """Medians, and how many times as fast ours is as each."""
    fields = ("wall", "processor", "loss", "peak")
    medians = {
        arm: {name: statistics.median(line[name] for line in lines) for name in fields}
        for arm, lines in told.items()
        if all("wall" in line for line in lines)
    }
    print("\n| arm | tokens/s | ours is, by the clock | ours is, by the processor | loss | peak, GB | rounds |")
    print("|---|---|---|---|---|---|---|")
    for arm, lines in told.items():
        title = (ARMS | LAST | RIVAL)[arm].title
        if arm not in medians:
            print(f"| {title} | {lines[0]['fault']} | | | | | {len(lines)} |")
            continue
        one = medians[arm]
        clock, processor = (medians["ours"][name] / one[name] for name in ("wall", "processor"))
        print(
            f"| {title} | {one['wall']:,.0f} | {clock:.2f} × | {processor:.2f} × | {one['loss']:.3f} "
            f"| {one['peak'] / 1e9:.2f} | {len(lines)} |"
        )
    here = {rival for rival in RIVALS if importlib.util.find_spec(rival)}
    print("\n".join(["", *rivals_told(here, measured=medians.keys())]))


def rivals_told(installed: Collection[str], *, measured: Collection[str]) -> list[str]:
    """A line for each rival that the table above says nothing of, and why."""
    told = []
    for rival, wants in RIVALS.items():
        if rival in measured:
            continue
        why = f"not installed beside these libraries: {wants}"
        if rival in installed:
            why = "its arm failed, as told above" if rival in RIVAL else "installed, but there is no arm for it"
        told.append(f"Not compared: {rival} ({why}).")
    return told


class Bench:
    """A loaded model and its rows, trained in one way after the other from the same base."""

    def __init__(self, folder: Path) -> None:
        from studio.engine.load import load_tokenizer, prepare_process

        prepare_process()
        self.folder = folder
        self.tokenizer = load_tokenizer(folder)
        self.machine = measure_machine(folder)  # before the model takes its share
        self.base: Any = self._load()
        self.step, self.lengths, self.rows = 0, [], []

    def _load(self) -> Any:
        from studio.engine.load import load_model

        return load_model(self.folder, quantisation="nf4")

    def on(self, rows: str, steps: int) -> Self:
        """The same model with other rows; always the same ones."""
        chance, self.step = random.Random(7), ROWS[rows].step
        self.lengths = [ROWS[rows].length(chance) for _ in range((steps + WARM) * self.step)]
        made = [rows_of(self.tokenizer, 1, length=length, seed=at)[0] for at, length in enumerate(self.lengths)]
        self.rows = [Row(number, number + 1, row.messages) for number, row in enumerate(made)]
        return self

    def measured(self, arm: Arm) -> dict[str, Any]:
        """Real tokens per second of the steps after the first two, the mean loss of all, and the most bytes held."""
        from studio.engine.load import peak_memory
        from studio.engine.memory import is_out_of_memory

        self._forget_peak()
        fault = None
        with tempfile.TemporaryDirectory() as staging:
            trainer, about = (self._ours if arm.settings is None else self._bare)(arm, Path(staging))
            watch = _watch()
            trainer.add_callback(watch)
            try:
                trainer.train()
            except Exception as error:
                fault = "does not fit" if is_out_of_memory(error) else f"{type(error).__name__}: {error}"[:300]
            peak = peak_memory()
            self._restore(trainer)
        if not fault and len(watch.marks) < WARM + 2:
            fault = "too few steps"
        if fault:
            return {"fault": fault, **about}
        first, last = watch.marks[WARM - 1], watch.marks[-2]
        tokens = last[2] - first[2]
        return {
            "wall": round(tokens / (last[0] - first[0]), 1),
            "processor": round(tokens / (last[1] - first[1]), 1),
            "loss": round(statistics.mean(watch.losses), 4),
            "peak": peak,
            **about,
        }

    def profile(self) -> str:
        """The kernels that a step of ours spends most of its time in, and what the processor does meanwhile."""
        from torch.profiler import ProfilerActivity, profile
        from transformers import TrainerCallback

        class Watch(TrainerCallback):
            def on_step_begin(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
                if state.global_step == WARM + 1:
                    profiler.start()

            def on_step_end(self, _args: Any, state: Any, _control: Any, **_: Any) -> None:
                if state.global_step == WARM + 2:
                    profiler.stop()

        profiler = profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA])
        with tempfile.TemporaryDirectory() as staging:
            trainer, _ = self._ours(ARMS["ours"], Path(staging))
            trainer.add_callback(Watch())
            trainer.train()
            self._restore(trainer)
        told = profiler.key_averages()
        return "\n".join(told.table(sort_by=by, row_limit=30, max_name_column_width=60) for by in SORTED)

    def _recipe(self, **choices: Any) -> Recipe:
        return Recipe(
            epochs=1,
            batch_size=self.step,
            micro_batch=self.step,
            max_length=max(self.lengths),
            schedule="constant",
            warmup=0.0,
            **choices,
        )

    def _ours(self, arm: Arm, staging: Path) -> tuple[Any, dict[str, Any]]:
        from studio.engine.trainer import build_trainer

        shape = shape_of_folder(self.folder)
        here = Situation(shape, len(self.rows), self.lengths, self.machine)
        recipe = fastest(here, self._recipe(packing="off" if arm is ARMS["ours, padded"] else "auto"))
        load = load_for(shape, recipe, self.lengths, self.lengths[:1], self.machine)
        trainer = build_trainer(
            self.base,
            self.tokenizer,
            recipe=recipe,
            train=self.rows,
            validation=self.rows[:2],
            staging=staging,
            way=load.way,
        )
        twice = recipe.gradient_checkpointing and (load.way.recomputed or shape.layers)
        return trainer, {"rows_at_once": recipe.micro_batch, "computed_twice": int(twice)}

    def _bare(self, arm: Arm, staging: Path) -> tuple[Any, dict[str, Any]]:
        """SFTTrainer as its documentation sets it up, on the same rows, model, adapter and rate."""
        from bench.bare import bare_trainer

        recipe = self._recipe()
        longest = BIN.get(self.folder.name, max(2048, recipe.max_length)) if arm.packed else recipe.max_length
        part = max(1, round(sum(self.lengths) / len(self.lengths) * self.step / longest)) if arm.packed else arm.part
        part = min(part or self.step, self.step)
        settings = {
            "max_length": None if (arm.settings or {}).get("padding_free") else longest,
            "gradient_accumulation_steps": 1 if arm.packed else self.step // part,
            **(arm.settings or {}),
        }
        adapter = self._adapter(recipe)
        trainer = bare_trainer(
            self.base, self.folder, self.rows, recipe, out=staging, part=part, adapter=adapter, **settings
        )
        return trainer, {"rows_at_once": f"{part} × {longest} tokens" if arm.packed else part}

    def _adapter(self, recipe: Recipe) -> Any:
        from peft import LoraConfig

        return LoraConfig(r=recipe.rank, lora_alpha=recipe.rank, lora_dropout=0.0, target_modules="all-linear")

    def _restore(self, trainer: Any) -> None:
        """Take the adapter off, and with it all that training switched on."""
        self.base = trainer.model.unload()
        self.base.set_attn_implementation("sdpa")
        self.base.gradient_checkpointing_disable()
        self.base.disable_input_require_grads()
        trainer.optimizer = trainer.lr_scheduler = None
        gc.collect()

    def _forget_peak(self) -> None:
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def _watch() -> Any:
    from bench.stopwatch import Stopwatch

    class Both(Stopwatch):
        """Notes, at the end of each step, the clock, the processor's time and the tokens so far."""

        def __init__(self) -> None:
            super().__init__()
            self.marks: list[tuple[float, float, int]] = []

        def on_log(self, *arguments: Any, **rest: Any) -> None:
            super().on_log(*arguments, **rest)
            self.marks.append((self._now(), time.process_time(), self.tokens))

    return Both()


if __name__ == "__main__":
    main()
