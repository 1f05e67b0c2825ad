"""Choose: a recipe for a model, and what both mean on this machine."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from studio.domain.dataset import Dataset
from studio.domain.errors import RecipeError
from studio.domain.excerpt import visible
from studio.domain.lengths import Lengths, in_pieces
from studio.domain.method import METHODS, Method
from studio.domain.plan import Plan
from studio.domain.recipe import EARLIER_METHODS, Recipe
from studio.domain.split import Split
from studio.flows import bring, inspect, measured, models, split
from studio.flows.machine import for_the_next
from studio.flows.studio import Studio
from studio.recipes.planner import device_of
from studio.recipes.planner import plan as make_plan
from studio.recipes.presets import Preset
from studio.recipes.presets import presets as make_presets
from studio.recipes.shape import shape_of_folder

LONGEST_RECIPE = 20_000
LONGEST_MODEL = 200
LONGEST_SHOWN = 60
AFTER_WHAT_RUNS = "It begins when what runs now has ended, so what that holds counts as free."


def presets(studio: Studio, dataset_id: str, model_id: str, method: Method = "qlora") -> list[Preset]:
    """Three ready recipes for this model, this many rows and a method, the middle one being the default."""
    found = models.usable(studio, model_id)
    assert found.path is not None
    lengths = inspect.measured(studio, dataset_id, model_id)
    dealt = split.current(studio, dataset_id)
    return make_presets(
        shape_of_folder(found.path),
        train_rows=sum(bin == "train" for bin in dealt.bins),
        lengths=lengths,
        machine=for_the_next(studio)[0],
        method=method,
    )


def default_recipe(studio: Studio, dataset_id: str, model_id: str, method: Method = "qlora") -> Recipe:
    """The balanced preset."""
    return next(preset.recipe for preset in presets(studio, dataset_id, model_id, method) if preset.is_default)


def plan(
    studio: Studio,
    dataset_id: str,
    model_id: str,
    recipe: Recipe,
    *,
    dealt_as: Split | None = None,
    gpu: str | None = None,
) -> Plan:
    """Steps, time and memory of a recipe before anything starts; RecipeError while lengths are not measured.

    The rows are dealt as they are now, or as `dealt_as` says. Where there are several GPUs the plan is for the one that
    `gpu` names, or else for the one that `for_the_next` takes.
    """
    found = models.usable(studio, model_id)
    assert found.path is not None
    lengths = inspect.measured(studio, dataset_id, model_id)
    if lengths is None:
        job = inspect.measure(studio, dataset_id, model_id)
        if job.state in ("failed", "interrupted", "stopped"):
            raise RecipeError(f"The token lengths could not be measured: {job.message}", fix=job.fix)
        raise RecipeError("The token lengths are still being measured.", fix="Wait a moment and try again.")
    lengths, dealt = used(studio, dataset_id, recipe, lengths, dealt_as or split.current(studio, dataset_id))
    if not dealt.train and lengths.partial:
        raise RecipeError(
            f"No rows are left to train on. {lengths.partial_sentence}",
            fix="Choose a model whose template writes them.",
            field="model",
        )
    machine, has_to_wait = for_the_next(studio, gpu)
    made = make_plan(
        shape_of_folder(found.path),
        recipe,
        train_tokens=_tokens(lengths, dealt.train, recipe),
        validation_tokens=_tokens(lengths, dealt.validation, recipe),
        machine=machine,
        measured=measured.known(studio, model_id, recipe.method, device_of(machine)),
    )
    sentence = f"{made.sentence} {AFTER_WHAT_RUNS}" if has_to_wait else made.sentence
    return replace(made, test_rows=len(dealt.test), sentence=sentence, is_text=lengths.are_texts)


def used(
    studio: Studio, dataset_id: str, recipe: Recipe, lengths: Lengths, dealt_as: Split
) -> tuple[Lengths, split.Dealt]:
    """The lengths of what a recipe reads of each row, both answers of pairs where it learns from both, and its rows."""
    if recipe.preference:
        lengths = _of_pairs(bring.ready(studio, dataset_id), lengths)
    return lengths, split.used(dealt_as, lengths, recipe.max_length)


def _of_pairs(dataset: Dataset, lengths: Lengths) -> Lengths:
    if not dataset.is_of_pairs:
        raise RecipeError(
            "These rows have no worse answers to tell the better ones from.",
            fix="Switch off “Learn from both answers (DPO)”, or bring pairs of chosen and rejected answers.",
            field="preference",
        )
    return lengths.of_pairs()


def _tokens(lengths: Lengths, rows: Sequence[int], recipe: Recipe) -> list[int]:
    """How many tokens each row of training has; a long text is several."""
    totals = [lengths.total[number] for number in rows]
    if not lengths.are_texts:
        return totals
    return [length for total in totals for length in in_pieces(total, recipe.max_length)]


def recipe_yaml(model_id: str, recipe: Recipe) -> str:
    """The exact recipe as text to keep, copy and load."""
    return yaml.safe_dump({"model": model_id, "recipe": recipe.choices}, sort_keys=False)


# A date that does not exist, brackets without end; and what PyYAML stumbles over: !!int with nothing, !!bool maybe.
NOT_READ = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class _Plain(yaml.SafeLoader):
    """YAML as recipes are written: nothing that stands for something else, which can grow without end, and no name
    twice, of which the last one would count in silence."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _odd("An alias (& or *) stands", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        made = super().construct_mapping(node, deep=deep)
        if len(made) < len(node.value):
            raise _odd("A name stands twice", node)
        return made


