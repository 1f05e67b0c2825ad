"""Strata: the kinds of rows of which training, validation and test each get a fair share."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from studio.data.kinds import OTHER_WAY, kinds_of
from studio.data.outline import Outline
from studio.data.rows import Rows
from studio.domain.errors import DatasetError
from studio.domain.fields import ANSWER, SOURCE
from studio.domain.split import DEALT, LENGTH, TOPIC, Bin, Share
from studio.domain.topics import Topics

STEPS = 4  # per doubling of the length; fixed bounds, so that no row changes its stratum because of another


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """The stratum of every row by row number, and by stratum its name and a hash that is the same for every file."""

    of: NDArray[np.int64]
    names: tuple[str, ...]
    keys: NDArray[np.uint64]


def strata_of(rows: Rows, outline: Outline, topics: Topics | None, *, stratify: str) -> Strata:
    """The strata that were asked for; DatasetError where there are none of that kind."""
    if stratify == LENGTH:
        steps = np.floor(np.log2(np.maximum(outline.sizes, 1)) * STEPS).astype(np.int64)
        return _strata([_range(step) for step in range(int(steps.max(initial=0)) + 1)], steps)
    if stratify == TOPIC:
        return _by_topic(topics)
    if not stratify.startswith((SOURCE, ANSWER)):
        raise DatasetError(f"Rows cannot be spread by “{stratify}”.", fix=OTHER_WAY, field="stratify")
    kinds = kinds_of(rows, stratify)
    return _strata(kinds.names, kinds.of)


def shares(strata: Strata, bins: Sequence[Bin]) -> tuple[Share, ...]:
    """How many rows of each stratum are in each part, the most rows first."""
    counts = np.zeros((len(strata.names), len(DEALT)), dtype=np.int64)
    part_of = {bin: part for part, bin in enumerate(DEALT)}
    parts = np.fromiter(map(part_of.get, bins, repeat(-1)), dtype=np.int64, count=len(bins))
    dealt = parts >= 0
    np.add.at(counts, (strata.of[dealt], parts[dealt]), 1)
    made = [Share(name, *held) for name, held in zip(strata.names, counts.tolist(), strict=True) if sum(held)]
    return tuple(sorted(made, key=lambda share: -share.rows))


def widest_gap(found: Sequence[Share]) -> float:
    """By how much the share of one kind differs at most between all rows and validation and test together (0 to 1)."""
    whole = sum(share.rows for share in found)
    aside = sum(share.validation + share.test for share in found)
    if not aside:
        return 0.0
    return max(abs((share.validation + share.test) / aside - share.rows / whole) for share in found)


def _by_topic(topics: Topics | None) -> Strata:
    if topics is None:
        raise DatasetError("The topics have not been looked for yet.", fix="Wait a moment and try again.")
    if not topics.topics:
        raise DatasetError(topics.sentence, fix=OTHER_WAY, field="stratify")
    none = len(topics.topics)
    of = np.array(topics.of, dtype=np.int64)
    return _strata([*(topic.name for topic in topics.topics), ""], np.where(of < 0, none, of))


def _strata(names: Sequence[str], of: NDArray[np.int64]) -> Strata:
    keys = [int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") for name in names]
    return Strata(of, tuple(names), np.array(keys, dtype=np.uint64))


def _range(step: int) -> str:
    """The lengths of a step in words; whole numbers from the first that reaches it to the last that does not leave."""
    low, high = (int(np.ceil(2 ** (edge / STEPS))) for edge in (step, step + 1))
    return f"{low:,} to {max(high - 1, low):,} characters"
