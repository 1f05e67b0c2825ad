"""Labels: one label that is written in several ways, in short answers, “name: value” lines and fields of JSON."""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from studio.data.checks.forms import Format, form_of
from studio.data.checks.gathering import titled
from studio.domain.finding import Finding, FindingKind, Group, Mark
from studio.domain.row import Row

LONGEST = 40  # characters of a label
MOST_WORDS = 4
MOST_WAYS = 200  # different texts in one place; with more, they are no labels
MOST_PLACES = 50
LEAST_USES = 5  # rows for each label on average; with fewer, they are no labels

ANSWER, NAMES = "", ":"  # the place of a label that is the whole answer, and of the names before the colon

_JOINED = re.compile(r"(?<=\w)[\s_-]+(?=\w)")


@dataclass(slots=True)
class _Uses:
    """The rows that write a text in one way."""

    rows: array = field(default_factory=lambda: array("q"))
    lines: array = field(default_factory=lambda: array("q"))


class Labels:
    """The same label written differently: other capitals, spaces, joins or end marks."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, _Uses] | None] = {}

    def add(self, row: Row) -> None:
        for place, text in labels_of(row.answer):
            if place not in self._places and len(self._places) >= MOST_PLACES:
                continue
            ways = self._places.setdefault(place, {})
            if ways is None:
                continue
            if len(text) > LONGEST or (text not in ways and len(ways) >= MOST_WAYS):
                self._places[place] = None  # free text
                continue
            uses = ways.setdefault(text, _Uses())
            if not uses.rows or uses.rows[-1] != row.number:
                uses.rows.append(row.number)
                uses.lines.append(row.line)

    def finding(self) -> Finding | None:
        """One group per label; its rows are those that do not write it in the most frequent way."""
        groups = [group for ways in self._places.values() if ways for group in _groups(ways)]
        if not groups:
            return None
        groups.sort(key=lambda group: -len(group.rows))
        count = len({number for group in groups for number in group.rows})
        return Finding(
            kind=FindingKind.LABELS,
            title=titled(count, "row writes a label in another way", "rows write a label in another way"),
            count=count,
            why="The model would learn each way of writing as a label of its own, and counts by label would be wrong.",
            groups=tuple(groups),
        )


def labels_of(answer: str) -> Iterator[tuple[str, str]]:
    """The labels of an answer, each with its place."""
    form = form_of(answer)
    for name, value in form.fields:
        yield NAMES, name
        if value and not value.isspace():
            yield f"{plain_label(name)}=", value
    is_short = len(answer) <= LONGEST and "\n" not in answer.strip() and answer.count(" ", 1, -1) < MOST_WORDS
    if is_short and form.format is Format.PLAIN:
        yield ANSWER, answer


def marks(row: Row, groups: Iterable[Group]) -> list[Mark]:
    """Where a row writes a label otherwise than most, by the groups of the finding that it stands in."""
    reasons = [group.reason for group in groups if row.number in group.rows]
    found, end = [], 0
    for _, text in labels_of(row.answer):
        start = row.answer.find(text, end)
        if start < 0:  # JSON writes it with signs of its own
            continue
        end = start + len(text)
        if any(_is_rare(text, reason) for reason in reasons):
            found.append(Mark(row.number, len(row.messages) - 1, start, end, "written otherwise than most"))
    return found


def _is_rare(text: str, written: str) -> bool:
    """Whether the ways to write a label, of which the usual one is named last, have this one among the others."""
    start = written.rfind(", “") + 2 if ", “" in written else 0
    return f"“{text}” " in written[:start]


def plain_label(text: str) -> str:
    """What the ways to write a label have in common."""
    return _JOINED.sub(" ", text.casefold()).strip(" \t\r\n.,;:!?\"'“”") or text


def _groups(ways: dict[str, _Uses]) -> Iterator[Group]:
    alike: dict[str, list[str]] = defaultdict(list)
    for text in ways:
        alike[plain_label(text)].append(text)
    if sum(len(uses.rows) for uses in ways.values()) < LEAST_USES * len(alike):
        return
    for texts in alike.values():
        if len(texts) > 1:
            texts.sort(key=lambda text: (-len(ways[text].rows), text))
            rare = sorted({pair for text in texts[1:] for pair in zip(ways[text].rows, ways[text].lines, strict=True)})
            written = ", ".join(f"“{text}” {_times(len(ways[text].rows))}" for text in reversed(texts))
            yield Group(tuple(row for row, _ in rare), tuple(line for _, line in rare), written)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
