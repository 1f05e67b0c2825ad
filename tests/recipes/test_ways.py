"""How a recipe is carried out on which hardware, and what was measured there."""

from dataclasses import replace

import pytest

from studio.domain.machine import Gpu, Machine
from studio.domain.method import Method
from studio.domain.plan import PADDED, Estimate, Measurement, Plan, Way
from studio.domain.recipe import Recipe
from studio.recipes.calibration import nearest
from studio.recipes.catalogue import catalogue
from studio.recipes.memory import load_of, memory_parts
from studio.recipes.planner import ESTIMATED, plan
from studio.recipes.ways import load_for

SHAPES = {entry.id: entry.shape for entry in catalogue()}
LENGTHS = [30, 40, 50, 60, 400]


def card(name: str, gigabytes: int, capability: tuple[int, int]) -> Machine:
    size = gigabytes * 10**9
    return Machine(16, 10**11, 10**11, 10**11, gpus=(Gpu(name, size, size, "GPU-1", capability),))


H100, T4 = card("NVIDIA H100", 80, (9, 0)), card("Tesla T4", 15, (7, 5))


def planned(machine: Machine, recipe: Recipe, *, measured: tuple[Measurement, ...] = ()) -> Plan:
    shape = SHAPES["qwen3-0.6b"]
    return plan(
        shape, recipe, train_tokens=LENGTHS * 20, validation_tokens=[60] * 9, machine=machine, measured=measured
    )


def said(made: Plan, name: str) -> tuple[str, str]:
    return next((choice.value, choice.why) for choice in made.choices if choice.name == name)


def test_rows_lie_end_to_end_on_every_machine(laptop):
    for machine in (H100, T4, laptop):
        made = planned(machine, Recipe())
        assert made.way.packed and said(made, "Rows")[0] == "end to end"


@pytest.mark.parametrize(
    ("recipe", "why"),
    [
        (Recipe(packing="off"), "As the recipe asks."),
        (Recipe(preference=True), "The two answers of a pair"),
        (Recipe().by("prefix"), "Prefix tuning would have to"),
    ],
)
def test_where_rows_are_padded_the_reason_is_told(laptop, recipe: Recipe, why: str):
    made = planned(laptop, recipe)
    assert not made.way.packed
    assert said(made, "Rows")[0] == "padded to the longest" and said(made, "Rows")[1].startswith(why)


@pytest.mark.parametrize(
    ("method", "compared"),
    [
        ("qlora", "the model without its adapter"),
        ("full", "the model as it was"),
        ("prefix", "the model without its prefix"),
    ],
)
def test_what_pairs_are_compared_with_takes_no_second_model(laptop, method: Method, compared: str):
    """The memory is that of rows of twice the length; with full fine-tuning the comparison is made beforehand."""
    recipe = Recipe(packing="off").by(method)
    alone, pairs = (planned(laptop, recipe.model_copy(update={"preference": flag})) for flag in (False, True))
    longer = load_of(recipe, [2 * max(LENGTHS)], [60], PADDED)
    assert pairs.memory == memory_parts(SHAPES["qwen3-0.6b"], recipe, longer, on_gpu=False)
    assert said(pairs, "Compared with")[0] == compared
    assert not any(choice.name == "Compared with" for choice in alone.choices)
    assert pairs.seconds_low > 1.5 * alone.seconds_low


def test_attention_is_chosen_by_what_a_card_can_run(laptop):
    kernel, row_by_row = "torch's kernel for rows of different lengths", "row by row, torch's own (sdpa)"
    assert said(planned(H100, Recipe()), "Attention")[0] == kernel
    assert said(planned(T4, Recipe()), "Attention")[0] == row_by_row
    assert said(planned(laptop, Recipe()), "Attention")[0] == row_by_row
    assert said(planned(H100, Recipe(packing="off")), "Attention")[0] == "torch's own (sdpa)"


def test_rows_end_to_end_take_the_memory_of_their_words_alone(laptop):
    packed, padded = planned(laptop, Recipe()), planned(laptop, Recipe(packing="off"))
    assert packed.memory_needed <= padded.memory_needed and packed.seconds_high < padded.seconds_high
    recipe = Recipe(batch_size=6, micro_batch=3)
    assert 400 < load_of(recipe, LENGTHS * 20, [60], Way(packed=True)).tokens < 1200
    assert load_of(recipe, LENGTHS * 20, [60], Way()).tokens == 1200


def test_only_as_many_layers_are_computed_twice_as_memory_demands():
    shape, recipe = SHAPES["llama-3.1-8b"], Recipe(gradient_checkpointing=True, batch_size=16, micro_batch=16)
    lengths = [2000] * 64
    counts = [
        load_for(shape, recipe, lengths, [9], card("NVIDIA", size, (9, 0))).way.recomputed
        for size in (24, 80, 140, 1000)
    ]
    assert counts[0] is None and counts[3] is None  # all: nothing less fits; or it was asked for although all fits
    assert counts[1] and counts[2] and shape.layers > counts[1] > counts[2] > 0
    free = 80 * 10**9
    made = plan(shape, recipe, train_tokens=lengths, validation_tokens=[9], machine=card("NVIDIA", 80, (9, 0)))
    assert made.way.recomputed == counts[1]
    assert 0.7 * free < made.memory_needed <= 0.8 * free
    assert said(made, "Recomputing")[0] == f"{counts[1]} of {shape.layers} layers"


def found(words: str, recipe: Recipe, *, memory: float, rate: float) -> Measurement:
    """As far from its estimate as these factors say."""
    return Measurement(Estimate(10**9, 1000.0), round(memory * 10**9), 1000.0 * rate, recipe, words)


def test_without_a_measurement_a_plan_says_that_it_is_estimated(laptop):
    made = planned(laptop, Recipe())
    assert made.rests_on == ESTIMATED and made.estimate.memory == made.memory_needed


def test_a_plan_rests_on_what_was_measured_and_says_so(laptop):
    plain = planned(laptop, Recipe())
    made = planned(laptop, Recipe(), measured=(found("Measured.", Recipe(), memory=1.5, rate=0.5),))
    assert made.rests_on == "Measured."
    assert made.memory_needed == pytest.approx(1.5 * plain.memory_needed, rel=1e-3)
    assert made.estimate == plain.estimate
    assert made.seconds_high / made.seconds_low < plain.seconds_high / plain.seconds_low
    assert made.seconds_low > plain.seconds_low


def test_the_most_alike_measurement_counts_and_of_equals_the_newest():
    newest = found("newest", Recipe(rank=64, micro_batch=1), memory=1, rate=1)
    alike, alike_before = (found(words, Recipe(), memory=1, rate=1) for words in ("alike", "alike before"))
    assert nearest([newest, alike, alike_before], Recipe()) == alike
    assert nearest([replace(alike, memory=0), replace(newest, rate=0.0)], Recipe()) is None


def test_what_cannot_be_the_models_doing_is_not_believed_whole(laptop):
    plain = planned(laptop, Recipe())
    made = planned(laptop, Recipe(), measured=(found("Measured.", Recipe(), memory=40, rate=1),))
    assert made.memory_needed == pytest.approx(3 * plain.memory_needed, rel=1e-3)
