"""Sides: rows that must stay together, joined a few at a time."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray


class Sides:
    """Sets of rows that share a side (union-find); a side is named by its first row."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def of(self, number: int) -> int:
        path = []
        while (above := self._above.get(number)) is not None:
            path.append(number)
            number = above
        for passed in path:
            self._above[passed] = number
        return number

    def join(self, numbers: Sequence[int]) -> None:
        for other in numbers[1:]:
            first, second = sorted((self.of(numbers[0]), self.of(other)))
            if first != second:
                self._above[second] = first

    def leaders(self, count: int) -> NDArray[np.int64]:
        """The first row of the side of every row from 0 to `count`; most are alone."""
        leaders = np.arange(count, dtype=np.int64)
        for number in list(self._above):
            leaders[number] = self.of(number)
        return leaders


def sides_of(count: int, sets: Iterable[list[int] | tuple[int, ...]], *leaders: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of the side of every row from 0 to `count`, as Sides tells it, but for very many sets at once.

    `leaders` give for every row another one that it shares its side with.
    """
    firsts, members = array("q"), array("q")
    for numbers in sets:
        firsts.extend(numbers[:1] * len(numbers))
        members.extend(numbers)
    everyone = np.arange(count, dtype=np.int64)
    first = np.concatenate([np.array(firsts, dtype=np.int64), *leaders])
    second = np.concatenate([np.array(members, dtype=np.int64), *[everyone] * len(leaders)])
    side = everyone
    while True:
        one, other = side[first], side[second]
        apart = one != other
        if not apart.any():
            return side
        first, second, one, other = first[apart], second[apart], one[apart], other[apart]
        lower = side.copy()
        np.minimum.at(lower, np.maximum(one, other), np.minimum(one, other))
        while not np.array_equal(lower, side := lower[lower]):  # each row names the first of its side, however far away
            lower = side
