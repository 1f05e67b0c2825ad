"""Habits: answers in another format than most, and spaces or invisible characters that most answers do not have."""

import re
from collections import Counter

from studio.data.checks.forms import Format, form_of
from studio.data.checks.gathering import Gathered
from studio.domain.finding import Finding, FindingKind, Mark
from studio.domain.row import Row

MINORITY = 0.3  # a smaller share departs from a habit; a larger one is a habit of its own
SAMPLE = 10  # answers that it takes to speak of a habit


class Formats:
    """Answers that are written in another format than most of their file."""

    def __init__(self) -> None:
        self._found = Gathered()
        self._counts = Counter[Format]()

    def add(self, row: Row) -> None:
        written = form_of(row.answer).format
        self._counts[written] += 1
        self._found.add(row, f"answers in {written}")

    def finding(self) -> Finding | None:
        total = self._counts.total()
        if total < SAMPLE:
            return None
        (usual, most), *others = self._counts.most_common()
        if most <= (1 - MINORITY) * total or not others:
            return None
        return self._found.finding(
            FindingKind.FORMAT,
            one=f"answer is not in {usual}, as most are",
            many=f"answers are not in {usual}, as most are",
            why="The model would change its format without being asked. Write these like the others, or remove them.",
            only=[f"answers in {written}" for written, _ in others],
        )


_AROUND, _BLANK_LINES, _TABS = "spaces or lines before or after the text", "several blank lines in a row", "tabs"
_NO_BREAK, _INVISIBLE = "no-break spaces", "invisible characters"
# French sets a no-break space before ; : ! ? » % and the like, and after «.
_ODD_SPACE = re.compile(r"(?<!«)[\u00a0\u202f](?![:;!?»%€$£0-9])")
_UNSEEN = re.compile("[\u200b\u2060\ufeff\u00ad\u200e\u200f\u0000-\u0008\u000e-\u001f]")
_BLANK = re.compile(r"\n[ \t]*\n[ \t]*\n")


class Spaces:
    """Answers with stray spaces or invisible characters, in a file where most have none."""

    def __init__(self) -> None:
        self._found = Gathered()
        self._rows = 0

    def add(self, row: Row) -> None:
        self._rows += 1
        for mark in stray_marks(row):
            self._found.add(row, mark.note, marks=[mark])

    def finding(self) -> Finding | None:
        kinds = (_AROUND, _BLANK_LINES, _TABS, _NO_BREAK, _INVISIBLE)
        return self._found.finding(
            FindingKind.SPACES,
            one="answer has stray spaces or invisible characters",
            many="answers have stray spaces or invisible characters",
            why="Most answers have none. The model would learn to add them, and programs may stumble over them.",
            only=[kind for kind in kinds if self._found.count(kind) < MINORITY * self._rows],
        )


def stray_marks(row: Row) -> list[Mark]:
    """What is stray in the answer of a row."""
    return [Mark(row.number, len(row.messages) - 1, start, end, reason) for reason, start, end in _stray(row.answer)]


def _stray(answer: str) -> list[tuple[str, int, int]]:
    """What is stray in an answer, each kind where it stands first."""
    found = []
    inner = answer.strip()
    if len(inner) != len(answer):
        before = answer.index(inner) if inner else len(answer)
        place = (0, before) if before else (len(inner), len(answer))
        found.append((_AROUND, *place))
    if "\n" in answer and (match := _BLANK.search(answer)):
        found.append((_BLANK_LINES, *match.span()))
    if "\t" in answer and "```" not in answer:
        found.append((_TABS, place := answer.index("\t"), place + 1))
    if not answer.isascii() and (match := _ODD_SPACE.search(answer)):
        found.append((_NO_BREAK, *match.span()))
    if not answer.isprintable() and (match := _UNSEEN.search(answer)):
        found.append((_INVISIBLE, *match.span()))
    return found
