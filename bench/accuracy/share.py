"""Share: so many of so many, with how sure that is."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z = 1.959963984540054  # 95 %
FEW = 1000  # cases; with more, the interval says little more than the share itself


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `of` cases. `forms` counts the different ways in which they were written, where these are fewer:
    one sentence filled in a hundred times is found a hundred times or never, and proves no more than once.
    """

    hits: int
    of: int
    forms: int = 0

    @property
    def value(self) -> float:
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of Wilson (1927), from as many cases as are independent."""
        n = min(self.forms or self.of, self.of)
        if not n:
            return 0.0, 1.0
        centre, square = self.value + Z * Z / (2 * n), Z * Z / n
        half = Z * sqrt((self.value * (1 - self.value) + square / 4) / n)
        return max(0.0, (centre - half) / (1 + square)), min(1.0, (centre + half) / (1 + square))

    def __str__(self) -> str:
        if not self.of:
            return "–"
        forms = f" in {self.forms} way{'' if self.forms == 1 else 's'}" if 0 < self.forms < self.of else ""
        return f"{percent(self.value)} ({self.hits:,} of {self.of:,}{forms}{self._how_sure()})"

    def _how_sure(self) -> str:
        if min(self.forms or self.of, self.of) >= FEW:
            return ""
        low, high = self.interval
        return f"; {100 * low:.0f} to {100 * high:.0f} %"


def percent(value: float) -> str:
    """As many digits as it takes to tell much from all, and little from nothing."""
    return f"{100 * value:.{0 if value in (0, 1) else 2 if min(value, 1 - value) < 0.001 else 1}f} %"


def share(claims: Iterable[bool]) -> Share:
    held = list(claims)
    return Share(sum(held), len(held))
