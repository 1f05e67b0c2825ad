"""Logistic: a small regression for shares and abilities, with errors that respect what belongs together."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

STEPS = 100
LONGEST_STEP = 4.0  # logits; a larger first step may jump over the top
CLOSE = 1e-10


@dataclass(frozen=True)
class Fit:
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]


def fit(
    design: ArrayLike,
    outcomes: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    groups: Sequence[Hashable] | None = None,
    ridge: float = 1e-6,
) -> Fit:
    """Coefficients by Newton's method; outcomes lie between 0 and 1, so that a tie is ½ (a fractional logit).

    With `groups` the covariance is the sandwich clustered by them, with C/(C-1) for C groups (Liang and Zeger, 1986);
    without, the inverse of the information. `ridge` keeps coefficients finite where one side wins everything.
    """
    x, y = np.asarray(design, dtype=float), np.asarray(outcomes, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    found = np.zeros(x.shape[1])
    for _ in range(STEPS):
        step = _step(x, y, w, found, ridge=ridge)
        found = found + step
        if np.abs(step).max() < CLOSE:
            break
    inverse = np.asarray(np.linalg.inv(_information(x, w, found) + ridge * np.eye(x.shape[1])), dtype=float)
    if groups is None:
        return Fit(found, inverse)
    scores = x * (w * (y - _share(x, found)))[:, None]
    names = {name: place for place, name in enumerate(dict.fromkeys(groups))}
    totals = np.zeros((len(names), x.shape[1]))
    np.add.at(totals, [names[name] for name in groups], scores)
    return Fit(found, inverse @ (totals.T @ totals) @ inverse * len(names) / max(1, len(names) - 1))


def _step(
    x: NDArray[np.float64],
    outcomes: NDArray[np.float64],
    weights: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    *,
    ridge: float,
) -> NDArray[np.float64]:
    """Where Newton's method leads from these coefficients, but not far at once."""
    slope = x.T @ (weights * (outcomes - _share(x, coefficients))) - ridge * coefficients
    step = np.linalg.solve(_information(x, weights, coefficients) + ridge * np.eye(x.shape[1]), slope)
    return np.asarray(np.clip(step, -LONGEST_STEP, LONGEST_STEP), dtype=float)


def _share(x: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    return scipy.special.expit(x @ coefficients)


def _information(
    x: NDArray[np.float64], weights: NDArray[np.float64], coefficients: NDArray[np.float64]
) -> NDArray[np.float64]:
    share = _share(x, coefficients)
    return (x.T * (weights * share * (1 - share))) @ x
