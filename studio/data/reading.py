"""Reading: the rows of a file as they are written, each with its true line number.

A new format is one more generator of Entry; what follows (parsing, mapping, checks) stays the same.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.data.problem import Problem
from studio.data.sniffing import BOM, Writing, writing_of
from studio.domain.dataset import Reject
from studio.domain.errors import DatasetError

LONGEST_LINE = 10 * 2**20
LARGEST_LIST = 256 * 2**20
SHOWN_CHARACTERS = 2000
TOO_LONG = Problem("This line is longer than 10 MB.", "Split it, or check that each row stands on a line of its own.")
AFTER_THE_END = Problem("There is something after the end of the list.", "Remove what follows the closing bracket.")


@dataclass(frozen=True, slots=True)
class Entry:
    """The bytes of one row, the line and column (both from 1) where it starts, and the bytes read so far.

    `raw` is empty for a blank line; `problem` is set where the reader already knows that this is no row.
    """

    line: int
    raw: bytes
    done: int
    column: int = 1
    problem: Problem | None = None

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
            text=self.raw[: 4 * SHOWN_CHARACTERS].decode("utf-8", "replace")[:SHOWN_CHARACTERS],
        )


def entries(path: Path) -> Iterator[Entry]:
    """Every row of a file in order; DatasetError when it is no file of JSON rows."""
    match writing_of(path):
        case Writing.LINES:
            return _lines(path)
        case Writing.LIST:
            return _elements(path, in_list=True)
        case Writing.SPREAD:
            return _elements(path, in_list=False)


def _lines(path: Path) -> Iterator[Entry]:
    """JSONL, split on line feeds alone: other line separators of Unicode may stand inside a text."""
    done = 0
    with path.open("rb") as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        number = 0
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            done += len(line)
            if len(line) <= LONGEST_LINE:
                yield Entry(number, line.rstrip(b" \t\r\n"), done)
                continue
            kept = line[: 4 * SHOWN_CHARACTERS]
            while line and not line.endswith(b"\n"):
                line = file.readline(LONGEST_LINE)
                done += len(line)
            yield Entry(number, kept, done, problem=TOO_LONG)


def _elements(path: Path, *, in_list: bool) -> Iterator[Entry]:
    """The objects of a JSON array, or of a file whose objects are spread over several lines."""
    if path.stat().st_size > LARGEST_LIST:
        raise DatasetError(
            "A JSON list of more than 256 MB is not read.", fix="Save it as JSONL: one JSON object per line."
        )
    # Bytes that are not UTF-8 survive as surrogates, and are explained where their element is parsed.
    text = path.read_bytes().removeprefix(BOM).decode("utf-8", "surrogateescape")
    return _Walk(text).elements(in_list=in_list)


class _Walk:
    """A walk over a text from element to element, counting lines on the way."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._line = 1
        self._line_start = 0
        self._resume: re.Pattern[str] | None = None

    def elements(self, *, in_list: bool) -> Iterator[Entry]:
        decoder = json.JSONDecoder()
        if in_list:
            self._go(self._next(" \t\r\n", self._place) + 1)
        while True:
            self._go(self._next(" \t\r\n,", self._place))
            start = self._place
            if start == len(self._text):
                return
            if in_list and self._text[start] == "]":
                break
            try:
                _, end = decoder.raw_decode(self._text, start)
            except (ValueError, RecursionError):
                end = self._end_of_broken(start)
            yield self._entry(start, end)
            self._go(end)
        self._go(self._next(" \t\r\n", self._place + 1))
        if self._place < len(self._text):
            yield self._entry(self._place, len(self._text), problem=AFTER_THE_END)

    def _entry(self, start: int, end: int, *, problem: Problem | None = None) -> Entry:
        raw = self._text[start:end].encode("utf-8", "surrogateescape")
        if len(raw) > LONGEST_LINE:
            raw, problem = raw[: 4 * SHOWN_CHARACTERS], TOO_LONG
        if self._resume is None and not self._text[self._line_start : start].strip():
            self._resume = self._next_like(start)
        return Entry(self._line, raw, end, column=start - self._line_start + 1, problem=problem)

    def _next_like(self, start: int) -> re.Pattern[str]:
        """Finds an object that opens on a line of its own, as far indented as the one at `start`."""
        return re.compile(r"[\s,]*\n" + re.escape(self._text[self._line_start : start]) + r"(?=\{)")

    def _end_of_broken(self, start: int) -> int:
        """Where a broken element ends: before the next that opens at the same indentation, or else at the very end."""
        found = (self._resume or self._next_like(start)).search(self._text, start + 1)
        end = found.start() if found else len(self._text)
        broken = self._text[start:end].rstrip()
        if not found:
            broken = broken.removesuffix("]").rstrip()
        return start + len(broken.removesuffix(",") if broken.endswith("},") else broken)

    def _next(self, skipped: str, place: int) -> int:
        """The first place from `place` on that holds none of the `skipped` characters."""
        while place < len(self._text) and self._text[place] in skipped:
            place += 1
        return place

    def _go(self, place: int) -> None:
        breaks = self._text.count("\n", self._place, place)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rindex("\n", self._place, place) + 1
        self._place = place
