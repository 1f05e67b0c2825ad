"""Three recipes that are ready to start."""

import random

import pytest

from studio.domain.lengths import Lengths
from studio.domain.machine import Gpu, Machine
from studio.domain.method import METHODS, Method
from studio.domain.plan import Light
from studio.domain.recipe import Recipe
from studio.recipes.catalogue import catalogue
from studio.recipes.planner import plan
from studio.recipes.presets import presets

SHAPES = {entry.id: entry.shape for entry in catalogue()}


@pytest.mark.parametrize("rows", [0, 1, 40, 360, 2_000, 12_000])
def test_there_are_three_and_the_middle_one_is_the_default(starter_shape, laptop, rows):
    made = presets(starter_shape, train_rows=rows, lengths=None, machine=laptop)
    assert [preset.id for preset in made] == ["quick", "balanced", "thorough"]
    assert [preset.is_default for preset in made] == [False, True, False]
    assert all(preset.title and preset.why.endswith(".") for preset in made)
    epochs = [preset.recipe.epochs for preset in made]
    assert epochs == sorted(epochs) and epochs[0] < epochs[2]


@pytest.mark.parametrize("rows", [40, 360, 2_000, 12_000])
def test_the_starters_balanced_run_is_expected_within_three_minutes(starter_shape, laptop, rows):
    balanced = presets(starter_shape, train_rows=rows, lengths=None, machine=laptop)[1].recipe
    made = plan(starter_shape, balanced, train_tokens=[64] * rows, validation_tokens=[64] * (rows // 8), machine=laptop)
    assert (made.seconds_low + made.seconds_high) / 2 <= 185


def test_the_starter_gets_the_values_that_teach_so_small_a_model(starter_shape, laptop):
    balanced = presets(starter_shape, train_rows=360, lengths=None, machine=laptop)[1].recipe
    assert (balanced.rank, balanced.learning_rate, balanced.batch_size) == (32, 4e-3, 8)
    assert 15 <= balanced.epochs <= 18


def test_a_quick_look_takes_about_a_third_of_the_balanced_run(starter_shape, laptop):
    quick, balanced, _ = presets(starter_shape, train_rows=360, lengths=None, machine=laptop)
    assert quick.recipe.epochs == pytest.approx(balanced.recipe.epochs / 3, rel=0.1)


@pytest.mark.parametrize("model", ["qwen3-0.6b", "qwen3-4b", "qwen3-8b", "llama-3.1-8b", "qwen3-14b"])
@pytest.mark.parametrize("longest", [100, 900, 4000])
def test_presets_for_real_models_fit_the_gpu(gaming_pc, model, longest):
    lengths = Lengths("m", prompt=(10,) * 500, total=(longest,) * 500, stop_token_trained=True, stop_token="</s>")
    for preset in presets(SHAPES[model], train_rows=400, lengths=lengths, machine=gaming_pc):
        recipe = preset.recipe
        assert recipe.learning_rate == 2e-4 and recipe.rank in (16, 32)
        made = plan(
            SHAPES[model], recipe, train_tokens=[longest] * 400, validation_tokens=[longest] * 50, machine=gaming_pc
        )
        assert made.light is not Light.RED, made.sentence


def test_more_data_needs_fewer_passes(gaming_pc):
    passes = [
        presets(SHAPES["qwen3-4b"], train_rows=rows, lengths=None, machine=gaming_pc)[1].recipe.epochs
        for rows in (300, 10_000, 100_000)
    ]
    assert passes == [3, 2, 1]


def test_recomputing_is_left_off_where_memory_allows(gaming_pc):
    assert not presets(SHAPES["qwen3-0.6b"], train_rows=400, lengths=None, machine=gaming_pc)[
        1
    ].recipe.gradient_checkpointing
    long = Lengths("m", prompt=(10,), total=(4000,), stop_token_trained=True, stop_token="</s>")
    assert presets(SHAPES["qwen3-8b"], train_rows=400, lengths=long, machine=gaming_pc)[1].recipe.gradient_checkpointing


def test_the_cut_off_keeps_every_row_if_the_model_can_read_it(starter_shape, laptop):
    def cut_off(*totals: int) -> int:
        lengths = Lengths("m", prompt=totals, total=totals, stop_token_trained=True, stop_token="")
        return presets(starter_shape, train_rows=len(totals), lengths=lengths, machine=laptop)[1].recipe.max_length

    assert cut_off(20, 61) == 64
    assert cut_off(20, 130) == 160
    assert cut_off(20, 5000) == starter_shape.context


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["tiny", "real"])
def test_every_method_has_three_recipes_of_its_own_each_with_a_reason(
    starter_shape, laptop, gaming_pc, method: Method, kind: str
):
    shape, machine = (starter_shape, laptop) if kind == "tiny" else (SHAPES["qwen3-0.6b"], gaming_pc)
    for preset in presets(shape, train_rows=400, lengths=None, machine=machine, method=method):
        assert preset.recipe.method == method
        assert Recipe.model_validate(preset.recipe.model_dump()) == preset.recipe
        assert "learning rate" in preset.why.lower() and preset.why.endswith(".")


def test_the_learning_rate_is_what_the_method_is_usually_run_with(gaming_pc):
    rates = {
        method: presets(SHAPES["qwen3-0.6b"], train_rows=400, lengths=None, machine=gaming_pc, method=method)[1]
        for method in METHODS
    }
    assert {method: preset.recipe.learning_rate for method, preset in rates.items()} == {
        "qlora": 2e-4, "lora": 2e-4, "full": 2e-5, "prefix": 1e-2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("card", "size", "most_twice"), [("NVIDIA H200", 141, 0), ("NVIDIA H100", 80, 24), ("NVIDIA RTX 4090", 24, 36)]
)
def test_measured_rows_go_in_parts_as_large_as_is_fastest_and_as_few_layers_are_computed_twice(card, size, most_twice):
    """Rows of 16 to 2,048 tokens: their longest would not fit together, but no step of such a run has only those."""
    chance, free = random.Random(7), size * 10**9
    lengths = [max(16, min(2048, round(chance.lognormvariate(0, 0.9) * 350))) for _ in range(4000)]
    machine = Machine(16, 10**11, 10**11, 10**11, gpus=(Gpu(card, free, free, "GPU-1", (9, 0)),))
    shape, totals = SHAPES["qwen3-8b"], tuple(lengths)
    balanced = presets(shape, train_rows=4000, lengths=Lengths("m", totals, totals, True, ""), machine=machine)[
        1
    ].recipe
    made = plan(shape, balanced, train_tokens=lengths, validation_tokens=lengths[:50], machine=machine)
    assert balanced.micro_batch == 16 and made.light is Light.GREEN
    assert (made.way.recomputed or 0) <= most_twice
    assert balanced.gradient_checkpointing is (most_twice > 0)
