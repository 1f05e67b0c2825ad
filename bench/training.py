"""How fast and how well the studio trains: our loop against a bare TRL script, and the default recipe on a sample.

    python -m bench.training speed      tokens/s of both with the same settings, interleaved, median of three
    python -m bench.training quality    exact format and right category on held-out rows, base against fine-tuned

Tokens are real ones (no padding), prompt and answer; the clock runs over training steps alone: ours leaves
out its checks, the bare script makes none.
"""

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.domain.event import EventKind, Outcome
from studio.domain.recipe import Recipe
from studio.domain.row import Message, Row, records_of

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "assets" / "starter"
TRIAGE = ROOT / "assets" / "samples" / "triage.jsonl"
FORMAT = re.compile(r"category: (\w+)\npriority: \w+\nteam: \w+")
HELD_OUT = 60
INSTRUCTED = (Message("system", "Answer in three lines: category, priority and team, and nothing else."),)


class Quiet:
    """A reporter that keeps validation losses and prints notes."""

    def __init__(self) -> None:
        self.losses: list[tuple[int, float]] = []

    def report(self, kind: EventKind, **data: Any) -> None:
        if kind == EventKind.NOTE:
            print("note:", data["text"])
        if "validation_loss" in data and kind == EventKind.METRIC:
            self.losses.append((data["step"], round(data["validation_loss"], 4)))

    def should_stop(self) -> bool:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["speed", "quality"])
    parser.add_argument("--model", type=Path, default=STARTER)
    parser.add_argument("--data", type=Path, default=TRIAGE)
    parser.add_argument("--epochs", type=float, help="passes over the data; the default recipe's when left out")
    parser.add_argument("--rounds", type=int, default=3)
    choices = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder=Path(folder), model=choices.model)
        rows = bench.copy_rows(choices.data)
        if choices.part == "speed":
            bench.speed(rows, epochs=choices.epochs or 2, rounds=choices.rounds)
        else:
            bench.quality(rows, epochs=choices.epochs)


