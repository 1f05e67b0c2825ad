"""Presets: three ready recipes for a model, the rows at hand and this machine; the middle one is the default."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from studio.domain.lengths import Lengths
from studio.domain.machine import Machine
from studio.domain.method import ADAPTERS, Method
from studio.domain.model import Shape
from studio.domain.plan import PADDED, Way
from studio.domain.recipe import Recipe
from studio.recipes import pace
from studio.recipes.memory import Load, load_of, memory_parts
from studio.recipes.planner import free_memory, recomputing, steps_of
from studio.recipes.ways import recomputed_for

TINY = 50_000_000
TYPICAL_TOKENS = {"tiny": 64, "real": 300}
ROUND_UP = 32
FEWEST_CHECKS = 4
SAMPLE = 1000  # rows that stand for all when the fastest way to pad them is looked for
# What each method begins with, for models of usual size and for very small ones, and why.
STARTS: dict[str, dict[Method, dict[str, Any]]] = {
    "real": {
        "qlora": {"learning_rate": 2e-4, "rank": 16},
        "lora": {"learning_rate": 2e-4, "rank": 16},
        "full": {"learning_rate": 2e-5},
        "prefix": {"learning_rate": 1e-2, "prefix_tokens": 20},
    },
    "tiny": {
        "qlora": {"learning_rate": 4e-3, "rank": 32},
        "lora": {"learning_rate": 4e-3, "rank": 32},
        "full": {"learning_rate": 5e-4},
        "prefix": {"learning_rate": 5e-2, "prefix_tokens": 20},
    },
}
REASONS: dict[Method, str] = {
    "qlora": "Learning rate and rank are those that QLoRA is usually run with.",
    "lora": "Learning rate and rank are those that LoRA is usually run with.",
    "full": "The learning rate is a tenth of LoRA's or less, because every weight moves at once.",
    "prefix": "The learning rate is many times LoRA's, because a prefix alone has to steer the whole model.",
}
TINY_REASON = "So small a model needs a far larger learning rate and more passes than usual."
Recipes = tuple[Recipe, Recipe, Recipe]  # quick, balanced, thorough


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe with a name and one sentence on when to take it."""

    id: str
    title: str
    why: str
    recipe: Recipe
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What recipes are made for: a model, so many training rows of these lengths, and a machine."""

    shape: Shape
    rows: int
    lengths: Sequence[int]  # empty while they are not measured
    machine: Machine

    @property
    def typical(self) -> int:
        """Tokens of a usual row."""
        if not self.lengths:
            return TYPICAL_TOKENS["tiny" if self.shape.parameters < TINY else "real"]
        return max(round(sum(self.lengths) / len(self.lengths)), 1)


def presets(
    shape: Shape, *, train_rows: int, lengths: Lengths | None, machine: Machine, method: Method = "qlora"
) -> list[Preset]:
    """Quick look, Balanced and Thorough for a method; sized by the rows and by what this machine can hold."""
    here = Situation(shape, max(train_rows, 1), lengths.total if lengths else (), machine)
    cut_off = cut_off_for(shape, lengths, machine)
    kind, make = ("tiny", _tiny_recipes) if shape.parameters < TINY else ("real", _real_recipes)
    start = Recipe.model_validate(STARTS[kind][method] | {"method": method, "max_length": cut_off})
    quick, balanced, thorough = make(here, start)
    reason = REASONS[method] if kind == "real" else TINY_REASON
    return [
        Preset("quick", "Quick look", f"A short run to see whether the data teaches what you want. {reason}", quick),
        Preset("balanced", "Balanced", f"The right start for most data. {reason}", balanced, is_default=True),
        Preset(
            "thorough",
            "Thorough",
            f"For when Balanced has shown that it works: more passes, checked more often. {reason}",
            thorough,
        ),
    ]


def cut_off_for(shape: Shape, lengths: Lengths | None, machine: Machine) -> int:
    """A cut-off that keeps every row if it can: the longest one rounded up, within what the model and memory allow."""
    most = min(shape.context, 4096 if machine.has_gpu else 2048)
    if lengths is None or not lengths.total:
        return min(most, 512)
    longest = -(-max(lengths.total) // ROUND_UP) * ROUND_UP
    return max(min(longest, most), 16)


def _tiny_recipes(here: Situation, start: Recipe) -> Recipes:
    """A very small model needs a large learning rate and many passes to learn a new format at all.

    The passes aim at 6,000 rows read (17 passes over 360 rows), within three minutes on this machine.
    """
    recipe = fastest(here, start.model_copy(update={"evaluations": 8 if here.rows < 5_000 else 4}))
    passes = min(6_000 / here.rows, 40, _passes_within(170, here, recipe))
    quick = recipe.model_copy(update={"epochs": _passes(passes / 3), "evaluations": 4})
    thorough = recipe.model_copy(update={"epochs": min(2 * _passes(passes), 100), "evaluations": 12})
    return quick, recipe.model_copy(update={"epochs": _passes(passes)}), thorough


def _real_recipes(here: Situation, start: Recipe) -> Recipes:
    """The usual values of a method; fewer passes over more data, because each row then teaches less that is new."""
    batch_size = 16 if here.rows >= 200 else 8
    recipe = fastest(here, start.model_copy(update={"batch_size": batch_size, "micro_batch": batch_size}))
    quick, balanced, thorough = (1, 3, 5) if here.rows < 5_000 else (0.5, 2, 3) if here.rows < 50_000 else (0.1, 1, 2)
    more = {"epochs": thorough, "evaluations": checks_of(thorough)} | (
        {"rank": 32} if recipe.method in ADAPTERS else {}
    )
    return (
        recipe.model_copy(update={"epochs": quick, "evaluations": checks_of(quick)}),
        recipe.model_copy(update={"epochs": balanced, "evaluations": checks_of(balanced)}),
        fastest(here, recipe.model_copy(update=more)),
    )


def checks_of(passes: float) -> int:
    """Twice a pass, and at least four times: fewer would not show which way the loss goes."""
    return max(FEWEST_CHECKS, round(2 * passes))


def _passes(wished: float) -> float:
    """Whole passes from two on; below that, tenths."""
    return float(round(wished)) if wished >= 2 else max(round(wished, 1), 0.1)


def _passes_within(limit: float, here: Situation, recipe: Recipe) -> float:
    """Passes that end within `limit` seconds, halfway between the fast and the slow estimate; half a pass at least."""
    one = _expected(here, recipe.model_copy(update={"epochs": 1}))
    two = _expected(here, recipe.model_copy(update={"epochs": 2}))
    return max(1 + (limit - one) / (two - one), 0.5)


def _expected(here: Situation, recipe: Recipe) -> float:
    steps, _ = steps_of(here.rows, recipe)
    checked = [here.typical] * max(here.rows // 8, 1)
    work = pace.Work([here.typical] * here.rows, checked, steps=steps)
    return sum(pace.seconds(here.shape, recipe, work, here.machine)) / 2


def fastest(here: Situation, recipe: Recipe) -> Recipe:
    """The same recipe, its steps in the parts that are fastest of those that fit, computed twice where that pays."""
    sizes = [size for size in (16, 8, 4, 2, 1) if size <= min(recipe.batch_size, recipe.micro_batch)]
    plain = [recipe.model_copy(update={"micro_batch": size, "gradient_checkpointing": False}) for size in sizes]
    loads = [(each, _load(here, each)) for each in plain]
    loads += [
        (twice, recomputed_for(here.shape, twice, load, here.machine))
        for twice, load in ((recomputing(each), load) for each, load in loads)
        if twice.gradient_checkpointing
    ]
    room = 0.8 * free_memory(here.machine)
    fitting = [
        (each, load)
        for each, load in loads
        if sum(part.bytes for part in memory_parts(here.shape, each, load, on_gpu=here.machine.has_gpu)) <= room
    ]
    return min(fitting, key=lambda one: _step(here, *one))[0] if fitting else recomputing(plain[-1])


def _load(here: Situation, recipe: Recipe) -> Load:
    """What is in memory at once; rows as long as the cut-off while lengths are not measured."""
    if not here.lengths:
        return load_of(recipe, [recipe.max_length], [recipe.max_length], PADDED)
    lengths = np.minimum(here.lengths, recipe.max_length).tolist()
    return load_of(recipe, lengths, lengths[:1], Way(packed=recipe.lies_end_to_end))


def _step(here: Situation, recipe: Recipe, load: Load) -> float:
    """Seconds of a step of rows like these; of equals, the first one counts."""
    rows = _some(here, recipe) if here.lengths and not load.way.packed else [here.typical] * recipe.batch_size
    steps = -(-len(rows) // recipe.batch_size)
    work = pace.Work(rows, [], steps=steps, way=load.way)
    once = recipe.model_copy(update={"epochs": 1})
    return round(pace.training_seconds(here.shape, once, work, pace.hardware_of(here.machine)) / steps, 3)


def _some(here: Situation, recipe: Recipe) -> list[int]:
    """Lengths of up to so many rows from the whole file, since what padding costs depends on how they differ."""
    apart = max(len(here.lengths) // SAMPLE, 1)
    return np.minimum(here.lengths[::apart], recipe.max_length).tolist()
