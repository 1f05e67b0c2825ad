"""Reading: the rows of an upload as they are written, each with its true line number.

A new format is one more generator of Entry; what follows (parsing, mapping, checks) stays the same.
"""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studio.data import delimited, parquet, workbooks
from studio.data.encodings import in_utf8, not_in_encoding
from studio.data.entry import KEPT_BYTES, LONGEST_LINE, TOO_LONG, Entry, Tell
from studio.data.problem import Problem
from studio.data.sniffing import BOM, Writing, has_bom, writing_of
from studio.data.unpacking import CHUNK, At, unpack
from studio.domain.errors import DatasetError

LARGEST_LIST = 256 * 2**20
BLANKS_AT_ONCE = 10_000
AFTER_THE_END = Problem("There is something after the end of the list.", "Remove what follows the closing bracket.")


def _to_nobody(_text: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Readable:
    """An upload made ready for reading: a file of `size` bytes, unpacked and its text in UTF-8.

    `is_table` is false for JSON; `was_made` says whether making it ready took any work, and `encoding` what its text
    was decoded from, if it was.
    """

    path: Path
    size: int
    tell: Tell
    is_table: bool
    was_made: bool = False
    encoding: str | None = None

    def entries(self, *, telling: bool = False) -> Iterator[Entry]:
        """Every row in order; `telling` what was found on the way, for the first of several times."""
        found = entries(self.path, tell=self.tell if telling else _to_nobody)
        return found if self.encoding is None else _refused_where_marked(found, self.encoding)


@contextmanager
def readable(source: Path, *, scratch: Path, encoding: str | None, at: At, tell: Tell) -> Iterator[Readable]:
    """The upload unpacked and in UTF-8, as long as the block runs; `scratch` is a folder that is gone afterwards.

    `at` is told the share of this work that is done, 0 to 1, and may raise to stop it; `tell` is told what was found.
    """
    shutil.rmtree(scratch, ignore_errors=True)  # of a reading that was killed
    try:
        plain = unpack(source, into=scratch, at=lambda share: at(share / 2), tell=tell)
        text = in_utf8(plain, into=scratch, encoding=encoding, at=lambda share: at(0.5 + share / 2), tell=tell)
        size = max(text.path.stat().st_size, 1)
        yield Readable(text.path, size, tell, _is_table(text.path), text.path != source, text.title)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def entries(path: Path, *, tell: Tell = _to_nobody) -> Iterator[Entry]:
    """Every row of an unpacked file in order; DatasetError when it is no file of rows."""
    if has_bom(path):
        tell("The file starts with a byte order mark, which was skipped.")
    match writing_of(path):
        case Writing.LINES:
            return _lines(path)
        case Writing.LIST:
            return _elements(path, in_list=True)
        case Writing.SPREAD:
            return _elements(path, in_list=False)
        case Writing.WORKBOOK:
            return workbooks.entries(path, tell=tell)
        case Writing.PARQUET:
            return parquet.entries(path, tell=tell)
        case Writing.TEXT:
            dialect = delimited.dialect_of(path)
            return delimited.entries(path, dialect, tell=tell) if dialect else _lines(path)


def _is_table(path: Path) -> bool:
    match writing_of(path):
        case Writing.WORKBOOK | Writing.PARQUET:
            return True
        case Writing.TEXT:
            return delimited.dialect_of(path) is not None
    return False


def _refused_where_marked(found: Iterator[Entry], encoding: str) -> Iterator[Entry]:
    for entry in found:
        problem = entry.problem or not_in_encoding(entry.raw, title=encoding)
        yield entry._replace(problem=problem) if problem else entry


def _lines(path: Path) -> Iterator[Entry]:
    """JSONL, split on line feeds alone: other line separators of Unicode may stand inside a text."""
    done = number = blanks = 0
    with path.open("rb") as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        while line := file.readline(LONGEST_LINE + 1):
            number += 1
            raw, problem = line.rstrip(b" \t\r\n"), None
            if len(line) > LONGEST_LINE:
                raw, problem = line[:KEPT_BYTES], TOO_LONG
            if blanks and (raw or blanks == BLANKS_AT_ONCE):
                yield Entry(number - 1, b"", done, blanks=blanks)
                blanks = 0
            done += len(line)
            while problem and line and not line.endswith(b"\n"):
                line = file.readline(CHUNK)
                done += len(line)
            if raw:
                yield Entry(number, raw, done, 1, problem)
            else:
                blanks += 1
    if blanks:
        yield Entry(number, b"", done, blanks=blanks)


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
            raw, problem = raw[:KEPT_BYTES], TOO_LONG
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
