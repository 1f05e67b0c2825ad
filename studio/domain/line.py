"""Line: who waits for a device, in which order, and when each of them should begin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite


@dataclass(frozen=True, slots=True)
class Span:
    """A time in seconds that is only known as a range."""

    low: float
    high: float

    def __add__(self, other: "Span") -> "Span":
        return Span(self.low + other.low, self.high + other.high)

    def less(self, seconds: float) -> "Span | None":
        """What is left after `seconds`; None when they are more than was ever expected."""
        return Span(max(self.low - seconds, 0.0), self.high - seconds) if seconds < self.high else None


NOW = Span(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Wait:
    """One that waits: how long it will take, where that is known, and the device that was chosen for it (None: any)."""

    takes: Span | None
    wants: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """When one that waits begins, and the device that it is given; several while it is not known which of them."""

    begins: Span | None
    places: tuple[str, ...]


def span(low: float, high: float) -> Span | None:
    """A range, where both of its ends are numbers."""
    return Span(low, high) if isfinite(low) and isfinite(high) else None


def turns(waiting: Sequence[Wait], free_in: Mapping[str, Span | None]) -> list[Turn]:
    """In how many seconds each of those that wait begins and where, first in the line first; None for no known time.

    `free_in` tells for each device when it is free. What may have any device is given the one that is free first; it
    is not known which that is while the time of one of them is not known.
    """
    free: dict[str, Span | None] = dict(free_in)
    made: list[Turn] = []
    for wait in waiting:
        places = [place for place in free if wait.wants in (None, place)]
        idle = [place for place in places if free[place] == NOW]
        is_known = bool(idle) or (bool(places) and all(free[place] is not None for place in places))
        if not is_known:
            made.append(Turn(None, tuple(places)))
            free |= dict.fromkeys(places)  # it takes one of them, for as long as nobody can tell
            continue
        place = min(idle or places, key=lambda place: _end(free[place]))
        when = free[place]
        assert when is not None
        made.append(Turn(when, (place,)))
        free[place] = when + wait.takes if wait.takes else None
    return made


def _end(when: Span | None) -> float:
    return when.high if when else inf