def _odd(what: str, there: Any) -> RecipeError:
    line = there.start_mark.line + 1
    return RecipeError(f"{what} at line {line}.", fix="Load a file that was saved here, or mend that line.")


def recipe_from_file(path: Path) -> tuple[str | None, Recipe]:
    """Read a recipe back from a file; no more of it is read than a recipe can have."""
    if not path.is_file():
        raise RecipeError(f"{path} is not a file.", fix="Name a recipe saved as YAML.")
    with path.open(encoding="utf-8", errors="replace") as file:
        return recipe_from_yaml(file.read(LONGEST_RECIPE + 1))


def recipe_from_yaml(text: str) -> tuple[str | None, Recipe]:
    """Read a recipe back; RecipeError names the field that is wrong."""
    if len(text) > LONGEST_RECIPE:
        raise RecipeError("This file is too long for a recipe.", fix="Load a file that was saved here.")
    try:
        loaded = yaml.load(text, Loader=_Plain)  # noqa: S506, TID251  a safe loader that allows still less
    except yaml.YAMLError as error:
        place = (
            f" at line {error.problem_mark.line + 1}"
            if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark
            else ""
        )
        raise RecipeError(
            f"This is not YAML{place}.", fix="Load a file that was saved here, or mend that line."
        ) from error
    except NOT_READ as error:
        raise RecipeError("A value in this file cannot be read.", fix="Load a file that was saved here.") from error
    values = loaded.get("recipe", loaded) if isinstance(loaded, dict) else None
    if not isinstance(values, dict):
        raise RecipeError("This file holds no recipe.", fix="Load a file that was saved here.")
    model = loaded.get("model") if "recipe" in loaded else None
    if model is not None and not (isinstance(model, str) and 0 < len(model) <= LONGEST_MODEL):
        raise RecipeError("The model that this file names is none.", fix="Load a file that was saved here.")
    return model, recipe_from(values)


def recipe_from(values: dict[str, Any]) -> Recipe:
    """A recipe from loose values; RecipeError names the first field that is unknown or out of bounds."""
    unknown = [str(name) for name in values if name not in Recipe.model_fields and name != "quantisation"]
    if unknown:
        known = ", ".join(Recipe.model_fields)
        raise RecipeError(f"A recipe has no “{_short(unknown[0])}”.", fix=f"It has {known}.", field=unknown[0])
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        title = Recipe.model_fields[name].title if name in Recipe.model_fields else "Quantisation"
        raise RecipeError(f"{title}: {_plain(first)}", fix="Change that value.", field=name) from error


def method_of(changes: dict[str, Any]) -> Method:
    """The method that changes of a recipe ask for, under its own name or as recipes said it earlier; else QLoRA."""
    named = changes.get("method", EARLIER_METHODS.get(changes.get("quantisation", "")))
    return named if named in METHODS else "qlora"


def changed(recipe: Recipe, changes: dict[str, Any]) -> Recipe:
    """A recipe with single values changed; another method leaves out the choices that it does not have."""
    method = method_of(changes) if changes.keys() & {"method", "quantisation"} else recipe.method
    return recipe_from(recipe.by(method).choices | {"method": method} | changes)


_WORDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "literal_error": "must be one of {expected}",
    "finite_number": "must be a number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is far too large",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "value_error": "{error}",
    "extra_forbidden": "follows from the method: 4 bits (nf4) for qlora, 16 bits (none) otherwise",
}


def _plain(error: ErrorDetails) -> str:
    """Pydantic's message for one error in a few words."""
    pattern, given, context = _WORDS.get(error["type"]), error["input"], error.get("ctx", {}).items()
    bounds = {name: int(held) if isinstance(held, float) and held.is_integer() else held for name, held in context}
    text = pattern.format(**bounds) if pattern else f"is not valid ({error['msg']})"
    says_all = error["type"] in ("value_error", "extra_forbidden")
    shows = not says_all and isinstance(given, int | float | str) and given != ""
    return f"{text}, not {_short(given)}." if shows else f"{text}."


def _short(given: int | float | str) -> str:
    """A value from outside, as far as it fits into a sentence; numbers have up to thousands of digits."""
    if isinstance(given, int) and abs(given) > 10**LONGEST_SHOWN:
        return "a number of very many digits"
    shown = visible(str(given))
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[: LONGEST_SHOWN - 1]}…"