class Bench:
    """One model, and a folder to work in."""

    def __init__(self, *, folder: Path, model: Path) -> None:
        self.folder = folder
        self.model = model

    def copy_rows(self, data: Path) -> int:
        """The sample in the form of a dataset folder; how many rows it has."""
        lines = data.read_text(encoding="utf-8").splitlines()
        with (self.folder / "rows.jsonl").open("w", encoding="utf-8") as file:
            for number, line in enumerate(lines, start=1):
                row = {"line": number, "messages": json.loads(line)["messages"], "extra": {}}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        return len(lines)

    def speed(self, rows: int, *, epochs: float, rounds: int) -> None:
        train_rows, validation, _ = deal(rows)
        recipe = Recipe.model_validate(
            {**self.default_recipe(len(train_rows)).model_dump(), "epochs": epochs, "evaluations": 1}
        )
        ours, bare = [], []
        for number in range(rounds + 1):  # the first round warms up both and does not count
            ours.append(self.train(recipe, train_rows, validation, Quiet()).result["tokens_per_second"])
            bare.append(self.bare(recipe, train_rows))
            print(f"round {number}: ours {ours[-1]:,.0f} tokens/s, bare TRL {bare[-1]:,.0f} tokens/s", flush=True)
        fast, plain = statistics.median(ours[1:]), statistics.median(bare[1:])
        print(json.dumps({"ours": fast, "bare": plain, "ratio": round(fast / plain, 3), "rounds": rounds}))

    def quality(self, rows: int, *, epochs: float | None) -> None:
        train_rows, validation, test = deal(rows)
        recipe = self.default_recipe(len(train_rows))
        recipe = recipe.model_copy(update={"epochs": epochs}) if epochs else recipe
        print("recipe:", recipe.model_dump_json())
        quiet, began = Quiet(), time.perf_counter()
        outcome = self.train(recipe, train_rows, validation, quiet)
        print(f"{outcome.message} ({time.perf_counter() - began:.0f} s)")
        print("validation loss:", quiet.losses)
        answers, held_out = self.answer(outcome, test), self.read(test)
        result = {
            side: {
                "exact_format": share(
                    [FORMAT.fullmatch(answers[row.number][side].strip()) is not None for row in held_out]
                ),
                "category": share([category(answers[row.number][side]) == category(row.answer) for row in held_out]),
                "whole_answer": share([answers[row.number][side].strip() == row.answer for row in held_out]),
            }
            for side in ("base", "tuned")
        }
        print(json.dumps({"rows": len(train_rows), "held_out": len(held_out), **result, "train": outcome.result}))

    def default_recipe(self, train_rows: int) -> Recipe:
        """The preset that the studio proposes for this model here."""
        from studio.recipes.machine import measure_machine
        from studio.recipes.presets import presets
        from studio.recipes.shape import shape_of

        shape = shape_of(json.loads((self.model / "config.json").read_text()))
        ready = presets(shape, train_rows=train_rows, lengths=None, machine=measure_machine(self.folder))
        return next(preset.recipe for preset in ready if preset.is_default)

    def train(self, recipe: Recipe, rows: Sequence[int], validation: Sequence[int], reporter: Quiet) -> Outcome:
        from studio.engine.train import train

        spec = {
            "run": str(self.folder / "run"),
            "dataset": str(self.folder),
            "model": str(self.model),
            "model_id": "bench",
            "recipe": recipe.model_dump(),
            "train": list(rows),
            "validation": list(validation),
            "resume": False,
        }
        outcome = train(spec, reporter)
        if outcome.state != "done":
            raise SystemExit(outcome.message)
        return outcome

    def bare(self, recipe: Recipe, rows: Sequence[int]) -> float:
        """Tokens a second of SFTTrainer as its documentation sets it up, with the recipe's values."""
        import torch
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig

        from bench.bare import bare_trainer
        from bench.stopwatch import Stopwatch
        from studio.domain.batches import rows_at_once

        quantisation = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16,
        )
        model = AutoModelForCausalLM.from_pretrained(
            self.model, dtype=torch.bfloat16, quantization_config=quantisation, device_map="auto"
        )
        trainer = bare_trainer(
            model,
            self.model,
            self.read(rows),
            recipe,
            out=self.folder / "bare",
            part=rows_at_once(recipe),
            gradient_checkpointing=recipe.gradient_checkpointing,
        )
        watch = Stopwatch()
        trainer.add_callback(watch)
        trainer.train()
        return watch.tokens / sum(watch.steps)

    def answer(self, outcome: Outcome, rows: Sequence[int]) -> dict[int, dict[str, str]]:
        from studio.engine.generate import generate

        asks, out = self.folder / "asks.jsonl", self.folder / "answers.jsonl"
        step = outcome.result["best_step"]
        asks.write_text("".join(json.dumps(ask) + "\n" for ask in asks_of(self.read(rows), ("base", "tuned"))))
        spec = {
            "model": str(self.model),
            "model_id": "bench",
            "adapter": str(self.folder / "run" / "checkpoints" / f"step-{step}"),
            "sampling": {"max_new_tokens": 60, "temperature": 0.0, "top_p": 1.0, "seed": 7},
            "asks": str(asks),
            "out": str(out),
        }
        written = generate(spec, Quiet())
        print(f"best step {step}; {written.message} ({written.result['seconds']:.0f} s)")
        answers: dict[int, dict[str, str]] = {}
        for line in map(json.loads, out.read_bytes().splitlines()):
            answers.setdefault(int(line["key"]), {})[line["contestant"]] = line["text"]
        for sides in list(answers.values())[:3]:
            print("base:", repr(sides["base"][:70]), "| tuned:", repr(sides["tuned"][:70]))
        return answers

    def read(self, rows: Sequence[int]) -> list[Row]:
        from studio.engine.rows import read_rows

        return read_rows(self.folder, rows)


def deal(rows: int) -> tuple[list[int], list[int], list[int]]:
    """Train, validation and test rows, dealt at random but always the same."""
    order = random.Random(7).sample(range(rows), rows)
    return order[2 * HELD_OUT :], order[:HELD_OUT], order[HELD_OUT : 2 * HELD_OUT]


def asks_of(rows: Sequence[Row], contestants: Sequence[str]) -> list[dict[str, Any]]:
    """What a comparison asks, as its flow writes it down; the contestant `prompt` is the base with instructions."""
    return [
        {
            "key": str(row.number),
            "set": "study",
            "contestant": contestant,
            "tuned": contestant == "tuned",
            "messages": records_of((*(INSTRUCTED if contestant == "prompt" else ()), *row.prompt)),
            "tools": row.tools,
            "reference": records_of(row.messages[-1:]),
        }
        for row in rows
        for contestant in contestants
    ]


def category(answer: str) -> str:
    found = re.match(r"category: (\w+)", answer.strip())
    return found[1] if found else ""


def share(claims: Sequence[bool]) -> float:
    return round(sum(claims) / len(claims), 3)


if __name__ == "__main__":
    main()
