"""Sides: rows that must stay together, joined a few at a time."""

from collections.abc import Sequence

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
