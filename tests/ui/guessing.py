"""Guessing: a small classifier that tries to tell the sides apart from what a rater receives."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def hits(features: Numbers, labels: NDArray[np.bool_]) -> Numbers:
    """Share of rows whose label the nearest mean of the other rows finds (leave one out), for each row of `labels`."""
    spread = features.std(axis=0)
    points = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    labels = np.atleast_2d(labels)

    def distance(of_class: NDArray[np.bool_]) -> Numbers:
        sums, count = of_class @ points, of_class.sum(axis=1)[:, None, None]
        own = of_class[:, :, None]
        means = (sums[:, None, :] - own * points) / np.maximum(count - own, 1)
        return ((points - means) ** 2).sum(axis=2)

    guessed = distance(labels) < distance(~labels)
    tied = np.isclose(distance(labels), distance(~labels))
    return np.where(tied, 0.5, guessed == labels).mean(axis=1)


def chance(features: Numbers, labels: NDArray[np.bool_], *, rounds: int = 5000, seed: int = 7) -> float:
    """The most hits of so many rounds in which the labels were shuffled: what luck alone reaches once in `rounds`."""
    draw = np.random.default_rng(seed)
    shuffled = draw.permuted(np.tile(labels, (rounds, 1)), axis=1)
    return float(hits(features, shuffled).max())
