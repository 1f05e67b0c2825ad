"""Twins: for every row of some, whether others hold a twin of it, looked for among all of them.

A twin has the same words in the same order, or is as like as a near copy (studio.data.alike) with the same numbers,
signs and negations. The search is exact: two texts that share 70 % of their weight must share one of the rarest words
of both (prefix filtering; Bayardo, Ma, Srikant 2007; the bound on what follows is that of PPJoin, Xiao et al. 2008).
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from studio.data.alike import NEAR
from studio.data.rows import Rows
from studio.data.shingles import Shingles, mixed, shingled
from studio.data.wordsets import WordSets
from studio.domain.leakage import Leak, Twin

Matrix = Any  # scipy's csr_array; its own types do not know its shape
BLOCK, BUDGET = 2_000_000, 3_000_000_000  # pairs of equal rare words looked at in one go, and in all
RARE_WEIGHT = 0.4  # of a row in its rarest words; a share of 1 - NEAR would do, and more leaves fewer pairs to compare


class Likenesses:
    """The words of all rows, ready to be compared."""

    def __init__(self, rows: Rows, *, at: Callable[[int], None] = lambda _: None) -> None:
        self.rows = len(rows)
        shingles = shingled(_texts(rows, at), fewest=1)
        firsts = np.unique(shingles.order, return_index=True)[1]
        self._shingles, self._sets = shingles, WordSets(shingles, counted=np.sort(firsts))
        self._place = np.full(self.rows, -1, dtype=np.int64)
        self._place[shingles.numbers] = np.arange(len(shingles.numbers))
        self._words: Matrix = self._sets.matrix(np.arange(len(shingles.numbers)))
        self._total = (self._words @ self._sets.weights).astype(np.int32)
        self._rare, self._last = _rarest(self._words, self._sets.weights, shingles)
        self._rest = self._total - self._rare.sum(axis=1, dtype=np.int32)

    def drawn(self, numbers: Sequence[int], count: int, *, seed: int) -> list[int]:
        """So many of these rows, drawn by seed among those that hold a word."""
        return self._shingles.numbers[drawn(self._places(numbers), count, seed=seed)].tolist()

    def leak(
        self, held: Sequence[int], train: Sequence[int], *, seed: int, at: Callable[[float], None] = lambda _: None
    ) -> tuple[Leak, list[Twin]]:
        """How many of the rows held out have a twin in training, and the nearest twin of each.

        Where rows are so alike that it would take minutes, a part of the held-out rows is measured, drawn by seed.
        """
        one, other = self._places(held), self._places(train)
        cost = self._cost(one, other)
        measured = len(held)
        if cost.sum() > BUDGET:
            one = drawn(one, len(one), seed=seed)
            one = np.sort(one[np.cumsum(self._cost(one, other)) <= BUDGET])
            measured = len(one)
        is_same = np.isin(self._shingles.order[one], self._shingles.order[other])
        same, near = self._same(one[is_same], other), self._near(one[~is_same], other, at)
        return Leak(len(held), measured, len(same), len(near)), [*same, *near]

    def nearest(self, held: Sequence[int], train: Sequence[int]) -> list[Twin]:
        """Each row with the training row that is most like it, compared with all of them."""
        one, other = self._places(held), self._places(train)
        if not len(other):
            return []
        asked = self._words[one].astype(np.int64)
        asked.data = self._sets.weights[asked.indices]
        shared = (asked @ self._words[other].T).toarray()
        likeness = shared / (self._total[one][:, np.newaxis] + self._total[other] - shared)
        best = zip(one.tolist(), likeness.argmax(axis=1).tolist(), likeness.max(axis=1).tolist(), strict=True)
        return [self._twin(place, int(other[twin]), held) for place, twin, held in best]

    def _places(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Where the words of these rows are; a row without a word has no place."""
        places = self._place[np.array(numbers, dtype=np.int64)]
        return places[places >= 0]

    def _twin(self, place: int, other: int, likeness: float) -> Twin:
        numbers = self._shingles.numbers
        return Twin(int(numbers[place]), int(numbers[other]), round(likeness, 4))

    def _same(self, held: NDArray[np.int64], train: NDArray[np.int64]) -> list[Twin]:
        order = self._shingles.order
        by_order = np.argsort(order[train], kind="stable")
        at = np.searchsorted(order[train], order[held], sorter=by_order)
        return [self._twin(*pair, 1.0) for pair in zip(held.tolist(), train[by_order[at]].tolist(), strict=True)]

    def _cost(self, held: NDArray[np.int64], train: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many pairs of equal rare words each held-out row makes with all of training."""
        often = np.bincount(self._rare[train].indices, minlength=self._rare.shape[1])
        asked = self._rare[held]
        ends = np.concatenate([[0], np.cumsum(often[asked.indices])])
        return ends[asked.indptr[1:]] - ends[asked.indptr[:-1]]

    def _near(self, held: NDArray[np.int64], train: NDArray[np.int64], at: Callable[[float], None]) -> list[Twin]:
        found: list[Twin] = []
        by_word = self._rare[train].T.tocsr()
        by_word.data = np.ones_like(by_word.data)
        for block in _blocks(self._cost(held, train)):
            at(block.start / len(held))
            one, other = self._candidates(held[block], train, by_word)
            likeness = self._sets.likeness(one, other)
            order = np.lexsort((other, -likeness, one))
            one, other, likeness = one[order], other[order], likeness[order]
            best = np.flatnonzero((likeness >= NEAR) & np.append(True, one[1:] != one[:-1])[: len(one)])
            found += [self._twin(int(one[n]), int(other[n]), float(likeness[n])) for n in best]
        return found

    def _candidates(
        self, held: NDArray[np.int64], train: NDArray[np.int64], by_word: Matrix
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pairs that can still be as like as near copies, by what they share of their rarest words."""
        shared = (self._rare[held] @ by_word).tocsr()
        one, other = np.repeat(held, np.diff(shared.indptr)), train[shared.indices]
        total, other_total = self._total[one], self._total[other]
        # Of the two, the rarest words of one end first; what it shares beyond them is at most the rest of its words.
        rest = np.where(self._last[one] <= self._last[other], self._rest[one], self._rest[other])
        may_share = shared.data + np.minimum(rest, np.minimum(total, other_total) - shared.data)
        kept = may_share >= (NEAR / (1 + NEAR) * (total + other_total)).astype(np.int32)
        return one[kept], other[kept]


def drawn(numbers: NDArray[np.int64], count: int, *, seed: int) -> NDArray[np.int64]:
    """So many of these rows, the same ones whenever the same rows are there."""
    salt = mixed(np.array([seed + 1], dtype=np.uint64))
    return numbers[np.argsort(mixed(numbers.astype(np.uint64) ^ salt), kind="stable")[:count]]


def _texts(rows: Rows, at: Callable[[int], None]) -> Iterator[str]:
    for row in rows:
        at(row.number)
        yield "\n".join(message.text for message in row.messages)


def _rarest(words: Matrix, weights: NDArray[np.int64], shingles: Shingles) -> tuple[Matrix, NDArray[np.int32]]:
    """By place, the weights of its rarest words (RARE_WEIGHT of it), and how common the last of them is.

    A word counts as another one in texts of another meaning (other numbers, signs, negations), which are no twins.
    """
    rank = np.empty(len(weights), dtype=np.int64)
    rank[np.argsort(-weights, kind="stable")] = np.arange(len(weights))
    place = np.repeat(np.arange(words.shape[0], dtype=np.int64), np.diff(words.indptr))
    order = np.argsort(place << 32 | rank[words.indices])
    word = words.indices[order].astype(np.int64)
    done = np.concatenate([[0], np.cumsum(weights[word])])
    left = done[words.indptr[1:]][place] - done[:-1]
    kept = left >= (1 - RARE_WEIGHT) * (words @ weights)[place]
    place, word = place[kept], word[kept]
    last = np.zeros(words.shape[0], dtype=np.int32)
    np.maximum.at(last, place, rank[word])
    meaning = np.unique(shingles.meaning, return_inverse=True)[1].astype(np.int64)
    column = np.unique(meaning[place] << 32 | word, return_inverse=True)[1]
    shape = (words.shape[0], int(column.max(initial=-1)) + 1)
    return csr_array((weights[word].astype(np.int32), (place, column)), shape=shape), last


def _blocks(costs: NDArray[np.int64]) -> Iterator[slice]:
    cuts = np.flatnonzero(np.diff(np.cumsum(costs) // BLOCK)) + 1
    for start, end in pairwise([0, *cuts.tolist(), len(costs)]):
        if end > start:
            yield slice(start, end)
