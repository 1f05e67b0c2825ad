"""Places: where in a text something stands, and the marks that come of it."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from studio.domain.finding import Mark
from studio.domain.row import Row


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` (excluded) of a text, what they are in words, and the tag that can stand for them."""

    start: int
    end: int
    note: str
    tag: str = ""


def marks_of(row: Row, spans: Callable[[str], list[Span]], *, by: str = "") -> list[Mark]:
    """The marks in the messages of a row; `by` names the role whose messages alone are looked at.

    An answer that was rejected is looked at as well, but not for what a model would learn of the assistant.
    """
    made: list[Mark] = []
    for place, message in enumerate(row.messages if by else (*row.messages, *row.rejected)):
        if by and message.role != by:
            continue
        # Most files have one system message for all rows.
        found = _remembered(spans, message.text) if message.role == "system" else spans(message.text)
        for span in found:
            made.append(Mark(row.number, place, span.start, span.end, span.note))
    return made


@lru_cache(maxsize=16)
def _remembered(spans: Callable[[str], list[Span]], text: str) -> list[Span]:
    return spans(text)


def apart(spans: list[Span], *, taken: list[Span]) -> list[Span]:
    """Those of `spans` that share no character with `taken`, whose own share none with each other."""
    places = sorted((span.start, span.end) for span in taken)
    kept = []
    for span in spans:
        after = bisect_left(places, (span.end, 0))  # the first that begins at or behind its end
        if after == 0 or places[after - 1][1] <= span.start:
            kept.append(span)
    return kept
