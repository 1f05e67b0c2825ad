"""Meaning: rows whose questions are alike in meaning, in groups, for a likeness that a person chooses."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from studio.data.arrays import arrays
from studio.data.checks.gathering import titled
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.meaning import Way

ROUNDING = 1e-6  # of single precision
WHY = "They may ask for the same in other words. That is a guess by a small model: look at them, and leave out by hand."


@dataclass(frozen=True, slots=True, eq=False)
class Meant:
    """Pairs of rows with their likeness, the likest first; `first` and `second` hold row number and line (pairs x 2).

    Pairs below `floor` were not kept.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    likeness: NDArray[np.float32]
    way: Way
    questions: int
    floor: float


def load_meant(path: Path) -> Meant:
    with arrays(path) as held:
        facts = orjson.loads(held["facts"].tobytes())
        return Meant(
            first=held["first"],
            second=held["second"],
            likeness=held["likeness"],
            way=Way(facts["way"]),
            questions=facts["questions"],
            floor=facts["floor"],
        )


def alike_in_meaning(meant: Meant, *, at_least: float) -> Finding | None:
    """Groups of rows that are all so much like their first, the likest group first; a row stands in one of them."""
    count = int(np.searchsorted(-meant.likeness, ROUNDING - at_least, side="right"))
    members: dict[int, list[tuple[int, int, float]]] = {}
    taken: set[int] = set()
    for (row, line), (other, other_line), likeness in zip(
        meant.first[:count].tolist(), meant.second[:count].tolist(), meant.likeness[:count].tolist(), strict=True
    ):
        if other not in taken and (row in members or row not in taken):
            members.setdefault(row, [(row, line, 1.0)]).append((other, other_line, likeness))
            taken |= {row, other}
        elif row not in taken and other in members:
            members[other].append((row, line, likeness))
            taken.add(row)
    groups = tuple(_group(held) for held in members.values())
    rows = sum(len(group.rows) for group in groups)
    title = f"{titled(len(groups), 'group', 'groups')} of questions alike in meaning ({rows:,} rows)"
    return Finding(FindingKind.MEANING, title, rows, WHY, groups) if groups else None


def _group(held: list[tuple[int, int, float]]) -> Group:
    rows, lines, likeness = zip(*held, strict=True)
    return Group(rows, lines, f"Likeness {likeness[1]:.2f}", likeness=tuple(round(one, 4) for one in likeness))
