"""Forms: label, help, bounds and checks of every control come from the recipe's own fields."""

from typing import Any, Literal, get_args, get_origin

import gradio as gr
import pytest
from annotated_types import Ge, Gt, Le, Lt

from studio.domain.errors import RecipeError
from studio.domain.method import METHODS, Method, belongs
from studio.domain.recipe import Recipe
from studio.ui.parts import forms

EVERY = pytest.mark.parametrize("name", list(Recipe.model_fields))
NUMBERS = [n for n, field in Recipe.model_fields.items() if field.annotation in (int, float)]


def bounds(name: str) -> tuple[float, float]:
    """The nearest values below and above what the field allows."""
    field = Recipe.model_fields[name]
    step = 1 if field.annotation is int else 1e-9
    limits: dict[type, Any] = {type(found): found for found in field.metadata}
    low = limits[Ge].ge - step if Ge in limits else limits[Gt].gt
    high = limits[Le].le + step if Le in limits else limits[Lt].lt
    return low, high


@EVERY
def test_every_choice_has_a_title_and_says_what_it_does(name: str) -> None:
    field = Recipe.model_fields[name]
    assert field.title and field.title[0].isupper()
    assert field.description and len(field.description.split()) >= 5 and field.description.endswith(".")


@EVERY
def test_every_choice_is_bounded(name: str) -> None:
    field = Recipe.model_fields[name]
    if field.annotation is bool or get_origin(field.annotation) is Literal:
        return
    if get_origin(field.annotation) is tuple:
        assert get_origin(get_args(field.annotation)[0]) is Literal
        return
    low, high = bounds(name)
    assert low < field.default < high


@EVERY
def test_a_control_is_made_of_its_field_alone(name: str) -> None:
    field, control = Recipe.model_fields[name], forms.control(name)
    default = list(field.default) if isinstance(field.default, tuple) else field.default
    assert (control.label, control.info, control.value) == (field.title, field.description, default)
    if get_origin(field.annotation) is tuple:
        assert isinstance(control, gr.CheckboxGroup)
        assert [value for _, value in control.choices] == list(get_args(get_args(field.annotation)[0]))
    elif get_origin(field.annotation) is Literal:
        assert isinstance(control, gr.Radio if name == "method" else gr.Dropdown)
        assert [value for _, value in control.choices] == list(get_args(field.annotation))
    else:
        assert isinstance(control, gr.Checkbox if field.annotation is bool else gr.Number)


def test_every_field_has_one_control_and_the_few_that_matter_come_first() -> None:
    assert sorted(forms.FIELDS) == sorted(Recipe.model_fields)
    assert forms.FIELDS[: len(forms.KNOBS)] == forms.KNOBS
    assert 3 <= len(forms.KNOBS) <= 6


def test_no_two_controls_have_the_same_label() -> None:
    labels = [field.title for field in Recipe.model_fields.values()]
    assert len(labels) == len(set(labels))


def test_what_the_controls_hold_is_the_recipe_and_back() -> None:
    recipe = Recipe(rank=64, schedule="linear", gradient_checkpointing=True, seed=11)
    assert forms.recipe_of(forms.values_of(recipe)) == recipe


@pytest.mark.parametrize("name", NUMBERS)
def test_a_value_out_of_bounds_is_told_with_its_title_and_the_bound(name: str) -> None:
    title = Recipe.model_fields[name].title
    for value, relation in zip(bounds(name), ("at least", "at most"), strict=True):
        told = forms.check(name, value)
        assert told["is_valid"] is False
        assert told["message"].startswith(f"{title}: must be ")
        assert relation in told["message"] or "more than" in told["message"]
        assert told["message"].endswith("Change that value.")


@pytest.mark.parametrize("name", NUMBERS)
def test_an_emptied_control_says_that_it_needs_a_value(name: str) -> None:
    assert forms.check(name, None)["message"] == f"{Recipe.model_fields[name].title} needs a value."


def test_a_value_that_is_not_a_number_is_told_in_words() -> None:
    assert "must be a whole number" in forms.check("rank", "many")["message"]
    assert "must be a whole number" in forms.check("rank", 2.5)["message"]


@EVERY
def test_the_defaults_are_fine(name: str) -> None:
    assert forms.check(name, Recipe.model_fields[name].default) == gr.validate(True, "")


def test_at_the_start_every_control_is_checked_and_only_the_wrong_one_is_named() -> None:
    values = forms.values_of(Recipe())
    values[forms.FIELDS.index("rank")] = 9999
    told = forms.checks("data-1", "starter", "click", "", None, *values)
    assert len(told) == 5 + len(forms.FIELDS)
    wrong = [index for index, one in enumerate(told) if not one["is_valid"]]
    assert wrong == [5 + forms.FIELDS.index("rank")]


def test_a_recipe_out_of_bounds_names_its_field() -> None:
    values = forms.values_of(Recipe())
    values[forms.FIELDS.index("learning_rate")] = 3
    with pytest.raises(RecipeError) as refused:
        forms.recipe_of(values)
    assert refused.value.field == "learning_rate"
    assert refused.value.message == "Learning rate: must be at most 0.05, not 3."


@pytest.mark.parametrize("method", METHODS)
def test_a_method_shows_its_own_knobs_and_no_others(method: Method) -> None:
    recipe = Recipe().by(method)
    assert there(recipe, of_pairs=True) == {name for name in forms.FIELDS if belongs(name, method)}


def test_what_only_pairs_of_answers_can_be_used_for_is_there_with_them_or_where_it_is_switched_on() -> None:
    assert there(Recipe(), of_pairs=True) - there(Recipe(), of_pairs=False) == {"preference", "beta"}
    assert {"preference", "beta"} <= there(Recipe(preference=True), of_pairs=False)


def there(recipe: Recipe, *, of_pairs: bool) -> set[str]:
    """The controls that are on the page."""
    drawn = forms.shown(recipe, of_pairs=of_pairs)
    return {name for name, update in zip(forms.FIELDS, drawn, strict=True) if update["visible"]}


def test_what_a_knob_holds_that_is_not_there_is_no_choice() -> None:
    values = forms.values_of(Recipe(rank=64, dora=True, epochs=5))
    values[forms.FIELDS.index("method")] = "full"
    assert forms.recipe_of(values) == Recipe(method="full", epochs=5)


def test_a_tracker_that_is_not_installed_says_how_it_gets_here() -> None:
    assert forms.trackers_to_choose(["mlflow"]) == [
        ("Weights & Biases (not installed here: pip install wandb)", "wandb"),
        ("MLflow", "mlflow"),
        ("Trackio (not installed here: pip install trackio)", "trackio"),
    ]


def test_what_cannot_go_together_is_told_in_words() -> None:
    wrong = forms.problems({"method": "qlora", "preference": True, "learn_questions": True})
    assert list(wrong) == ["learn_questions"] and "cannot go together with" in wrong["learn_questions"]
