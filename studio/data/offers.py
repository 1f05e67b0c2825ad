"""Offers: what could be repaired in a file, counted while it is read, with the first lines before and after."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from studio.data.repairing import Repair
from studio.domain.excerpt import MORE

EXAMPLES = 3
SHOWN_BEFORE = 60
SHOWN = 160

# After "12 lines have …", and what is done about it.
WORDS = {
    Repair.SEVERAL_ROWS: ("more than one row", "Each row is put on a line of its own, and counted as one."),
    Repair.COMMA_AFTER: ("a comma after the row", "The comma is removed."),
    Repair.TRAILING_COMMA: ("a comma before a closing bracket", "The comma is removed."),
    Repair.SINGLE_QUOTES: (
        "single quotes where JSON wants double quotes",
        "The same texts are written the way of JSON; None, True and False too.",
    ),
    Repair.TYPOGRAPHIC_QUOTES: (
        "typographic quotation marks where JSON wants straight ones",
        "Straight ones take their place around names and texts.",
    ),
    Repair.UNQUOTED_NAME: ("a field name without double quotes", "The name is put in double quotes."),
    Repair.FOREIGN_WORD: (
        "a word that JSON does not know, such as NaN or None",
        "True and False are written the way of JSON; the others become null, which is no value.",
    ),
    Repair.CONTROL_CHARACTER: (
        "a raw tab or another control character inside a text",
        "It is written the way of JSON, and stays in the text; only NUL, which no text needs, is removed.",
    ),
    Repair.BYTE_ORDER_MARK: ("a byte order mark", "The mark, which is no part of the text, is removed."),
    Repair.WINDOWS_1252: ("characters that are not UTF-8", "They are read as Windows-1252."),
    Repair.HALF_CHARACTER: ("half of a character", "The sign � takes its place; the rest of the text stays."),
    Repair.BACKSLASH: (
        "a backslash before a character that it cannot escape",
        "The backslash is doubled, which is how JSON writes a real one.",
    ),
}


@dataclass(frozen=True, slots=True)
class Example:
    """The place of a line where the repair begins, as written and as it would become; "…" where there is more."""

    line: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One kind of repair: how many refused lines it would make rows of, in words, and the first of them.

    `title` says what is wrong with how many lines, `remedy` what would be done about it.
    """

    kind: Repair
    title: str
    remedy: str
    count: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Repaired:
    """How many lines of each kind were repaired when a dataset was read."""

    counts: dict[Repair, int]

    @property
    def sentence(self) -> str:
        """How many, and of what; "" where none was."""
        listed = [f"{count:,} had {WORDS[kind][0]}" for kind, count in self.counts.items()]
        if len(listed) == 1:
            listed = [f"each had {WORDS[kind][0]}" for kind in self.counts]
        total = _lines(sum(self.counts.values()), "was", "were")
        return f"{total} repaired as you asked: {', '.join(listed)}." if listed else ""


class Offers:
    """Counts the lines of each kind, and keeps the first three of each as examples."""

    def __init__(self) -> None:
        self._counts: Counter[Repair] = Counter()
        self._examples: dict[Repair, list[dict[str, Any]]] = {}

    def add(self, kind: Repair, *, line: int, before: str, after: str) -> None:
        self._counts[kind] += 1
        kept = self._examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append({"line": line, **_around_the_change(before, after)})

    def as_list(self) -> list[dict[str, Any]]:
        """For the result of a job: kind, count and examples, the most lines first."""
        return [
            {"kind": kind.value, "count": count, "examples": self._examples[kind]}
            for kind, count in self._counts.most_common()
        ]


def offers_from(told: Iterable[Mapping[str, Any]]) -> list[Offer]:
    """The offers in the result of a job."""
    return [
        Offer(
            kind=(kind := Repair(each["kind"])),
            title=f"{_lines(each['count'], 'has', 'have')} {WORDS[kind][0]}.",
            remedy=WORDS[kind][1],
            count=each["count"],
            examples=tuple(Example(**example) for example in each["examples"]),
        )
        for each in told
    ]


def repaired_from(told: Mapping[str, int]) -> Repaired:
    """The repairs in the result of a job."""
    return Repaired({Repair(kind): count for kind, count in told.items()})


def _lines(count: int, one: str, many: str) -> str:
    return f"{count:,} line {one}" if count == 1 else f"{count:,} lines {many}"


def _around_the_change(before: str, after: str) -> dict[str, str]:
    pairs = enumerate(zip(before, after, strict=False))
    change = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(0, change - SHOWN_BEFORE)
    return {"before": _excerpt(before, start), "after": _excerpt(after, start)}


def _excerpt(text: str, start: int) -> str:
    end = start + SHOWN
    return (MORE if start else "") + text[start:end] + (MORE if len(text) > end else "")
