"""Guessing: a small classifier that tries to tell the sides apart from what a rater receives."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Numbers = NDArray[np.float64]
Labels = NDArray[np.bool_]


def hits(features: Numbers, labels: Labels) -> Numbers:
    """The best share of labels found by any one feature or by all together, for each row of `labels`.

    A label is guessed from the nearest mean of the other rows (leave one out). Features count by their ranks, so that
    one slow answer among many does not hide a difference between the rest.
    """
    ranks = rankdata(features, axis=0)
    spread = ranks.std(axis=0)
    points = (ranks - ranks.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    alone = [_found(points[:, [column]], np.atleast_2d(labels)) for column in np.flatnonzero(spread)]
    return np.max([*alone, _found(points, np.atleast_2d(labels))], axis=0)


def _found(points: Numbers, labels: Labels) -> Numbers:
    near, far = _distances(points, labels), _distances(points, ~labels)
    return np.where(np.isclose(near, far), 0.5, (near < far) == labels).mean(axis=1)


def _distances(points: Numbers, members: Labels) -> Numbers:
    """Squared distance of every point to the mean of the members, itself apart."""
    sums, count = members @ points, members.sum(axis=1)[:, None, None]
    own = members[:, :, None]
    means = (sums[:, None, :] - own * points) / np.maximum(count - own, 1)
    return ((points - means) ** 2).sum(axis=2)


def chance(features: Numbers, labels: Labels, *, rounds: int = 5000, seed: int = 7) -> float:
    """The most hits of so many rounds in which the labels were shuffled: what luck alone reaches once in `rounds`."""
    draw = np.random.default_rng(seed)
    shuffled = draw.permuted(np.tile(labels, (rounds, 1)), axis=1)
    return float(hits(features, shuffled).max())
