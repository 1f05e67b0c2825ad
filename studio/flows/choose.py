"""Choose: a recipe for a model, and what both mean on this machine."""

import yaml
from pydantic import ValidationError

from studio.domain.errors import RecipeError
from studio.domain.plan import Plan
from studio.domain.recipe import Recipe
from studio.flows import inspect, models, split
from studio.flows.studio import Studio
from studio.recipes.machine import measure_machine
from studio.recipes.planner import plan as make_plan
from studio.recipes.presets import Preset
from studio.recipes.presets import presets as make_presets
from studio.recipes.shape import shape_of_folder


def presets(studio: Studio, dataset_id: str, model_id: str) -> list[Preset]:
    """Three ready recipes for this model and this many rows, the middle one being the default."""
    found = models.usable(studio, model_id)
    assert found.path is not None
    lengths = inspect.measured(studio, dataset_id, model_id)
    dealt = split.current(studio, dataset_id)
    return make_presets(
        shape_of_folder(found.path),
        train_rows=sum(bin == "train" for bin in dealt.bins),
        lengths=lengths,
        machine=measure_machine(studio.workspace.root),
    )


def default_recipe(studio: Studio, dataset_id: str, model_id: str) -> Recipe:
    """The balanced preset."""
    return next(preset.recipe for preset in presets(studio, dataset_id, model_id) if preset.is_default)


def plan(studio: Studio, dataset_id: str, model_id: str, recipe: Recipe) -> Plan:
    """Steps, time and memory of a recipe before anything starts; RecipeError while lengths are not measured."""
    found = models.usable(studio, model_id)
    assert found.path is not None
    lengths = inspect.measured(studio, dataset_id, model_id)
    if lengths is None:
        job = inspect.measure(studio, dataset_id, model_id)
        if job.state in ("failed", "interrupted", "stopped"):
            raise RecipeError(f"The token lengths could not be measured: {job.message}", fix=job.fix)
        raise RecipeError("The token lengths are still being measured.", fix="Wait a moment and try again.")
    dealt = split.used(split.current(studio, dataset_id), lengths, recipe.max_length)
    return make_plan(
        shape_of_folder(found.path),
        recipe,
        train_tokens=[lengths.total[number] for number in dealt.train],
        validation_tokens=[lengths.total[number] for number in dealt.validation],
        machine=measure_machine(studio.workspace.root),
    )


def recipe_yaml(model_id: str, recipe: Recipe) -> str:
    """The exact recipe as text to keep, copy and load."""
    return yaml.safe_dump({"model": model_id, "recipe": recipe.model_dump()}, sort_keys=False)


def recipe_from_yaml(text: str) -> tuple[str | None, Recipe]:
    """Read a recipe back; RecipeError names the field that is wrong."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        place = (
            f" at line {error.problem_mark.line + 1}"
            if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark
            else ""
        )
        raise RecipeError(
            f"This is not YAML{place}.", fix="Load a file that was saved here, or mend that line."
        ) from error
    if not isinstance(loaded, dict):
        raise RecipeError("This file holds no recipe.", fix="Load a file that was saved here.")
    values = loaded.get("recipe", loaded)
    return loaded.get("model") if "recipe" in loaded else None, recipe_from(values)


def recipe_from(values: dict[str, object]) -> Recipe:
    """A recipe from loose values; RecipeError names the first field that is out of bounds, by its title."""
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        known = Recipe.model_fields.get(name)
        title = known.title if known and known.title else name or "The recipe"
        raise RecipeError(f"{title}: {_plain(first)}", fix="Change that value.", field=name) from error


def _plain(error: object) -> str:
    """Pydantic's message for one error in a few words."""
    detail = dict(error) if isinstance(error, dict) else {}
    context = detail.get("ctx", {})
    words = {
        "greater_than": "must be more than {gt}",
        "greater_than_equal": "must be at least {ge}",
        "less_than_equal": "must be at most {le}",
        "less_than": "must be less than {lt}",
        "literal_error": "must be one of {expected}",
        "extra_forbidden": "is not a known setting",
        "float_parsing": "must be a number",
        "int_parsing": "must be a whole number",
        "int_from_float": "must be a whole number",
        "int_type": "must be a whole number",
        "float_type": "must be a number",
    }
    pattern = words.get(str(detail.get("type")))
    text = pattern.format(**context) if pattern else str(detail.get("msg", "is not valid"))
    given = detail.get("input")
    return f"{text}, not {given!r}." if isinstance(given, int | float | str) else f"{text}."
