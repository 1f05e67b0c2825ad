"""Entry: one row as a file holds it, with its place, before anybody knows whether it can be used."""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from studio.data.locating import Find, Place, value_at
from studio.data.problem import Problem, Where, where_after
from studio.domain.dataset import Reject
from studio.domain.excerpt import excerpt
from studio.domain.halves import whole

LONGEST_LINE = 10 * 2**20
SHOWN_CHARACTERS = 2000
KEPT_BYTES = 4 * SHOWN_CHARACTERS
TOO_LONG = Problem("This line is longer than 10 MB.", "Split it, or check that each row stands on a line of its own.")

Tell = Callable[[str], None]


class Entry(NamedTuple):
    """The bytes of one row, the line and column (both from 1) where it starts, and the bytes read so far.

    `raw` is the row as JSON, and empty for `blanks` blank lines, of which `line` is the last. Where a file has no
    lines, as sheets and Parquet files, the line is the record's number, and there is no column. `written` is what
    stands in the file where `raw` was made from it, and `find` knows where the fields are in that.
    `problem` is set where the reader already knows that this is no row; `raw` then is the text as it stands.
    """

    line: int
    raw: bytes
    done: int
    column: int | None = 1
    problem: Problem | None = None
    blanks: int = 1
    written: bytes | None = None
    find: Find = value_at

    def reject(self, problem: Problem) -> Reject:
        """The problem with its place in the file, what is written there, and the beginning of the text."""
        told = Reject(
            line=self.line + problem.lines_down,
            reason=problem.reason,
            fix=problem.fix,
            field=problem.field,
            text=as_text(self._as_it_stands[:KEPT_BYTES])[:SHOWN_CHARACTERS],
        )
        if problem is TOO_LONG:
            return told
        text = as_text(self._as_it_stands)
        place = self._place(problem, text)
        if place is None:
            return told
        where = where_after(text[: place.start])
        first = place.start - where.column + 1
        return replace(
            told,
            line=self.line + where.lines_down,
            column=self._column(where),
            cell=place.cell,
            excerpt=excerpt(_line(text, first), place.start - first, place.end - first),
        )

    def _column(self, where: Where) -> int | None:
        """The column in the file of a place in the text as it stands."""
        if self.column is None:
            return None
        return where.column if where.lines_down else where.column + self.column - 1

    @property
    def _as_it_stands(self) -> bytes:
        return self.raw if self.written is None else self.written

    def _place(self, problem: Problem, text: str) -> Place | None:
        """What the problem means in the text as it stands; a column counts in `raw`, and so only where that is it."""
        if problem.field and (found := self.find(text, problem.field)):
            return found
        if self.written is not None:
            return None
        start = _start_of_line(text, problem.lines_down) + (problem.column or 1) - 1
        return Place(start, start + 1) if start <= len(text) else None


def as_text(raw: bytes) -> str:
    """The characters of a row, with the sign � for each that its encoding does not know."""
    try:
        return whole(raw.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")


def _start_of_line(text: str, lines_down: int) -> int:
    start = 0
    for _ in range(lines_down):
        start = text.index("\n", start) + 1
    return start


def _line(text: str, start: int) -> str:
    end = text.find("\n", start)
    return (text[start:end] if end >= 0 else text[start:]).removesuffix("\r")
