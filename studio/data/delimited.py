"""Delimited: tables as text (CSV, TSV), whose dialect is found by trying; every record keeps its true line."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path
from typing import BinaryIO

import orjson

from studio.data.cells import Cells
from studio.data.entry import LONGEST_LINE, TOO_LONG, Entry, Tell, as_text
from studio.data.known import ALONE
from studio.data.locating import value_at
from studio.data.problem import Problem, where_after
from studio.data.sniffing import BOM, HEAD_BYTES, head_of
from studio.data.tables import NAME_THEM, column_names, entry, held, is_known, listed
from studio.domain.errors import DatasetError

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
SEPARATOR_LINE = re.compile(r"sep=([,;\t|])\s*", re.IGNORECASE)
NUL = Problem("A raw NUL stands in this line.", "Remove it.")
RETURN = Problem("A raw carriage return stands inside a cell.", "Put the cell in quotation marks, or remove it.")
MISSING_FIX = "Add the missing cells, or leave the row out."
QUOTES_FIX = 'Close every quotation mark; one inside a cell is written as two: "".'


@dataclass(frozen=True, slots=True)
class Dialect:
    """What separates the cells, and whether quotation marks enclose them or are part of the text.

    Some programs write the separator on a line of its own above the table (sep=;).
    """

    delimiter: str
    quoted: bool = True
    separator_line: bool = False

    def reader(self, lines: Iterable[str]):  # noqa: ANN201  # csv has no public name for what it gives
        quoting = csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE
        return csv.reader(lines, delimiter=self.delimiter, quoting=quoting, strict=True)


def dialect_of(path: Path) -> Dialect | None:
    """How the cells of a table are separated, judged by the beginning of the file; None when it is no table."""
    head, whole = head_of(path).removeprefix(BOM), path.stat().st_size <= HEAD_BYTES
    lines = list(io.StringIO(head.decode("utf-8", "surrogateescape"), newline="\n"))
    first = next((line for line in lines if not line.isspace()), "")
    if told := SEPARATOR_LINE.fullmatch(first):
        return Dialect(told[1], separator_line=True)
    tried = [Dialect(delimiter) for delimiter in DELIMITERS]
    tried += [Dialect(delimiter, quoted=False) for delimiter in "\t|"]
    fits = [(fit, dialect) for dialect in tried if (fit := _fit(lines, dialect, whole=whole))]
    if fits:
        return max(fits, key=lambda pair: pair[0])[1]
    return Dialect(",") if first.strip().strip('"').casefold() in ALONE else None


def _fit(lines: list[str], dialect: Dialect, *, whole: bool) -> tuple[bool, bool, float, int, bool] | None:
    """How well a dialect fits, to be compared; None when it does not.

    First counts that the column names are well known, then that no quotation mark is out of place, then the share of
    rows with as many cells as there are names.
    """
    names, widths, clean = [], [], True
    reader = dialect.reader(lines)
    try:
        for cells in reader:
            if any(cells):
                names = names or cells
                widths.append(len(cells))
    except csv.Error:
        clean = not whole and reader.line_num >= len(lines)  # the beginning of the file ends inside a cell
    if not names:  # their own quotation marks are wrong; told when they are read
        names = [cell.strip('"') for cell in next(filter(str.strip, lines), "").strip().split(dialect.delimiter)]
    rows = widths[1:] if whole or len(widths) < 3 else widths[1:-1]
    share = rows.count(len(names)) / len(rows) if rows else 1.0
    if len(names) < 2 or (share < 0.5 and not is_known(names)):
        return None
    return is_known(names), clean, share, len(names), dialect.quoted


def entries(path: Path, dialect: Dialect, *, tell: Tell) -> Iterator[Entry]:
    """Every record below the column names, each with the line on which it starts."""
    csv.field_size_limit(2 * LONGEST_LINE)  # csv's own limit of 128 kB is shorter than many an answer
    with path.open("rb") as file:
        if file.read(len(BOM)) != BOM:
            file.seek(0)
        lines = _Lines(file)
        names = _names(lines, dialect, tell)
        cells = Cells(names, dialect.delimiter, dialect.quoted)
        for record in _records(lines, dialect, width=len(names)):
            yield _entry(record, cells)


def _names(lines: "_Lines", dialect: Dialect, tell: Tell) -> tuple[str, ...]:
    """The column names, which stand in the first line that is not blank."""
    passed = not dialect.separator_line
    for record in _records(lines, dialect, width=0):
        if record.problem:
            raise DatasetError(f"The column names in line {record.line} cannot be read.", fix=record.problem.fix)
        if record.is_blank:
            continue
        if passed:
            names = column_names(record.cells, line=record.line)
            marks = "" if dialect.quoted else " Quotation marks are part of the text."
            cells = f"a {DELIMITERS[dialect.delimiter]} between the cells"
            tell(f"Read as a table with {cells}; line {record.line} names the columns: {listed(names)}.{marks}")
            return names
        passed = True
    raise DatasetError("The table has no column names.", fix=NAME_THEM)


def _entry(record: "_Record", cells: Cells) -> Entry:
    written = record.raw.rstrip(b"\r\n")
    if not record.problem and record.is_blank:
        return Entry(record.line, b"", record.done)
    if problem := record.problem or _problem(record, written, cells):
        return entry(record.line, written, record.done, problem=_placed(problem, written, cells), find=value_at)
    try:
        raw = orjson.dumps({name: held(cell) for name, cell in zip(cells.names, record.cells, strict=True)})
    except TypeError:  # a text that is not UTF-8: its bytes are explained where they are parsed
        return entry(record.line, written, record.done, find=value_at)
    return entry(record.line, raw, record.done, written=written, find=cells.place)


def _problem(record: "_Record", written: bytes, cells: Cells) -> Problem | None:
    """What is wrong with a record whose cells are told apart."""
    if b"\0" in written:
        return NUL
    found, names = len(record.cells), len(cells.names)
    if found == names:
        return None
    reason = f"This row has {found} {'cell' if found == 1 else 'cells'}, and the table has {names} columns."
    if found < names:
        return Problem(reason, MISSING_FIX)
    name = DELIMITERS[cells.delimiter]
    return Problem(reason, f"A text that contains a {name} belongs in double quotation marks.")


def _placed(problem: Problem, written: bytes, cells: Cells) -> Problem:
    """The problem with its place in the record: what is too much, what is missing, or the sign that does not belong."""
    if problem is TOO_LONG:
        return problem
    text = as_text(written)
    if problem.fix == QUOTES_FIX:
        start = cells.misplaced(text).start
    elif problem in (NUL, RETURN):
        start = text.find("\0" if problem is NUL else "\r")
    elif problem.fix == MISSING_FIX:
        start = len(text)
    else:
        start = cells.places(text)[len(cells.names)].start
    where = where_after(text[:start])
    return replace(problem, column=where.column, lines_down=where.lines_down)


@dataclass(frozen=True, slots=True)
class _Record:
    """The cells of one row, its first line and its bytes; `problem` where the cells cannot be told apart."""

    line: int
    cells: list[str]
    raw: bytes
    done: int
    problem: Problem | None = None

    @property
    def is_blank(self) -> bool:
        return not self.problem and not any(cell and not cell.isspace() for cell in self.cells)


def _records(lines: "_Lines", dialect: Dialect, *, width: int) -> Iterator[_Record]:
    """The records from the next line on; after one whose quotation marks are wrong, it begins anew."""
    reader = dialect.reader(lines)
    while True:
        lines.begin()
        line, cells, problem = lines.number + 1, [], None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Overlong) as error:
            problem = _broken(lines, error, _row(dialect, width=width))
            reader = dialect.reader(lines)
        yield _Record(line, cells, b"".join(lines.taken), lines.done, problem)


def _broken(lines: "_Lines", error: Exception, row: re.Pattern[bytes]) -> Problem:
    """What is wrong with the record whose lines were taken; lines below its first that are rows are given back.

    A quotation mark that is not closed takes what follows into its cell. So the lines up to the next that has a
    quotation mark are looked at: if they read as rows, only the first is refused; otherwise all of them are.
    """
    if "new-line" in str(error):
        return RETURN
    if isinstance(error, _Overlong) and len(lines.taken) == 1:
        lines.skip_line()
        return TOO_LONG
    if not any(b'"' in line for line in lines.taken[1:]):
        lines.take_through(b'"')
    below, cut = lines.taken[1:], lines.size > LONGEST_LINE
    if _are_rows(below, row) and not (cut and not below[-1].endswith(b"\n")):
        lines.give_back(below)
        return Problem("A quotation mark in this row is not closed, or stands inside a cell.", QUOTES_FIX)
    if cut:
        lines.skip_through(b'"')
    return Problem(
        f"From here to line {lines.number:,} the cells cannot be told apart: "
        "a quotation mark is not closed, or stands inside a cell.",
        QUOTES_FIX,
    )


def _are_rows(lines: list[bytes], row: re.Pattern[bytes]) -> bool:
    """Whether nine in ten of the lines before the first quotation mark are rows, and the line that has it is one."""
    plain = [line for line in takewhile(lambda line: b'"' not in line, lines) if line.strip()]
    marked = next((line for line in lines if b'"' in line), None)
    fitting = sum(row.fullmatch(line) is not None for line in plain)
    return 10 * fitting >= 9 * len(plain) and (marked is None or row.fullmatch(marked) is not None)


def _row(dialect: Dialect, *, width: int) -> re.Pattern[bytes]:
    """Fits a line that is a row of `width` cells, or the beginning of one, with every quotation mark in its place."""
    delimiter = re.escape(dialect.delimiter.encode())
    inside = rb'"(?:[^"]|"")*+'
    cell = rb"(?:" + inside + rb'"|[^"\r\n' + delimiter + rb"]*+)"
    whole = cell + rb"(?:" + delimiter + cell + rb"){%d}[\r\n]*" % max(width - 1, 0)
    begun = rb"(?:" + cell + delimiter + rb"){0,%d}" % max(width - 1, 0) + inside
    return re.compile(whole + rb"|" + begun)


class _Overlong(Exception):
    pass


class _Lines:
    """The lines of a file one by one, and those that the record being read has taken so far."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._back: deque[bytes] = deque()
        self._last = b""
        self.number = 0
        self.done = file.tell()
        self.begin()

    def begin(self) -> None:
        self.taken: list[bytes] = []
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._take()
        if not line:
            raise StopIteration
        if self.size > LONGEST_LINE:
            raise _Overlong
        return line.decode("utf-8", "surrogateescape")

    def take_through(self, mark: bytes) -> None:
        """Take lines up to one that holds the mark, unless the record grows too long before."""
        while self.size <= LONGEST_LINE and (line := self._take()) and mark not in line:
            pass

    def skip_line(self) -> None:
        """Pass over what is left of a line that was too long to be taken whole."""
        while self._last and not self._last.endswith(b"\n"):
            self._last = self._file.readline(LONGEST_LINE)
            self.done += len(self._last)

    def skip_through(self, mark: bytes) -> None:
        """Pass over lines up to one that holds the mark."""
        self.skip_line()
        while (line := self._next()) and mark not in line:
            self.skip_line()
        self.skip_line()

    def give_back(self, lines: list[bytes]) -> None:
        """Undo the taking of the last lines, so that they are read again."""
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)
        self.done -= sum(map(len, lines))
        del self.taken[len(self.taken) - len(lines) :]

    def _take(self) -> bytes:
        line = self._next()
        if line:
            self.size += len(line)
            self.taken.append(line)
        return line

    def _next(self) -> bytes:
        self._last = self._back.popleft() if self._back else self._file.readline(LONGEST_LINE + 1)
        self.number += bool(self._last)
        self.done += len(self._last)
        return self._last
