"""Ability: several contestants on one scale, from who was preferred to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from studio.verdict.logistic import fit


@dataclass(frozen=True, slots=True)
class Ability:
    """Logits above the anchor, with the standard error; the anchor's are 0."""

    value: float
    error: float


def abilities(wins: Mapping[tuple[str, str], float], *, anchor: str) -> dict[str, Ability]:
    """Bradley and Terry's model (1952): the odds that a is preferred to b are exp(ability of a - ability of b).

    `wins` says how often the first was preferred to the second; a tie is half a win for each. Whoever never won or
    never lost gets a large finite number. Of two contestants this is log(wins/losses) and says nothing new.
    """
    names = sorted({name for pair in wins for name in pair} - {anchor})
    column = {name: place for place, name in enumerate(names)}
    design = np.zeros((len(wins), len(names)))
    for row, (winner, loser) in enumerate(wins):
        for name, sign in ((winner, 1.0), (loser, -1.0)):
            if name != anchor:
                design[row, column[name]] += sign
    found = fit(design, np.ones(len(wins)), weights=list(wins.values()))
    return {anchor: Ability(0.0, 0.0)} | {
        name: Ability(float(found.coefficients[at]), sqrt(found.covariance[at, at])) for name, at in column.items()
    }
