"""Veiling: texts as a screen may show them, their secrets and personal data without their middle.

Whoever looks at a screen need not be one who may see them. Rows, runs and downloads hold the texts as they are.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, groupby

from studio.data.checks import secrets
from studio.data.checks.masking import sensitive
from studio.data.checks.places import Span
from studio.data.differing import differences
from studio.domain.excerpt import MORE

DOT, DOTS = "•", "•••"
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\.")
_WRITTEN = {"n": "\n", "t": "\t", "r": "\r"}
_TORN = re.compile(f"(?<=^{MORE})[\\w.%+@/=-]+|(?<![\\w.%+@/=-])[\\w.%+@/=-]+(?={MORE}$)")
_DIGIT = re.compile("[0-9]")
_SIGNS = 0xF0000  # where the signs begin that stand for nothing by themselves


@dataclass(frozen=True)
class Veiled:
    """A text and the places in it that are not to be seen, in order; none overlap."""

    text: str
    places: Sequence[Span]

    @property
    def shown(self) -> str:
        """The whole text as a screen may show it: a•••@e•••.com."""
        return "".join(shown for shown, _ in self.pieces(0, len(self.text)))

    @property
    def notes(self) -> list[str]:
        """What is hidden, in words, each once."""
        return [*dict.fromkeys(place.note for place in self.places)]

    def pieces(self, start: int, end: int) -> Iterator[tuple[str, str]]:
        """What may be shown of the characters `start` to `end` (excluded), each with what is hidden there, or ""."""
        for place in self.places[bisect_right(self._ends, start) : bisect_left(self._starts, end)]:
            if start < place.start:
                yield self.text[start : place.start], ""
            yield veil(self.text[place.start : place.end], place), place.note
            start = place.end
        if start < end:
            yield self.text[start:end], ""

    def around(self, start: int, end: int) -> tuple[int, int]:
        """The same stretch made so long that it ends in the middle of nothing hidden."""
        places = self.places[bisect_right(self._ends, start) : bisect_left(self._starts, end)]
        return (min(start, places[0].start), max(end, places[-1].end)) if places else (start, end)

    @cached_property
    def _starts(self) -> list[int]:
        return [place.start for place in self.places]

    @cached_property
    def _ends(self) -> list[int]:
        return [place.end for place in self.places]


def veiled(text: str) -> Veiled:
    return Veiled(text, _hidden(text))


def veiled_as_written(text: str) -> Veiled:
    """A piece of a file, in which texts may be JSON with its escapes, and which "…" may cut off anywhere."""
    plain, at = _unescaped(text)
    found = [Span(at[span.start], at[span.end], span.note, span.tag) for span in _hidden(plain)]
    torn = [
        Span(*match.span(), "cut off here")
        for match in _TORN.finditer(text)
        if "@" in match[0] or len(_DIGIT.findall(match[0])) >= 4
    ]
    apart = [span for span in torn if not any(span.start < other.end and other.start < span.end for other in found)]
    return Veiled(text, sorted(found + apart, key=lambda span: span.start))


def veiled_differences(first: str, second: str) -> list[tuple[str, str]]:
    """`differences` of two texts, in which everything that is hidden is one word: another one where it is another.

    A changed address is seen to have changed even where what is shown of both is the same.
    """
    signs: dict[tuple[str, str], str] = {}
    free = (chr(code) for code in count(_SIGNS) if chr(code) not in first and chr(code) not in second)
    pieces = differences(*(_signed(text, signs, free) for text in (first, second)))
    shown = {ord(sign): veil(written, Span(0, 0, "", tag)) for (written, tag), sign in signs.items()}
    return [(side, text.translate(shown)) for side, text in pieces]


def dotted(text: str) -> str:
    """The text at its full length, a dot in place of every letter and digit that is hidden."""
    parts, done = [], 0
    for span in _hidden(text):
        written = text[span.start : span.end]
        hidden = (DOT if not seen and letter.isalnum() else letter for letter, seen in _seen(written, span))
        parts += [text[done : span.start], *hidden]
        done = span.end
    return "".join([*parts, text[done:]])


def _hidden(text: str) -> list[Span]:
    """All that masking would take, in order: also what is only found once something before it is gone."""
    found: list[Span] = []
    while more := sensitive(text):
        found, letters = found + more, list(text)
        for span in more:
            letters[span.start : span.end] = "]" * (span.end - span.start)
        text = "".join(letters)
    return sorted(found, key=lambda span: span.start)


def veil(written: str, span: Span) -> str:
    """What is shown of something hidden: too little to use it, enough to tell what it is."""
    runs = groupby(_seen(written, span), key=lambda each: each[1])
    return "".join("".join(letter for letter, _ in run) if seen else DOTS for seen, run in runs)


def _seen(written: str, span: Span) -> list[tuple[str, bool]]:
    """Every letter, and whether it may be seen."""
    end, shown = len(written), set[int]()
    if span.tag == "[EMAIL]":
        at, ending = written.rindex("@"), written.rindex(".")
        shown = {at, *range(ending, end)} | ({0} if at > 1 else set()) | ({at + 1} if ending > at + 2 else set())
    elif span.tag in ("[CARD]", "[IBAN]", "[PHONE]", "[SSN]"):
        first = [place for place, letter in enumerate(written) if letter.isalnum() or letter == "+"][:2]
        shown = {*first, end - 2, end - 1}
    elif span.tag == secrets.KEY:
        shown = {0, 1, 2}
    return [(letter, place in shown) for place, letter in enumerate(written)]


def _signed(text: str, signs: dict[tuple[str, str], str], free: Iterator[str]) -> str:
    """The text with one sign in place of everything hidden, the same for what is the same."""
    parts, done = [], 0
    for span in _hidden(text):
        known = (text[span.start : span.end], span.tag)
        if known not in signs:
            signs[known] = next(free)
        parts += [text[done : span.start], signs[known]]
        done = span.end
    return "".join([*parts, text[done:]])


def _unescaped(text: str) -> tuple[str, list[int]]:
    """What JSON means by a text, and where each of its characters stands as it is written; one more for the end."""
    plain: list[str] = []
    at: list[int] = []
    done = 0
    for match in _ESCAPE.finditer(text):
        written = match[0]
        at += [*range(done, match.end() - len(written) + 1)]
        meant = chr(int(written[2:], 16)) if len(written) == 6 else _WRITTEN.get(written[1], written[1])
        plain += [text[done : match.start()], meant]
        done = match.end()
    return "".join([*plain, text[done:]]), [*at, *range(done, len(text) + 1)]
