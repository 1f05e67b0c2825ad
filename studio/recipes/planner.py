"""Planner: what a recipe means on this machine before anything starts. Every number comes with its reason."""

import math
from collections.abc import Sequence

from studio.domain.batches import check_steps, rows_at_once
from studio.domain.errors import RecipeError
from studio.domain.machine import Machine
from studio.domain.method import TITLES, WHEN, belongs
from studio.domain.model import Shape
from studio.domain.plan import PADDED, Choice, Estimate, Light, Measurement, Plan
from studio.domain.recipe import Recipe
from studio.recipes import calibration, pace, ways
from studio.recipes.memory import Load, load_of, memory_parts, trained_values
from studio.recipes.words import duration, gigabytes

TIGHT = 0.85  # above this share of the free memory, another program can end the run
LONG = 12 * 3600.0
ESTIMATED = "Estimated: nothing was measured yet with this model and method on this machine."
NO_BF16 = ("T4", "V100", "P100", "GTX", "RTX 20", "Quadro RTX")


def plan(
    shape: Shape,
    recipe: Recipe,
    *,
    train_tokens: Sequence[int],
    validation_tokens: Sequence[int],
    machine: Machine,
    measured: Sequence[Measurement] = (),
) -> Plan:
    """Steps, time and memory of `recipe` for rows of these many tokens; RecipeError when it cannot be a run at all.

    `measured` is what was found with this model and method on this machine, the newest first.
    """
    _refuse_the_impossible(shape, recipe, train_tokens, machine)
    micro_batch = rows_at_once(recipe)
    longest = max(*train_tokens, *validation_tokens)
    steps, steps_per_epoch = steps_of(len(train_tokens), recipe)
    load = ways.load_for(shape, recipe, train_tokens, validation_tokens, machine)
    memory = memory_parts(shape, recipe, load, on_gpu=machine.has_gpu)
    free = free_memory(machine)
    work = pace.Work(train_tokens, validation_tokens, steps=steps, way=load.way)
    estimate = Estimate(sum(part.bytes for part in memory), pace.rate(shape, recipe, work, machine))
    known = calibration.nearest(measured, recipe)
    if known:
        memory = calibration.memory_as_measured(memory, known)
    factor = calibration.time_factor(known) if known else None
    low, high = pace.seconds(shape, recipe, work, machine, factor=factor)
    needed = sum(part.bytes for part in memory)
    light = _light(needed, free=free, seconds=low)
    way_out = _way_out(shape, recipe, longest, machine) if light is Light.RED else ""
    return Plan(
        light=light,
        sentence=_sentence(light, needed=needed, free=free, time=duration(low, high), way_out=way_out),
        device=device_of(machine),
        train_rows=len(train_tokens),
        validation_rows=len(validation_tokens),
        steps=steps,
        steps_per_epoch=steps_per_epoch,
        rows_read=rows_read(len(train_tokens), recipe),
        accumulation=recipe.batch_size // micro_batch,
        tokens=round(sum(train_tokens) * steps / steps_per_epoch),
        seconds_low=low,
        seconds_high=high,
        memory=memory,
        memory_free=free,
        choices=(
            *_choices(
                shape, recipe, machine, load, longest=longest, padding=pace.padding(train_tokens, recipe, load.way)
            ),
            _checks(recipe, steps, passes=steps / steps_per_epoch),
        ),
        way=load.way,
        estimate=estimate,
        rests_on=known.words if known else ESTIMATED,
    )


def steps_of(rows: int, recipe: Recipe) -> tuple[int, int]:
    """Optimiser steps in all and per pass; a pass ends with a smaller step, and a part of a pass is rounded up."""
    steps_per_epoch = max(math.ceil(rows / recipe.batch_size), 1)
    return math.ceil(recipe.epochs * steps_per_epoch), steps_per_epoch


def rows_read(rows: int, recipe: Recipe) -> int:
    """How many rows are read in all, each counted every time; only the last step of a pass is shorter."""
    passes, further = divmod(*steps_of(rows, recipe))
    return passes * rows + further * recipe.batch_size


def free_memory(machine: Machine) -> int:
    """Free bytes where the run will live: the first GPU's memory, or main memory."""
    return machine.gpus[0].free if machine.has_gpu else machine.memory_free


def device_of(machine: Machine) -> str:
    """Where runs take place, in the words of plans; what was measured on one device says nothing of another."""
    return machine.gpus[0].name if machine.has_gpu else f"CPU, {machine.cores} cores"


def needed_memory(shape: Shape, recipe: Recipe, *, longest: int, machine: Machine) -> int:
    """Bytes for a recipe with rows of `longest` tokens; every layer is computed twice where it asks for that."""
    load = load_of(recipe, [longest], [longest], PADDED)
    return sum(part.bytes for part in memory_parts(shape, recipe, load, on_gpu=machine.has_gpu))


def recomputing(recipe: Recipe) -> Recipe:
    """The same recipe with recomputing on, where its method can."""
    return recipe.model_copy(update={"gradient_checkpointing": belongs("gradient_checkpointing", recipe.method)})


def _refuse_the_impossible(shape: Shape, recipe: Recipe, train_tokens: Sequence[int], machine: Machine) -> None:
    if recipe.max_length > shape.context:
        raise RecipeError(
            f"The cut-off of {recipe.max_length:,} tokens is more than this model can read ({shape.context:,}).",
            fix=f"Set it to {shape.context:,} or less.",
            field="max_length",
        )
    if not train_tokens:
        raise RecipeError(
            f"No training rows are left at a cut-off of {recipe.max_length:,} tokens.",
            fix="Raise the cut-off or change the split.",
            field="max_length",
        )


