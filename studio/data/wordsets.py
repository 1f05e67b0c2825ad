"""Word sets: texts as sets of their words, and how alike two of them are."""

from collections.abc import Callable, Collection, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from studio.data.shingles import Shingles, concatenated, distinct

BLOCK_TOKENS = 1 << 18  # that are compared in one go
PART_TOKENS = 1 << 24  # of the texts whose words are in memory at a time, as sets


class WordSets:
    """The words of every row as a set, with weights: whole numbers, so that sums do not depend on their order."""

    def __init__(self, shingles: Shingles, *, counted: NDArray[np.int64] | None = None) -> None:
        """Rare words weigh more; `counted` are the places among which they are rare (all, if left out)."""
        self.shingles = shingles
        rows, spread = len(shingles.numbers), shingles.spread
        if counted is not None:
            rows, spread = len(counted), np.bincount(self.matrix(counted).indices, minlength=len(shingles.words))
        rarity = np.log((rows + 1) / np.maximum(spread, 1))
        self.weights = np.maximum(1, np.round(rarity * 1024)).astype(np.int64)

    def likeness(
        self, first: NDArray[np.int64], second: NDArray[np.int64], *, at: Callable[[], object] = lambda: None
    ) -> NDArray[np.float64]:
        """Likeness of many pairs of places, quickest where the first ones ascend."""
        found = np.empty(len(first))
        if not len(first):
            return found
        sizes = self.shingles.sizes(first) + self.shingles.sizes(second)
        held = int(self.shingles.sizes(distinct(np.concatenate([first, second]))).sum())
        light = self.weights.astype(np.int16)  # the rarest of 10^13 rows weighs less than 2^15
        for part in blocks(sizes, int(sizes.sum()) * PART_TOKENS // max(held, PART_TOKENS) + 1):
            places = distinct(np.concatenate([first[part], second[part]]))
            words = self.matrix(places)
            words.data = light[words.indices]
            total = np.add.reduceat(words.data, words.indptr[:-1], dtype=np.int64)
            for block in blocks(sizes[part], BLOCK_TOKENS):
                at()
                one, other = (np.searchsorted(places, side[part][block]) for side in (first, second))
                shared = _row_sums(words[one, :].minimum(words[other, :]))
                found[part][block] = shared / (total[one] + total[other] - shared)
        return found

    def likeness_of(self, first: int, second: int) -> float:
        """The same for one pair of places."""
        one, other = set(self.shingles.of(first)), set(self.shingles.of(second))
        return self.weight(one & other) / self.weight(one | other)

    def weight(self, words: Collection[int]) -> int:
        return int(self.weights[list(words)].sum())

    def matrix(self, places: NDArray[np.int64]) -> csr_array:
        """One row per place, one column per word: 1 where it occurs."""
        found, counts = [], []
        for block in blocks(self.shingles.sizes(places), BLOCK_TOKENS):
            words, held = self._once(places[block])
            found.append(words)
            counts.append(held)
        words, pointers = concatenated(found), np.concatenate([[0], np.cumsum(np.concatenate(counts))])
        shape = (len(places), len(self.shingles.words))
        return csr_array((np.ones(len(words), dtype=np.int8), words, pointers.astype(np.int32)), shape=shape)

    def _once(self, places: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The words of these places in ascending order, each once, and how many each place has."""
        starts, sizes = self.shingles.starts, self.shingles.sizes(places)
        rows = np.repeat(np.arange(len(places), dtype=np.int64), sizes)
        shift = np.repeat(starts[places] - (np.cumsum(sizes) - sizes), sizes)
        once = distinct(rows << 32 | self.shingles.tokens[np.arange(len(rows)) + shift])
        return (once & 0xFFFFFFFF).astype(np.int32), np.bincount(once >> 32, minlength=len(places))


def _row_sums(words: csr_array) -> NDArray[np.int64]:
    """The sums of its rows; scipy's own take as long as there are columns."""
    sums = np.concatenate([[0], np.cumsum(words.data, dtype=np.int64)])
    return sums[words.indptr[1:]] - sums[words.indptr[:-1]]


def blocks(sizes: NDArray[np.int64], of: int) -> Iterator[slice]:
    """Stretches of about so many in all."""
    cuts = np.flatnonzero(np.diff(np.cumsum(sizes, dtype=np.int64) // of)) + 1
    for start, end in pairwise([0, *cuts.tolist(), len(sizes)]):
        yield slice(start, end)
