"""A recipe is checked and planned before anything starts."""

from typing import Any

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import RecipeError
from studio.domain.method import METHODS, Method
from studio.domain.plan import Light
from studio.domain.recipe import Recipe
from studio.domain.run import Run
from studio.flows import bring, choose
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.recipes import machine
from studio.ui.parts.forms import FIELDS
from studio.ui.tabs import recipe as recipe_tab
from tests.flows.test_bring import read


def test_three_recipes_are_ready_and_one_is_the_default(working: Studio, dataset: Dataset):
    ready = choose.presets(working, dataset.id, STARTER)
    assert [preset.id for preset in ready] == ["quick", "balanced", "thorough"]
    assert [preset.is_default for preset in ready] == [False, True, False]
    assert choose.default_recipe(working, dataset.id, STARTER) == ready[1].recipe


def test_a_plan_counts_steps_and_memory_before_the_start(working: Studio, dataset: Dataset, trained: Run):
    recipe = trained.recipe
    plan = choose.plan(working, dataset.id, STARTER, recipe)
    assert plan.steps_per_epoch == -(-plan.train_rows // recipe.batch_size)
    assert plan.steps == 2 * plan.steps_per_epoch
    assert plan.light is Light.GREEN and plan.sentence
    assert 0 < plan.seconds_low <= plan.seconds_high
    assert 0 < plan.memory_needed < plan.memory_free


def test_the_first_plan_on_the_screen_is_that_of_the_values_drawn_with_it(
    working: Studio, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
):
    whole = machine.memory()
    monkeypatch.setattr(machine, "memory", lambda *_: whole)
    drawn = recipe_tab.show(working, None, dataset.id, STARTER)
    values, (*planned, _, _, on_page) = [part["value"] for part in drawn[: len(FIELDS)]], drawn[len(FIELDS) :]
    again = recipe_tab.show_plan_of_drawn(working, on_page, dataset.id, STARTER, None, None, None, *values)
    balanced = next(preset for preset in choose.presets(working, dataset.id, STARTER) if preset.is_default)
    for first, second in ((planned, again), (again, planned)):
        situation, _, text, _, preset, why, start, try_out = first
        assert (situation, text, why) == (second[0], second[2], second[5])
        assert (preset.value, why) == (balanced.id, f'<p class="help">{balanced.why}</p>')
        assert start.interactive and try_out.interactive and choose.recipe_from_yaml(text) == (STARTER, balanced.recipe)


def test_the_steps_that_were_planned_are_the_steps_that_were_made(trained: Run):
    assert trained.job.result["steps"] == trained.plan.steps == trained.job.total


def test_a_plan_without_lengths_says_that_they_are_being_measured(working: Studio):
    brought = read(working, bring.bring_sample(working, "brand-voice"))
    with pytest.raises(RecipeError, match="still being measured"):
        choose.plan(working, brought.id, STARTER, Recipe())


FOLLOWS = "follows from the method: 4 bits (nf4) for qlora, 16 bits (none) otherwise"


@pytest.mark.parametrize("values, message, field", [
    ({"learning_rate": 1}, "Learning rate: must be at most 0.05, not 1.", "learning_rate"),
    ({"rank": "0"}, "Adapter rank: must be at least 1, not 0.", "rank"),
    ({"rank": 2.5}, "Adapter rank: must be a whole number, not 2.5.", "rank"),
    ({"epochs": "many"}, "Passes over your data: must be a number, not many.", "epochs"),
    ({"epochs": float("inf")}, "Passes over your data: must be at most 100, not inf.", "epochs"),
    ({"quantisation": "int8"}, f"Quantisation: {FOLLOWS}.", "quantisation"),
    ({"method": "full", "quantisation": "nf4"}, f"Quantisation: {FOLLOWS}.", "quantisation"),
    ({"method": "half"}, "Method: must be one of 'qlora', 'lora', 'full' or 'prefix', not half.", "method"),
    ({"method": "full", "rank": 8},
     "Adapter rank: is a choice of QLoRA and LoRA, which Full fine-tuning does not have.", "rank"),
    ({"seed": None}, "Seed: must be a whole number.", "seed"),
    ({"speed": 2}, "A recipe has no “speed”.", "speed"),
])  # fmt: skip
def test_a_value_out_of_bounds_is_refused_by_the_name_on_the_screen(values: dict[str, Any], message: str, field: str):
    with pytest.raises(RecipeError) as refused:
        choose.recipe_from(values)
    assert (refused.value.message, refused.value.field) == (message, field)
    assert refused.value.fix


def test_a_cut_off_beyond_what_the_model_reads_is_refused(working: Studio, dataset: Dataset):
    with pytest.raises(RecipeError) as refused:
        choose.plan(working, dataset.id, STARTER, Recipe(max_length=4096))
    assert refused.value.field == "max_length"


def test_a_recipe_comes_back_from_its_yaml_exactly():
    recipe = Recipe(epochs=0.1, learning_rate=1e-5, method="lora", gradient_checkpointing=True)
    assert choose.recipe_from_yaml(choose.recipe_yaml("a/model: x", recipe)) == ("a/model: x", recipe)
    assert choose.recipe_from_yaml("epochs: 5\nlearning_rate: 2e-4\n") == (None, Recipe(epochs=5, learning_rate=2e-4))


@pytest.mark.parametrize("text, message", [
    ("recipe:\n  rank: [1", "This is not YAML at line 2."),
    ("\x00", "This is not YAML."),
    ("just words", "This file holds no recipe."),
    ("", "This file holds no recipe."),
    ("- 1", "This file holds no recipe."),
    ("recipe: 5", "This file holds no recipe."),
    ("recipe: {rank: 999}", "Adapter rank: must be at most 256, not 999."),
    ("colour: red", "A recipe has no “colour”."),
    ("1: 2", "A recipe has no “1”."),
])  # fmt: skip
def test_a_file_that_is_no_recipe_is_refused_in_a_sentence(text: str, message: str):
    with pytest.raises(RecipeError) as refused:
        choose.recipe_from_yaml(text)
    assert refused.value.message == message


@pytest.mark.parametrize("text", ["recipe: {epochs: 2020-13-45}", "[" * 20_000, "recipe: {seed: " + "9" * 6000 + "}"])
def test_values_that_no_yaml_holds_are_refused_in_a_sentence(text: str):
    with pytest.raises(RecipeError):
        choose.recipe_from_yaml(text)


def test_another_method_leaves_out_the_choices_that_it_does_not_have_and_no_others():
    adapter = Recipe(rank=64, dora=True, epochs=5, learning_rate=1e-4)
    assert choose.changed(adapter, {"method": "full"}) == Recipe(method="full", epochs=5, learning_rate=1e-4)
    assert choose.changed(adapter, {"quantisation": "none"}).method == "lora"
    with pytest.raises(RecipeError, match="Adapter rank: is a choice of QLoRA and LoRA"):
        choose.changed(adapter, {"method": "prefix", "rank": "8"})


@pytest.mark.parametrize("method", METHODS)
def test_a_saved_recipe_holds_what_its_method_has_and_nothing_else(method: Method):
    recipe = Recipe(epochs=2).by(method)
    saved = choose.recipe_yaml("m", recipe)
    assert choose.recipe_from_yaml(saved) == ("m", recipe)
    assert ("rank:" in saved) == (method in ("qlora", "lora"))
    assert ("prefix_tokens:" in saved) == (method == "prefix")
