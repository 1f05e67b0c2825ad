"""Ways: how a recipe is carried out fastest on this hardware, chosen by rules with a reason each.

None of it changes what is learned: the same rows are in the same steps, and each is computed alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from studio.domain.machine import Machine
from studio.domain.method import TITLES
from studio.domain.model import Shape
from studio.domain.plan import Choice, Way
from studio.domain.recipe import Recipe
from studio.recipes.memory import Load, load_of, memory_parts

ROOM = 0.8  # of the free memory; layers are kept up to it
# Cards by their CUDA capability, the newest first: how attention of rows that lie end to end is computed on them.
CARDS = (
    ((8, 0), "torch's kernel for rows of different lengths", "Ampere and newer: no mask, no padding."),
    ((0, 0), "row by row, torch's own (sdpa)", "Older than Ampere: rows of like length side by side, without a mask."),
)
ON_CPU = ("row by row, torch's own (sdpa)", "Rows of like length are computed side by side, without a mask.")
PADDED = ("torch's own (sdpa)", "Needs nothing else to be installed.")
MASKED = (
    "torch's own (sdpa)",
    "A mask hides the padding, and on a GPU torch has no fast kernel for it: several times slower, and counted so.",
)


def load_for(shape: Shape, recipe: Recipe, train: Sequence[int], checked: Sequence[int], machine: Machine) -> Load:
    """What is in memory at once, in the way that is fastest for rows of these lengths."""
    load = load_of(recipe, train, checked, Way(packed=recipe.lies_end_to_end))
    return recomputed_for(shape, recipe, load, machine)


def recomputed_for(shape: Shape, recipe: Recipe, load: Load, machine: Machine) -> Load:
    """The same with as few layers computed twice as memory demands.

    Where recomputing is asked for although all would fit, it is done in every layer.
    """
    if not recipe.gradient_checkpointing:
        return load
    room = ROOM * (machine.gpus[0].free if machine.has_gpu else machine.memory_free)
    for layers in range(shape.layers):
        fewer = replace(load, way=replace(load.way, recomputed=layers))
        if sum(part.bytes for part in memory_parts(shape, recipe, fewer, on_gpu=machine.has_gpu)) <= room:
            return fewer if layers else load
    return load


def why_padded(recipe: Recipe) -> str:
    """Why rows are padded; empty where they lie end to end."""
    if recipe.packing == "off":
        return "As the recipe asks."
    if recipe.preference:
        return "The two answers of a pair are computed side by side, which needs rows of one length."
    if recipe.method == "prefix":
        return f"{TITLES['prefix']} would have to put its invisible words before each row anew."
    return ""


def choices(shape: Shape, recipe: Recipe, way: Way, machine: Machine, *, padding: float) -> tuple[Choice, ...]:
    """What was chosen and why, for people; `padding` is its share of what is computed."""
    return (_packing(recipe, way, padding), _attention(way, machine), LOSS, _recomputing(shape, recipe, way))


LOSS = Choice("Loss", "computed in tiles", "The scores of all words of the vocabulary are never in memory at once.")


def _packing(recipe: Recipe, way: Way, padding: float) -> Choice:
    if way.packed:
        why = "None is padded and none sees another, which is proven on this model before the first step."
        return Choice("Rows", "end to end", why)
    counted = f" {padding:.0%} of what is computed is padding." if padding >= 0.005 else ""
    return Choice("Rows", "padded to the longest", why_padded(recipe) + counted.replace("%", " %"))


def _attention(way: Way, machine: Machine) -> Choice:
    if not machine.has_gpu:
        return Choice("Attention", *(ON_CPU if way.packed else PADDED))
    if not way.packed:
        return Choice("Attention", *MASKED)
    return Choice("Attention", *next(rest for least, *rest in CARDS if machine.gpus[0].capability >= least))


def _recomputing(shape: Shape, recipe: Recipe, way: Way) -> Choice:
    if not recipe.gradient_checkpointing:
        return Choice("Recomputing", "off", "Everything is kept in memory: faster.")
    if way.recomputed is None:
        return Choice("Recomputing", "on", "Each layer is computed twice: about a third slower, far less memory.")
    kept = f"{way.recomputed} of {shape.layers} layers"
    return Choice("Recomputing", kept, "Only as many are computed twice as memory demands; the others are kept.")
