"""Entry: one row as a file holds it, with its place, before anybody knows whether it can be used."""

from collections.abc import Callable
from typing import NamedTuple

from studio.data.problem import Problem
from studio.domain.dataset import Reject

LONGEST_LINE = 10 * 2**20
SHOWN_CHARACTERS = 2000
KEPT_BYTES = 4 * SHOWN_CHARACTERS
TOO_LONG = Problem("This line is longer than 10 MB.", "Split it, or check that each row stands on a line of its own.")

Tell = Callable[[str], None]


class Entry(NamedTuple):
    """The bytes of one row, the line and column (both from 1) where it starts, and the bytes read so far.

    `raw` is the row as JSON, and empty for `blanks` blank lines, of which `line` is the last; the line is the record's
    number where a file has no lines.
    `problem` is set where the reader already knows that this is no row; `raw` then is the text as it stands.
    """

    line: int
    raw: bytes
    done: int
    column: int = 1
    problem: Problem | None = None
    blanks: int = 1

    def reject(self, problem: Problem) -> Reject:
        """The problem with its place in the file and the beginning of the text."""
        column = problem.column
        if column is not None and problem.lines_down == 0:
            column += self.column - 1
        return Reject(
            line=self.line + problem.lines_down,
            reason=problem.reason,
            fix=problem.fix,
            column=column,
            field=problem.field,
            text=self.raw[:KEPT_BYTES].decode("utf-8", "replace")[:SHOWN_CHARACTERS],
        )
