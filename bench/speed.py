"""How fast each way trains on the same rows: ours, ours without its fast path, and bare TRL in three settings.

    python -m bench.speed                              the starter on the CPU, rows of very different lengths
    python -m bench.speed --model qwen3-8b             a real shape with random weights, on a GPU

Each arm is a process of its own, the arms take turns, and the medians are told as ratios. Tokens are real ones,
without padding. Wall is the clock's; processor is what the process used itself, which other work does not change.
"""

import argparse
import importlib.util
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.made_up import SIZES, make_model, room_for_models, rows_of
from studio.domain.plan import PADDED, Way
from studio.domain.recipe import Recipe
from studio.domain.row import Row

ARMS = {
    "ours": "ours",
    "ours, padded": "ours without its fast path",
    "trl": "bare TRL at its defaults",
    "trl, kept": "bare TRL, nothing computed twice",
    "trl, end to end": "bare TRL, padding-free, nothing computed twice",
    "trl, packed": "bare TRL, packed (bfd), nothing computed twice",
}
RIVALS = ("unsloth", "llamafactory", "axolotl")
WARM, BATCH = 2, 8  # steps that do not count, rows of a step
MEDIAN, SIGMA, LEAST = {"starter": 90}, 0.8, 16
LONGEST = {"starter": 400}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["starter", *SIZES], default="starter")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--arm", choices=list(ARMS), help="one arm alone; a line of JSON")
    parser.add_argument("--folder", type=Path, help="where its model lies")
    choices = parser.parse_args()
    if choices.arm:
        print(json.dumps(measured(choices.arm, choices.model, choices.folder, steps=choices.steps)))
        return
    with tempfile.TemporaryDirectory(dir=room_for_models()) as folder:
        model = make_model(Path(folder) / choices.model, choices.model)
        told: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
        for number in range(choices.rounds):
            for arm in ARMS:
                told[arm].append(_in_a_process(arm, choices, model))
                print(f"round {number + 1}: {arm:<16} {json.dumps(told[arm][-1])}", flush=True)
    table(told)


def _in_a_process(arm: str, choices: argparse.Namespace, model: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.speed", "--arm", arm, "--model", choices.model, "--folder", str(model)]
    done = subprocess.run([*command, "--steps", str(choices.steps)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arm}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def table(told: dict[str, list[dict[str, Any]]]) -> None:
    """Medians, and how many times as fast ours is as each."""
    medians = {
        arm: {name: statistics.median(line[name] for line in lines) for name in ("wall", "processor", "loss", "peak")}
        for arm, lines in told.items()
    }
    print("\n| arm | tokens/s | ours is, by the clock | ours is, by the processor | loss | peak, GB |")
    print("|---|---|---|---|---|---|")
    for arm, one in medians.items():
        clock, processor = (medians["ours"][name] / one[name] for name in ("wall", "processor"))
        print(
            f"| {ARMS[arm]} | {one['wall']:,.0f} | {clock:.2f} × | {processor:.2f} × | {one['loss']:.3f} "
            f"| {one['peak'] / 1e9:.2f} |"
        )
    for rival in RIVALS:
        print(f"{rival}: {'installed' if importlib.util.find_spec(rival) else 'not installed here'}")


def rows_for(tokenizer: Any, model: str, steps: int) -> list[Row]:
    """Rows whose lengths are log-normal, as those of instruction data are; always the same."""
    chance = random.Random(7)
    median, longest = MEDIAN.get(model, 350), LONGEST.get(model, 2048)
    lengths = [
        max(LEAST, min(longest, round(chance.lognormvariate(0, SIGMA) * median))) for _ in range((steps + WARM) * BATCH)
    ]
    rows = [rows_of(tokenizer, 1, length=length, seed=place)[0] for place, length in enumerate(lengths)]
    return [Row(number, number + 1, row.messages) for number, row in enumerate(rows)]


def measured(arm: str, model: str, folder: Path, *, steps: int) -> dict[str, Any]:
    """Real tokens per second of the steps after the first two, and the mean loss of all."""
    from studio.engine.load import load_tokenizer, peak_memory, prepare_process

    prepare_process()
    from bench.stopwatch import Stopwatch

    class Both(Stopwatch):
        """Notes, at the end of each step, the clock, the processor's time and the tokens so far."""

        def __init__(self) -> None:
            super().__init__()
            self.marks: list[tuple[float, float, int]] = []

        def on_log(self, *arguments: Any, **rest: Any) -> None:
            super().on_log(*arguments, **rest)
            self.marks.append((self._now(), time.process_time(), self.tokens))

    watch = Both()
    rows = rows_for(load_tokenizer(folder), model, steps)
    with tempfile.TemporaryDirectory() as staging:
        trainer = trainer_of(arm, folder, rows, Path(staging))
        trainer.add_callback(watch)
        trainer.train()
    first, last = watch.marks[WARM - 1], watch.marks[-2]
    tokens = last[2] - first[2]
    return {
        "wall": round(tokens / (last[0] - first[0]), 1),
        "processor": round(tokens / (last[1] - first[1]), 1),
        "loss": round(statistics.mean(watch.losses), 4),
        "peak": peak_memory(),
    }


def trainer_of(arm: str, model: Path, rows: list[Row], staging: Path) -> Any:
    recipe = Recipe(epochs=1, batch_size=BATCH, micro_batch=BATCH, max_length=2048, schedule="constant", warmup=0.0)
    if not arm.startswith("ours"):
        return bare(arm, model, rows, recipe, staging)
    from studio.engine.load import load_model, load_tokenizer
    from studio.engine.trainer import build_trainer

    way = Way(packed=True) if arm == "ours" else PADDED
    loaded = load_model(model, quantisation=recipe.quantisation)
    return build_trainer(
        loaded, load_tokenizer(model), recipe=recipe, train=rows, validation=rows[:2], staging=staging, way=way
    )


def bare(arm: str, model: Path, rows: list[Row], recipe: Recipe, staging: Path) -> Any:
    """SFTTrainer as its documentation sets it up, on the same rows, model, adapter and rate."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, PrinterCallback
    from trl import SFTConfig, SFTTrainer

    settings: dict[str, Any] = {
        "trl": {"max_length": recipe.max_length},
        "trl, kept": {"max_length": recipe.max_length, "gradient_checkpointing": False},
        "trl, end to end": {"max_length": None, "gradient_checkpointing": False, "padding_free": True},
        "trl, packed": {"max_length": 1024, "gradient_checkpointing": False, "packing": True},
    }[arm]
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(
            model, dtype=torch.bfloat16, quantization_config=quantisation, device_map="auto"
        ),
        args=SFTConfig(
            output_dir=str(staging),
            assistant_only_loss=True,
            num_train_epochs=1,
            per_device_train_batch_size=1 if arm == "trl, packed" else BATCH,
            learning_rate=recipe.learning_rate,
            lr_scheduler_type="constant",
            use_cpu=not torch.cuda.is_available(),
            logging_steps=1,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=recipe.seed,
            **settings,
        ),
        train_dataset=Dataset.from_list(
            [{"messages": [{"role": m.role, "content": m.content} for m in row.messages]} for row in rows]
        ),
        processing_class=AutoTokenizer.from_pretrained(model),
        peft_config=LoraConfig(r=recipe.rank, lora_alpha=recipe.rank, lora_dropout=0.0, target_modules="all-linear"),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


if __name__ == "__main__":
    main()
