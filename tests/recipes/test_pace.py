"""How long padded rows take, against what was measured on a GPU (docs/speed.md)."""

import random
from dataclasses import replace

import pytest

from bench.rows import ROWS, WARM
from studio.domain.batches import Batches
from studio.domain.machine import Gpu, Machine
from studio.domain.plan import PADDED, Plan, Way
from studio.domain.recipe import Recipe
from studio.recipes import pace
from studio.recipes.catalogue import catalogue
from studio.recipes.planner import plan

SHAPES = {entry.id: entry.shape for entry in catalogue()}
H200 = Machine(16, 10**11, 10**11, 10**11, gpus=(Gpu("NVIDIA H200", 150 * 10**9, 148 * 10**9, "GPU-1", (9, 0)),))
HERE = pace.hardware_of(H200)
CHANCE = random.Random(7)
LENGTHS = [ROWS["mixed"].length(CHANCE) for _ in range((8 + WARM) * 16)]  # those of the runs that were measured
TWICE = Recipe(epochs=1, batch_size=16, micro_batch=16, max_length=2048, packing="off", gradient_checkpointing=True)


def of_like_length() -> list[list[list[int]]]:
    """The rows of the timed steps as the studio pads them."""
    return [[[LENGTHS[row] for row in step]] for step in Batches(LENGTHS, TWICE).steps()[WARM:]]


def as_they_come(at_once: int) -> list[list[list[int]]]:
    """Steps of rows in any order, in parts, as a bare script pads them."""
    orders = [random.Random(seed).sample(LENGTHS, len(LENGTHS)) for seed in range(10)]
    steps = [order[at : at + 16] for order in orders for at in range(WARM * 16, len(order), 16)]
    return [[step[at : at + at_once] for at in range(0, 16, at_once)] for step in steps]


@pytest.mark.parametrize(
    ("steps", "recipe", "way", "measured"),
    [
        (of_like_length(), TWICE, Way(recomputed=21), (2685, 2522)),
        (as_they_come(16), TWICE, PADDED, (2146, 2124)),
        (as_they_come(4), TWICE.model_copy(update={"gradient_checkpointing": False}), PADDED, (2985, 2933)),
    ],
    ids=["padded here", "padded by a bare script", "in parts by a bare script"],
)
def test_every_padded_run_that_was_measured_lies_within_half_as_much_again_of_what_is_planned(
    steps: list[list[list[int]]], recipe: Recipe, way: Way, measured: tuple[int, int]
):
    seconds = 0.0
    for part in (part for step in steps for part in step):
        alone = recipe.model_copy(update={"batch_size": len(part), "micro_batch": len(part)})
        work = pace.Work(part, [], steps=1, way=way)
        seconds += pace.training_seconds(SHAPES["qwen3-8b"], alone, work, HERE)
    rate = sum(length for step in steps for part in step for length in part) / seconds
    for found in measured:
        assert 1 / 1.5 < found / rate < 1.5
        assert HERE.fast < rate / found < HERE.slow


def test_no_more_checks_are_planned_than_a_run_has_steps():
    work = pace.Work([60] * 8, [60], steps=1)
    every = [Recipe(epochs=0.01, evaluations=checks) for checks in (1, 100)]
    one, other = (pace.seconds(SHAPES["qwen3-0.6b"], recipe, work, H200) for recipe in every)
    assert one == other


def test_rows_of_one_length_are_as_fast_padded_as_end_to_end():
    seconds = [
        pace.training_seconds(SHAPES["qwen3-8b"], recipe, pace.Work([512] * 64, [], steps=4, way=way), HERE)
        for recipe, way in ((TWICE, PADDED), (TWICE.model_copy(update={"packing": "auto"}), Way(packed=True)))
    ]
    assert seconds[0] == pytest.approx(seconds[1])


def test_pairs_pay_for_both_answers_for_the_model_that_they_are_compared_with_and_for_the_mask():
    plain = pace.training_seconds(SHAPES["qwen3-8b"], TWICE, pace.Work([512] * 64, [], steps=4), HERE)
    asked = TWICE.model_copy(update={"preference": True})
    pairs = pace.training_seconds(SHAPES["qwen3-8b"], asked, pace.Work([512] * 64, [], steps=4), HERE)
    free = pace.training_seconds(
        SHAPES["qwen3-8b"], asked, pace.Work([512] * 64, [], steps=4), replace(HERE, masked=2 * HERE.operations)
    )
    assert 2 * plain < free < 3 * plain
    assert 1.02 * free < pairs


def test_a_plan_says_how_much_is_padding_and_that_its_attention_is_slow_on_a_gpu(laptop: Machine):
    said = {
        choice.name: choice.why
        for choice in planned(TWICE.model_copy(update={"micro_batch": 4, "packing": "off"}), H200).choices
    }
    assert said["Rows"].startswith("As the recipe asks. ") and said["Rows"].endswith(
        " % of what is computed is padding."
    )
    assert "no fast kernel" in said["Attention"]
    assert {choice.name: choice.why for choice in planned(TWICE, laptop).choices}["Attention"] != said["Attention"]


def test_rows_that_differ_much_are_padded_in_smaller_parts_where_that_is_faster():
    """Sixteen at once would be padded to the longest of sixteen."""
    from studio.recipes.presets import Situation, fastest

    uneven = Situation(SHAPES["qwen3-8b"], 160, [50] * 140 + [2000] * 20, H200)
    asked = TWICE.model_copy(update={"gradient_checkpointing": False, "batch_size": 16})
    even = Situation(SHAPES["qwen3-8b"], 160, [300] * 160, H200)
    assert fastest(uneven, asked).micro_batch < fastest(even, asked).micro_batch == 16


def planned(recipe: Recipe, machine: Machine) -> Plan:
    return plan(SHAPES["qwen3-8b"], recipe, train_tokens=LENGTHS, validation_tokens=[60] * 9, machine=machine)
