"""Workbooks: the first sheet of an Excel file (.xlsx) that has data, row by row, as the sheet shows it."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from studio.data.entry import Entry, Tell
from studio.data.locating import Place, column_of, value_at
from studio.data.naming import shown_name
from studio.data.problem import Problem
from studio.data.sniffing import SAVE_AS
from studio.data.tables import column_names, entry, held, listed
from studio.data.unpacking import LIMITS, OFFICE, Sparing, checked, opened
from studio.domain.errors import DatasetError

LARGEST = 256 * 2**20
LAST_ROW = 2**20  # of a sheet, says Excel
NUMBER = re.compile(r"(0+)(?:\.(0+))?(%?)")
# How a workbook writes the characters that XML cannot hold, and the sign that it does so.
ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")
ENTRY_OF = {
    "word/document.xml": "This is a Word document.",
    "ppt/presentation.xml": "This is a PowerPoint presentation.",
    "xl/workbook.bin": "This is an Excel workbook in the binary format (.xlsb).",
}


def entries(path: Path, *, tell: Tell) -> Iterator[Entry]:
    """The rows below the column names; `line` is a row's number in the sheet. Formulas give their last result."""
    _check(path)
    with Sparing(path) as file, _book(file) as book:
        name, rows = _first_with_data(book.worksheets)
        header = next(rows)
        names = column_names([_text(cell) or "" for cell in header.cells], line=header.line)
        if len(book.worksheets) > 1:
            shown = shown_name(name)
            tell(f"The workbook has {len(book.worksheets)} sheets; the first with data was read: {shown}.")
        tell(f"Row {header.line} of the sheet names the columns: {listed(names)}.")
        for row in rows:
            yield _entry(row, names, done=file.tell())


def _check(path: Path) -> None:
    """DatasetError for other Office files, and for a workbook that would fill the memory."""
    with opened(path) as archive:
        members, names = checked(archive), archive.namelist()
    if OFFICE not in names:
        raise DatasetError("There is another archive inside this one.", fix="Unpack it, and upload what is inside.")
    for name, message in ENTRY_OF.items():
        if name in names:
            raise DatasetError(message, fix=SAVE_AS)
    unpacked = sum(member.file_size for member in members)
    if unpacked > LARGEST:
        raise DatasetError(
            f"A workbook with more than {LARGEST / 2**20:.0f} MB inside is not read.", fix="Save the sheet as CSV."
        )
    LIMITS.check(unpacked, packed=path.stat().st_size)


@contextmanager
def _book(file: BinaryIO) -> Iterator[Any]:
    """The workbook in a file, open for reading row by row."""
    from openpyxl import load_workbook  # takes a moment to load, and few uploads are workbooks

    try:
        book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        try:
            yield book
        finally:
            book.close()
    except (DatasetError, MemoryError):
        raise
    except Exception as error:  # a damaged part makes openpyxl fail in whatever way that part happens to
        raise DatasetError(
            "This workbook is damaged, or is no Excel workbook.", fix="Open it in Excel and save it again, or as CSV."
        ) from error


@dataclass(frozen=True, slots=True)
class _Row:
    """A row's number in the sheet, from 1, and its cells up to the last that is not blank."""

    line: int
    cells: Sequence[Any]


def _first_with_data(sheets: Sequence[Any]) -> tuple[str, Iterator[_Row]]:
    """The name of the first sheet that is not blank, and its rows from the first that is not."""
    for sheet in sheets:
        rows = _rows(sheet)
        first = next(rows, None)
        if first is not None:
            return sheet.title, _with(first, rows)
    raise DatasetError("The workbook has no data in any sheet.", fix="Upload the workbook that holds your examples.")


def _with(first: _Row, rows: Iterator[_Row]) -> Iterator[_Row]:
    yield first
    yield from rows


def _rows(sheet: Any) -> Iterator[_Row]:
    """From the first row that is not blank to the last; sheets are often formatted far below."""
    sheet.reset_dimensions()  # what the file says of its size need not be so
    blank, begun = [], False
    for line, cells in enumerate(sheet.iter_rows(), 1):
        if line > LAST_ROW:
            raise DatasetError("The sheet has more rows than a sheet can have.", fix="Save it as CSV.")
        used = next((place for place in range(len(cells), 0, -1) if not _is_blank(cells[place - 1])), 0)
        if used:
            yield from (_Row(passed, ()) for passed in blank)
            yield _Row(line, cells[:used])
            blank, begun = [], True
        elif begun:
            blank.append(line)


def _is_blank(cell: Any) -> bool:
    return cell.value is None or (isinstance(cell.value, str) and not cell.value.strip())


@dataclass(frozen=True, slots=True)
class _Cells:
    """Finds the cells of a row by the names of their columns; a place in the row, shown as JSON, has its cell."""

    names: Sequence[str]
    line: int

    def place(self, text: str, field: str) -> Place | None:
        """The value of a field, or of what a path such as messages[2].content leads to within a cell."""
        number, found = column_of(self.names, field), value_at(text, field)
        if number is None or not found:
            return found
        return replace(found, cell=self.address(number))

    def address(self, number: int) -> str:
        """What the sheet calls the cell of a column, which counts from 0."""
        from openpyxl.utils import get_column_letter

        return f"{get_column_letter(number + 1)}{self.line}"


def _entry(row: _Row, names: tuple[str, ...], *, done: int) -> Entry:
    if not row.cells:
        return Entry(row.line, b"", done, None)
    beyond = [f"column {number}" for number in range(len(names) + 1, len(row.cells) + 1)]
    cells = _Cells([*names, *beyond], row.line)
    values = {name: held(text) for name, text in zip_longest(cells.names, map(_text, row.cells))}
    problem = _problem(row, names, cells)
    return entry(row.line, orjson.dumps(values), done, problem=problem, find=cells.place, column=None)


def _problem(row: _Row, names: tuple[str, ...], cells: _Cells) -> Problem | None:
    """What is wrong with a row before it is known what it means."""
    if len(row.cells) > len(names):
        return Problem(
            f"This row has {len(row.cells)} cells, and the table has {len(names)} columns.",
            "Name every column that holds something, or empty the cells beyond.",
            field=cells.names[len(names)],
        )
    for cell, name in zip(row.cells, names, strict=False):
        if cell.value is not None and cell.data_type == "e":
            reason = f"The cell in “{name}” shows an error ({cell.value})."
            return Problem(reason, "Mend the formula, or leave the row out.", field=name)
    return None


def _text(cell: Any) -> str | None:
    """What a cell shows, as text; dates as ISO."""
    value = cell.value
    if value is None:
        return None
    if isinstance(value, str):
        return ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime) and value.time() == time() and "h" not in cell.number_format.lower():
        return value.date().isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _number(value: float, pattern: str) -> str:
    """A number as the sheet shows it where that is the very number: 5, 007, 2.50, 30%; else with up to 15 digits."""
    plain = f"{value:.15g}" if isinstance(value, float) else str(value)
    found = NUMBER.fullmatch(pattern)
    if not found:
        return plain
    shown = abs(value) * (100 if found[3] else 1)
    digits = f"{shown:.{len(found[2] or '')}f}"
    if float(digits) != float(f"{shown:.15g}"):
        return plain
    whole, point, decimals = digits.partition(".")
    sign = "-" if value < 0 else ""
    return f"{sign}{whole.zfill(len(found[1]))}{point}{decimals}{found[3]}"
