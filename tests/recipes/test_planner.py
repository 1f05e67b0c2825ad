"""What a recipe means on a machine, before anything starts."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from studio.domain.batches import Batches, rows_at_once
from studio.domain.errors import RecipeError
from studio.domain.job import JobKind
from studio.domain.machine import Machine
from studio.domain.method import METHODS, WHEN, Method
from studio.domain.model import Shape
from studio.domain.plan import Light, Plan
from studio.domain.recipe import Recipe
from studio.domain.row import Message, record_of
from studio.engine.load import load_tokenizer
from studio.jobs.launcher import Launcher
from studio.recipes.catalogue import catalogue
from studio.recipes.planner import plan, rows_read, steps_of
from studio.recipes.shape import shape_of_folder
from tests.attempted import attempted

SHAPES = {entry.id: entry.shape for entry in catalogue()}
BATCHES = [
    (rows, batch, micro, epochs)
    for rows in (1, 7, 8, 9, 63, 360)
    for batch, micro in ((8, 8), (8, 4), (8, 3), (16, 2), (1, 1), (12, 8))
    for epochs in (0.3, 1, 2.5, 25)
]


def test_steps_are_those_that_the_trainer_counts(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    for rows, batch, micro, epochs in BATCHES:
        asked = recipe(batch_size=batch, micro_batch=micro, epochs=epochs)
        size = rows_at_once(asked)
        trainer = transformers.Trainer(
            model=torch.nn.Linear(1, 1),
            args=transformers.TrainingArguments(
                output_dir=str(tmp_path),
                num_train_epochs=epochs,
                per_device_train_batch_size=size,
                gradient_accumulation_steps=batch // size,
                use_cpu=True,
                report_to="none",
            ),
            train_dataset=[{"x": 0}] * rows,
        )
        counted = trainer.set_initial_training_values(trainer.args, trainer.get_train_dataloader())
        assert steps_of(rows, asked) == (counted[-1], counted[1]), (rows, batch, micro, epochs)


def test_the_rows_that_are_read_are_those_that_the_batches_hold():
    for rows, batch, micro, epochs in BATCHES:
        asked = recipe(batch_size=batch, micro_batch=micro, epochs=epochs)
        steps, per_pass = steps_of(rows, asked)
        batches = Batches([1] * rows, asked)
        dealt = sum(len(batches.rows_of(step)) for step in range(1, steps + 1))
        assert rows_read(rows, asked) == dealt, (rows, batch, micro, epochs, per_pass)


def test_it_is_said_how_often_a_run_is_checked_beside_how_often_is_usual(starter_shape, laptop):
    def checks(**values: Any) -> tuple[str, str]:
        made = made_plan(starter_shape, recipe(**values), laptop, rows=360, tokens=60)
        return next((choice.value, choice.why) for choice in made.choices if choice.name == "Checks")

    said, why = checks(epochs=3, evaluations=6)
    assert said == "6, every 22 steps" and "Twice" not in why
    said, why = checks(epochs=17, evaluations=8)
    assert said == "8, every 96 steps" and "Twice a pass, as is usual, would be 34." in why
    assert checks(epochs=0.01, evaluations=100)[0] == "1"


def test_a_run_that_fits_is_green_and_says_memory_and_time_in_words(starter_shape, laptop):
    made = made_plan(starter_shape, recipe(epochs=25, rank=32), laptop, rows=360, tokens=60)
    assert made.light is Light.GREEN
    assert made.sentence.startswith("Fits: needs about 0.8 GB of 21 GB free; about ")
    assert made.sentence.endswith(" minutes.")
    assert (made.steps, made.steps_per_epoch, made.accumulation) == (1125, 45, 1)
    assert made.tokens == 25 * 360 * 60
    assert made.rows_read == 25 * 360


def test_the_starters_time_holds_the_trial_that_it_rests_on(starter_shape, laptop):
    made = made_plan(starter_shape, recipe(epochs=25, rank=32), laptop, rows=360, tokens=60)
    assert made.seconds_low < 109 + 9 < made.seconds_high
    assert made.seconds_high < 3 * made.seconds_low


def test_a_run_just_below_the_free_memory_is_amber(starter_shape, laptop):
    needed = made_plan(starter_shape, recipe(), laptop).memory_needed
    made = made_plan(starter_shape, recipe(), dataclasses.replace(laptop, memory_free=round(needed / 0.9)))
    assert made.light is Light.AMBER
    assert made.sentence.startswith("Tight: ") and "Close other programs" in made.sentence


def test_a_very_long_run_is_amber(laptop):
    made = made_plan(SHAPES["qwen3-0.6b"], recipe(epochs=3, micro_batch=1), laptop, rows=20_000, tokens=200)
    assert made.light is Light.AMBER
    assert "it is long" in made.sentence and "days" in made.sentence


def test_a_run_that_does_not_fit_is_red_and_the_change_that_it_names_makes_it_fit(gaming_pc):
    wished = recipe(batch_size=16, micro_batch=16, max_length=4096)
    made = made_plan(SHAPES["llama-3.1-8b"], wished, gaming_pc, tokens=3500)
    assert made.light is Light.RED
    assert "Set “Rows in memory at once” to 1" in made.sentence and "recomputing" in made.sentence
    mended = wished.model_copy(update={"micro_batch": 1, "gradient_checkpointing": True})
    assert made_plan(SHAPES["llama-3.1-8b"], mended, gaming_pc, tokens=3500).light is Light.GREEN


def test_the_cheapest_way_out_is_named_first(gaming_pc):
    shape = SHAPES["qwen3-1.7b"]
    wished = recipe(batch_size=64, micro_batch=64)
    made = made_plan(shape, wished, gaming_pc, rows=640, tokens=300)
    assert made.light is Light.RED
    size = int(made.sentence.split("to ")[-1].split(";")[0])
    assert (
        made_plan(shape, wished.model_copy(update={"micro_batch": size}), gaming_pc, tokens=300).light is not Light.RED
    )


def test_a_model_that_never_fits_says_to_pick_a_smaller_one(gaming_pc):
    made = made_plan(SHAPES["llama-3.3-70b"], recipe(), gaming_pc)
    assert made.light is Light.RED
    assert made.sentence.endswith("Pick a smaller model, or a machine with more memory.")


def test_without_four_bits_the_base_takes_four_times_the_memory(gaming_pc):
    packed, plain = (
        made_plan(SHAPES["qwen3-1.7b"], recipe(method=kind), gaming_pc).memory[0].bytes for kind in ("qlora", "lora")
    )
    assert plain / packed == pytest.approx(3.88, rel=0.01)


def test_full_fine_tuning_keeps_eighteen_bytes_for_every_weight(gaming_pc):
    shape = SHAPES["qwen3-0.6b"]
    made = made_plan(shape, recipe(method="full"), gaming_pc)
    weights = [part.bytes for part in made.memory[:3]]
    assert weights == [4 * shape.parameters, 12 * shape.parameters, 2 * shape.parameters]
    assert made.memory_needed > 3 * made_plan(shape, recipe(), gaming_pc).memory_needed


def test_a_prefix_is_counted_by_its_keys_and_values(gaming_pc):
    """Qwen3 0.6B: 28 layers, 8 key-value heads of 128."""
    made = made_plan(SHAPES["qwen3-0.6b"], recipe(method="prefix", prefix_tokens=10), gaming_pc)
    (trained,) = (choice.value for choice in made.choices if choice.name == "Trained")
    assert trained == f"{28 * 2 * 10 * 8 * 128:,} values"


def test_full_fine_tuning_that_does_not_fit_is_told_to_use_qlora(gaming_pc):
    made = made_plan(SHAPES["qwen3-8b"], recipe(method="full"), gaming_pc)
    assert made.light is Light.RED
    assert made.sentence.endswith(
        "Choose QLoRA as the method and set “Rows in memory at once” to 1, with “Save memory by recomputing” on."
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_what_it_trains_and_when_to_use_it(starter_shape, laptop, method: Method):
    said = {choice.name: choice for choice in made_plan(starter_shape, Recipe().by(method), laptop).choices}
    assert said["Method"].why == WHEN[method]
    assert said["Trained"].value.endswith(" values") and said["Trained"].why.endswith(".")


def test_recomputing_trades_time_for_memory(gaming_pc):
    off, on = (
        made_plan(SHAPES["qwen3-4b"], recipe(micro_batch=2, gradient_checkpointing=flag), gaming_pc, tokens=400)
        for flag in (False, True)
    )
    assert on.memory_needed < off.memory_needed
    assert on.seconds_low > off.seconds_low


def test_memory_follows_the_longest_row_and_not_the_cut_off(starter_shape, laptop):
    short = made_plan(starter_shape, recipe(max_length=2048), laptop, tokens=50)
    long = made_plan(starter_shape, recipe(max_length=2048), laptop, tokens=1000)
    assert short.memory_needed < long.memory_needed


def test_every_derived_value_has_a_reason(starter_shape, laptop, gaming_pc):
    for machine in (laptop, gaming_pc):
        made = made_plan(starter_shape, recipe(), machine)
        assert {"Rows in memory at once", "Parts per step", "Arithmetic", "Recomputing", "Attention"} <= {
            choice.name for choice in made.choices
        }
        assert all(choice.why.endswith(".") for choice in made.choices)
        assert all(part.why.endswith(".") and part.bytes >= 0 for part in made.memory)


def test_a_published_speed_lies_within_the_range(gaming_pc):
    # torchtune, Llama 3.1 8B QLoRA on an RTX 4090, packed to 2048 tokens, two rows: 2,413 tokens a second, compiled.
    wished = recipe(epochs=1, max_length=2048, batch_size=2, micro_batch=2, gradient_checkpointing=True, evaluations=1)
    shape = SHAPES["llama-3.1-8b"]
    made = plan(shape, wished, train_tokens=[2048] * 1000, validation_tokens=[64], machine=gaming_pc)
    assert made.tokens / made.seconds_high < 2413 < made.tokens / made.seconds_low


def test_a_cut_off_beyond_the_model_is_refused(starter_shape, laptop):
    with pytest.raises(RecipeError, match="more than this model can read") as refused:
        made_plan(starter_shape, recipe(max_length=4096), laptop)
    assert refused.value.field == "max_length" and "2,048" in refused.value.fix


def test_a_cut_off_that_leaves_no_rows_is_refused(starter_shape, laptop):
    with pytest.raises(RecipeError, match="No training rows are left"):
        plan(starter_shape, recipe(), train_tokens=[], validation_tokens=[], machine=laptop)


def test_a_hundred_thousand_rows_are_planned_at_once(starter_shape, laptop):
    made = made_plan(starter_shape, recipe(), laptop, rows=100_000)
    assert made.steps == 37_500


@pytest.mark.slow
@pytest.mark.parametrize(("words", "micro_batch"), [(40, 8), (300, 8)])
def test_planned_memory_is_within_fifteen_percent_of_a_real_run(root, tmp_path, laptop, bearing, words, micro_batch):
    wished = recipe(epochs=1, rank=32, micro_batch=micro_batch, batch_size=8, max_length=2048, evaluations=1)
    peak, longest = run_for_real(bearing, tmp_path, root / "assets" / "starter", wished, words=words)
    made = plan(
        shape_of_folder(root / "assets" / "starter"),
        recipe(rank=32, micro_batch=micro_batch),
        train_tokens=[longest] * 16,
        validation_tokens=[longest] * 8,
        machine=laptop,
    )
    assert made.memory_needed == pytest.approx(peak, rel=0.15)


def run_for_real(launcher: Launcher, folder: Path, model: Path, wished: Recipe, *, words: int) -> tuple[int, int]:
    """Peak memory of two real steps, in a worker of their own, and the tokens of the longest row."""
    vocabulary = "my order is late and the parcel was lost so please help with a refund".split()
    answer = " ".join(vocabulary[at % len(vocabulary)] for at in range(words))
    rows = [record_of((Message("user", f"Say {number}"), Message("assistant", answer))) for number in range(24)]
    lines = (json.dumps({"line": line, "extra": {}, **row}) + "\n" for line, row in enumerate(rows, start=1))
    (folder / "rows.jsonl").write_text("".join(lines))
    spec = {
        "kind": JobKind.TRAIN, "job": "job-1", "attempt": 1, "run": str(folder / "run"), "dataset": str(folder),
        "model": str(model), "model_id": "m", "recipe": wished.model_dump(), "train": list(range(16)),
        "validation": list(range(16, 24)), "watch": [], "expected_steps": 2, "resume": False,
    }  # fmt: skip
    outcome = attempted(launcher, folder / "attempt", spec)
    tokenizer = load_tokenizer(model)
    written = [tokenizer.apply_chat_template(row["messages"], tokenize=True, return_dict=True) for row in rows]
    return outcome["result"]["peak_memory"], max(len(row["input_ids"]) for row in written)


def recipe(**values: Any) -> Recipe:
    return Recipe(**values)


def made_plan(shape: Shape, wished: Recipe, machine: Machine, *, rows: int = 100, tokens: int = 60) -> Plan:
    return plan(
        shape, wished, train_tokens=[tokens] * rows, validation_tokens=[tokens] * (rows // 8 + 1), machine=machine
    )