def _light(needed: int, *, free: int, seconds: float) -> Light:
    if needed > free:
        return Light.RED
    return Light.AMBER if needed > TIGHT * free or seconds > LONG else Light.GREEN


def _sentence(light: Light, *, needed: int, free: int, time: str, way_out: str) -> str:
    if light is Light.RED:
        return f"Does not fit: needs about {gigabytes(needed)} of memory, {gigabytes(free)} are free. {way_out}"
    facts = f"needs about {gigabytes(needed)} of {gigabytes(free)} free; {time}."
    if light is Light.GREEN:
        return f"Fits: {facts}"
    if needed > TIGHT * free:
        return f"Tight: {facts} Close other programs before you start."
    return f"Fits, but it is long: {facts} A shorter run tells you sooner whether the data teaches what you want."


def _way_out(shape: Shape, recipe: Recipe, longest: int, machine: Machine) -> str:
    """The first change that makes it fit, from the one that costs nothing to the one that costs the most."""
    small = recipe.model_copy(update={"micro_batch": 1})
    recomputed = recomputing(small)
    packed = recomputing(small.by("qlora"))
    for size in sorted({rows_at_once(recipe) // 2**halvings for halvings in range(1, 10)} - {0}, reverse=True):
        if _fits(shape, recipe.model_copy(update={"micro_batch": size}), longest, machine):
            return f"Set “Rows in memory at once” to {size}; the result stays the same."
    if recomputed.gradient_checkpointing and _fits(shape, recomputed, longest, machine):
        return "Set “Rows in memory at once” to 1 and switch on “Save memory by recomputing”."
    if recipe.method != "qlora" and _fits(shape, packed, longest, machine):
        return "Choose QLoRA as the method and set “Rows in memory at once” to 1, with “Save memory by recomputing” on."
    for shorter in (length for length in (4096, 2048, 1024, 512, 256) if length < longest):
        if _fits(shape, packed, shorter, machine):
            return f"Lower the cut-off to {shorter:,} tokens, with QLoRA, one row in memory at once and recomputing."
    return "Pick a smaller model, or a machine with more memory."


def _fits(shape: Shape, recipe: Recipe, longest: int, machine: Machine) -> bool:
    return needed_memory(shape, recipe, longest=longest, machine=machine) <= free_memory(machine)


def _choices(
    shape: Shape, recipe: Recipe, machine: Machine, load: Load, *, longest: int, padding: float
) -> tuple[Choice, ...]:
    size = rows_at_once(recipe)
    parts = recipe.batch_size // size
    asked = f"The largest part of a step, up to {recipe.micro_batch}, that divides it evenly."
    return (
        Choice("Rows in memory at once", str(size), "As the recipe asks." if size == recipe.micro_batch else asked),
        Choice("Parts per step", str(parts), f"{parts} × {size} = {recipe.batch_size} rows before each correction."),
        Choice("Method", TITLES[recipe.method], WHEN[recipe.method]),
        _weights(recipe),
        *([_compared(recipe)] if recipe.preference else []),
        _precision(machine),
        *ways.choices(shape, recipe, load.way, machine, padding=padding),
        Choice("Trained", f"{trained_values(shape, recipe):,} values", _trained(recipe)),
        Choice("Longest row", f"{longest:,} tokens", f"The largest part of a step has {load.tokens:,} tokens."),
    )


def _checks(recipe: Recipe, steps: int, *, passes: float) -> Choice:
    """How often the run is checked, beside how often is usual."""
    checks = len(check_steps(steps, recipe.evaluations))
    usual = f" Twice a pass, as is usual, would be {2 * passes:.0f}." if checks < 2 * passes - 1 else ""
    every = f", every {steps / checks:.0f} steps" if 1 < checks < steps else ""
    return Choice("Checks", f"{checks}{every}", f"Validation loss is measured and a checkpoint saved.{usual}")


def _weights(recipe: Recipe) -> Choice:
    if recipe.method == "full":
        return Choice("Model", "32 bits", "Trained weights are kept whole: 16 bits would round small corrections away.")
    if recipe.quantisation == "nf4":
        return Choice("Base model", "4 bits (NF4)", "QLoRA: the frozen layers take a quarter of their memory.")
    return Choice("Base model", "16 bits", "Frozen without compression: more memory, no rounding of the base.")


def _compared(recipe: Recipe) -> Choice:
    if recipe.method == "full":
        why = "What it says of each pair is worked out before the first step: two numbers instead of a second model."
        return Choice("Compared with", "the model as it was", why)
    what = "prefix" if recipe.method == "prefix" else "adapter"
    return Choice(
        "Compared with", f"the model without its {what}", "It is in memory already, so it takes none for itself."
    )


def _trained(recipe: Recipe) -> str:
    if recipe.method == "full":
        return "Every weight of the model."
    if recipe.method == "prefix":
        return f"A key and a value in every layer for each of {recipe.prefix_tokens} invisible words."
    variant = " with rsLoRA" * recipe.rank_stabilised + " with DoRA" * recipe.dora
    return f"Rank {recipe.rank} on every linear layer{variant}."


def _precision(machine: Machine) -> Choice:
    if machine.has_gpu and any(name in machine.gpus[0].name for name in NO_BF16):
        return Choice("Arithmetic", "bfloat16, emulated", "This GPU has no units for it: expect it to be slow.")
    if not machine.has_gpu and not machine.bf16:
        return Choice(
            "Arithmetic", "bfloat16, emulated", "This processor has no instructions for it: expect it to be slow."
        )
    return Choice("Arithmetic", "bfloat16", "Half the memory of float32; the adapter itself is kept in float32.")
