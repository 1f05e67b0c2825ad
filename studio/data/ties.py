"""Ties: which rows share a side of the split whatever else is chosen, told once when they are examined."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from studio.data.findings import DUPLICATES
from studio.data.groups import rows_of
from studio.data.sides import Sides, sides_of
from studio.domain.finding import Finding, FindingKind

TOGETHER = (*DUPLICATES, FindingKind.NEAR_DUPLICATE, FindingKind.CONFLICT, FindingKind.VARIETY)
LARGE, FEW = 0.05, 10  # share of the file; rows


@dataclass(frozen=True, slots=True, eq=False)
class Ties:
    """By row number the first of its copies, and the first of the rows that it must not be separated from."""

    copies: NDArray[np.int64]
    together: NDArray[np.int64]


def ties_of(findings: Sequence[Finding], *, conversations: NDArray[np.int64], close: Sequence[Sequence[int]]) -> Ties:
    """What is tied by the findings, by conversations (the first row of each row's), and by `close` sets of rows."""
    rows = len(conversations)
    copies = [rows_of(finding.groups) for finding in findings if finding.kind in DUPLICATES]
    sets = [rows_of(finding.groups) for finding in findings if finding.kind in TOGETHER]
    return Ties(
        copies=sides_of(rows, chain.from_iterable(copies)),
        together=sides_of(rows, chain.from_iterable(sets), conversations, _small(close, count=rows)),
    )


def _small(close: Sequence[Sequence[int]], *, count: int) -> NDArray[np.int64]:
    """The first of the rows that are nearly the same; a template that much of the file is made of ties nothing."""
    sides = Sides()
    for numbers in close:
        sides.join(numbers)
    first = sides.leaders(count)
    rows = np.bincount(first, minlength=count)[first]
    return np.where(rows <= max(FEW, LARGE * count), first, np.arange(count))
