"""Calibration: let what was measured on this machine stand in for what formulas say."""

from collections.abc import Sequence
from dataclasses import replace

from studio.domain.plan import Measurement, Part
from studio.domain.recipe import Recipe

# What decides about memory and speed; the more of it is the same, the nearer is a measurement to a plan.
DECIDES = (
    "rank",
    "dora",
    "preference",
    "prefix_tokens",
    "micro_batch",
    "gradient_checkpointing",
    "packing",
    "max_length",
)
BOUNDS = (0.5, 3.0)  # a factor beyond them tells of something else at work on the machine, not of the model
FAST, SLOW = 0.9, 1.25  # of a measured speed: other programs, and rows that differ from those that were tried


def nearest(measured: Sequence[Measurement], recipe: Recipe) -> Measurement | None:
    """The measurement to start from: the most alike, and of equally alike ones the first, which is the newest."""

    def alike(one: Measurement) -> int:
        return sum(getattr(one.recipe, name) == getattr(recipe, name) for name in DECIDES)

    usable = [one for one in measured if one.estimate.memory and one.estimate.rate and one.memory and one.rate]
    return max(usable, key=alike, default=None)


def memory_as_measured(parts: Sequence[Part], measurement: Measurement) -> tuple[Part, ...]:
    """Every part as many times as large as the whole was found to be."""
    factor = _within(measurement.memory_factor)
    return tuple(replace(part, bytes=round(part.bytes * factor)) for part in parts)


def time_factor(measurement: Measurement) -> float:
    return _within(measurement.time_factor)


def _within(factor: float) -> float:
    return min(max(factor, BOUNDS[0]), BOUNDS[1])
