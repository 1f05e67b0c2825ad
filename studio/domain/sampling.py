"""Sampling: how a model draws its answers; the same for every contestant of a study."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sampling:
    """At temperature 0 the likeliest token is taken each time; else drawn, with luck that depends on `seed`."""

    max_new_tokens: int = 160
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 7
