"""Forms: controls made from Recipe fields, so that label, help, bounds and checks have one source."""

from collections.abc import Sequence
from typing import Any, Literal, get_args, get_origin

import gradio as gr
from gradio.components import Component
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from studio.domain.errors import RecipeError
from studio.domain.method import METHODS, OF_PAIRS, TITLES, belongs, methods_of
from studio.domain.recipe import Recipe, is_advanced
from studio.domain.tracker import TRACKER_TITLES, TRACKERS, Tracker
from studio.flows.choose import recipe_from
from studio.flows.trackers import installed

KNOBS = tuple(name for name in Recipe.model_fields if not is_advanced(name))
ADVANCED = tuple(name for name in Recipe.model_fields if is_advanced(name))
FIELDS = KNOBS + ADVANCED
WORDS: dict[str, str] = {**TITLES, "auto": "wherever it is safe", "off": "off"}


def control(name: str) -> Component:
    """The control of one recipe field, filled with the field's default."""
    field = Recipe.model_fields[name]
    shown: dict[str, Any] = {"label": field.title, "info": field.description, "value": field.default, "min_width": 200}
    if field.annotation is bool:
        return gr.Checkbox(**shown)
    if name == "method":
        return gr.Radio(choices=[(WORDS[method], method) for method in METHODS], **shown)
    if name == "trackers":
        here = installed()
        missing = [f"no-{each}" for each in TRACKERS if each not in here]
        wide: dict[str, Any] = shown | {"value": [], "min_width": 640, "elem_classes": missing}
        return gr.CheckboxGroup(choices=trackers_to_choose(here), **wide)
    if get_origin(field.annotation) is Literal:
        return gr.Dropdown(choices=[(WORDS.get(v, str(v)), v) for v in get_args(field.annotation)], **shown)
    return gr.Number(precision=0 if field.annotation is int else None, step=_step(field), **shown)


def trackers_to_choose(here: Sequence[Tracker]) -> list[Any]:
    """Every tracker; one that is not installed says how it gets here, and a run that chose it is refused beforehand."""
    missing = " (not installed here: pip install {})"
    return [(TRACKER_TITLES[name] + ("" if name in here else missing.format(name)), name) for name in TRACKERS]


def _step(field: FieldInfo) -> float:
    if field.annotation is int:
        return 1
    return 0.0001 if isinstance(field.default, float) and field.default < 0.01 else 0.05


def values_of(recipe: Recipe) -> list[Any]:
    """The recipe's values in the order of the controls."""
    return [_shown(recipe, name) for name in FIELDS]


def shown(recipe: Recipe, *, of_pairs: bool) -> list[dict[str, Any]]:
    """The same for the page: a control that its method does not have, or that these rows have no use for, is not there."""
    unused = () if of_pairs or recipe.preference else OF_PAIRS
    there = {name for name in FIELDS if belongs(name, recipe.method) and name not in unused}
    return [gr.update(value=_shown(recipe, name), visible=name in there) for name in FIELDS]


def _shown(recipe: Recipe, name: str) -> Any:
    value = getattr(recipe, name)
    return list(value) if isinstance(value, tuple) else value


def recipe_of(values: tuple[Any, ...] | list[Any]) -> Recipe:
    """The recipe that the controls hold; RecipeError names the first that is out of bounds."""
    return recipe_from(held(values))


def held(values: tuple[Any, ...] | list[Any]) -> dict[str, Any]:
    """The values of the controls that are there, by field name."""
    every = dict(zip(FIELDS, values, strict=True))
    return {name: value for name, value in every.items() if belongs(name, every["method"])}


def check(name: str, value: Any) -> dict[str, Any]:
    """Whether one control's value is within its bounds, shown beside it."""
    wrong = problems({"method": methods_of(name)[0], name: value})
    return gr.validate(name not in wrong, wrong.get(name, ""))


def checks(*inputs: Any) -> list[dict[str, Any]]:
    """The same for every control at once, for the start; the controls are the last of the inputs."""
    others, values = inputs[: -len(FIELDS)], inputs[-len(FIELDS) :]
    fine = [gr.validate(True, "") for _ in others]
    return fine + [check(name, value) for name, value in zip(FIELDS, values, strict=True)]


def problems(values: dict[str, Any]) -> dict[str, str]:
    """What is wrong with each value, by field name; empty when the recipe is valid."""
    try:
        Recipe.model_validate(values)
    except ValidationError as error:
        return {
            str(detail["loc"][0]): _words(values, str(detail["loc"][0])) for detail in error.errors() if detail["loc"]
        }
    return {}


def _words(values: dict[str, Any], name: str) -> str:
    if values[name] is None:
        return f"{Recipe.model_fields[name].title} needs a value."
    try:
        recipe_from({each: values[each] for each in ("preference", name) if each in values})
    except RecipeError as error:
        return error.sentence
    return ""
