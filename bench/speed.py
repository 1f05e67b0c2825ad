"""How fast each way trains on the same rows: ours, ours without its fast path, and bare TRL in several settings.

    python -m bench.speed                                        the starter on the CPU, rows of very different lengths
    python -m bench.speed --model qwen3-8b --seconds 240         a real shape with random weights, on a GPU
    python -m bench.speed --model qwen3-8b --rows even           2,048 tokens each; `long` 8,192, `longest` 32,768
    python -m bench.speed --rival /there/bin/python              beside LLaMA-Factory, Unsloth or Axolotl as well

The arms take turns, and the medians are told as ratios. Tokens are real ones, without padding. On a CPU each arm is a
process of its own; on a GPU they share one loaded model, and Liger's kernels (--last) come once at the end, since what
they change in it cannot be undone. A rival has an environment of its own, and so a process of its own. Wall is the
clock's; processor is what the process used itself, whatever else ran.
"""

import argparse
import gc
import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.made_up import SIZES, make_model, room_for_models
from bench.rivals import KEEPS, measured_beside, rivals_in, rivals_told, title_of_rival
from bench.rows import BIN, PART, ROWS, WARM, parts_of_step, rows_for
from studio.domain.recipe import Recipe
from studio.recipes.machine import measure_machine
from studio.recipes.presets import Situation, fastest
from studio.recipes.shape import shape_of_folder
from studio.recipes.ways import load_for

SORTED = ("self_cuda_time_total", "self_cpu_time_total")


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
LAST = {
    "trl, packed, liger": Arm(
        "bare TRL, packed (bfd), nothing computed twice, Liger's kernels",
        KEPT | {"packing": True, "use_liger_kernel": True},
        packed=True,
    )
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
    parser.add_argument(
        "--rival", nargs="+", type=Path, default=[], metavar="PYTHON", help="the Python of an environment that has one"
    )
    parser.add_argument("--arm", choices=list(ARMS), help="one arm alone; a line of JSON")
    parser.add_argument("--folder", type=Path, help="where its model lies")
    choices = parser.parse_args()
    choices.rows = choices.rows or ["small" if choices.model == "starter" else "mixed"]
    if choices.arm:
        print(json.dumps(Bench(choices.folder).on(choices.rows[0], choices.steps).measured(ARMS[choices.arm])))
        return
    end = time.monotonic() + choices.seconds
    choices.rival = rivals_in(choices.rival)
    with tempfile.TemporaryDirectory(dir=room_for_models()) as folder:
        model = make_model(Path(folder) / choices.model, choices.model)
        bench = Bench(model) if measure_machine(model).has_gpu else None
        for rows in choices.rows:
            table(measured_in_turns(choices, model, bench and bench.on(rows, choices.steps), rows=rows, end=end))
            print("\n".join(["", *rivals_told(choices.rival)]))


def measured_in_turns(
    choices: argparse.Namespace, model: Path, bench: "Bench | None", *, rows: str, end: float
) -> dict[str, list[dict[str, Any]]]:
    """Every arm's lines, a round after the other; what is less than half as fast as ours is clear after the first."""
    arms = [*choices.arms, *(f"{rival}{keeps}" for rival in choices.rival for keeps in ("", KEEPS))]
    told: dict[str, list[dict[str, Any]]] = {}
    longest = 0.0

    def take(name: str, number: int) -> None:
        line = _line(name, choices, model, bench, rows)
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
    if bench and choices.last and rows == choices.rows[-1] and importlib.util.find_spec("liger_kernel"):
        for name in LAST:
            take(name, 0)
    return told


def _line(name: str, choices: argparse.Namespace, model: Path, bench: "Bench | None", rows: str) -> dict[str, Any]:
    """What one arm tells: on the loaded model, in a process of its own, or in a rival's own environment."""
    python = choices.rival.get(name.removesuffix(KEEPS))
    if python is None:
        return bench.measured((ARMS | LAST)[name]) if bench else _apart(name, choices, model, rows)
    if bench:
        bench.make_room()
    return measured_beside(name, python, model, rows=rows, steps=choices.steps)


def _apart(name: str, choices: argparse.Namespace, model: Path, rows: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.speed", "--arm", name, "--model", choices.model]
    command += ["--rows", rows, "--folder", str(model), "--steps", str(choices.steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
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
        title = (ARMS | LAST)[arm].title if arm in ARMS | LAST else title_of_rival(arm)
        if arm not in medians:
            print(f"| {title} | {lines[0]['fault']} | | | | | {len(lines)} |")
            continue
        one = medians[arm]
        clock, processor = (medians["ours"][name] / one[name] for name in ("wall", "processor"))
        print(
            f"| {title} | {one['wall']:,.0f} | {clock:.2f} × | {processor:.2f} × | {one['loss']:.3f} "
            f"| {one['peak'] / 1e9:.2f} | {len(lines)} |"
        )
    for lines in told.values():
        if versions := lines[0].get("versions"):
            print(", ".join(f"{name} {version}" for name, version in versions.items()))


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
        """The same model with other rows."""
        self.step, self.lengths, self.rows = rows_for(self.tokenizer, rows, steps)
        return self

    def measured(self, arm: Arm) -> dict[str, Any]:
        """Real tokens per second of the steps after the first two, the mean loss of all, and the most bytes held."""
        from studio.engine.load import peak_memory
        from studio.engine.memory import is_out_of_memory

        self.make_room()
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
            "seconds": [round(step, 3) for step in watch.steps],
            "retries": _retries(),
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
        part = parts_of_step(self.lengths, self.step, longest) if arm.packed else min(arm.part or self.step, self.step)
        settings = {
            "max_length": None if (arm.settings or {}).get("padding_free") else longest,
            "gradient_accumulation_steps": 1 if arm.packed else self.step // part,
            **(arm.settings or {}),
        }
        trainer = bare_trainer(self.base, self.folder, self.rows, recipe, out=staging, part=part, **settings)
        return trainer, {"rows_at_once": f"{part} × {longest} tokens" if arm.packed else part}

    def _restore(self, trainer: Any) -> None:
        """Take the adapter off, and with it all that training switched on."""
        self.base = trainer.model.unload()
        self.base.set_attn_implementation("sdpa")
        self.base.gradient_checkpointing_disable()
        self.base.disable_input_require_grads()
        trainer.optimizer = trainer.lr_scheduler = None
        gc.collect()

    def make_room(self) -> None:
        """Give back what no arm holds any more, and count the most that is held from here on."""
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()


def _retries() -> int:
    """How often the GPU's memory had to be given back and asked for again since the arm before."""
    import torch

    return torch.cuda.memory_stats().get("num_alloc_retries", 0) if torch.cuda.is_available() else 0


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
