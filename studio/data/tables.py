"""Tables: what a CSV file, a workbook and a Parquet file share: column names, and cells that hold messages."""

import re
from collections.abc import Sequence
from typing import Any

import orjson

from studio.data.entry import KEPT_BYTES, LONGEST_LINE, TOO_LONG, Entry
from studio.data.known import ALONE, KNOWN
from studio.data.locating import Find, value_at
from studio.data.naming import shown_name
from studio.data.problem import Problem
from studio.data.survey import Kind, kind_of
from studio.domain.errors import DatasetError

MOST_COLUMNS = 1000
LONGEST_NAME = 100
VALUES = re.compile(r"[\d\s.,:;/%+-]+|true|false|null|none", re.IGNORECASE)
NAME_THEM = "Put a line on top that names each column, such as prompt and completion."


def column_names(cells: Sequence[str], *, line: int) -> tuple[str, ...]:
    """The names that a table's first line gives its columns; one without a name is called after its place.

    DatasetError when the line is no line of names, or when two columns bear the same one.
    """
    stripped = [cell.strip() for cell in cells]
    if not is_header(stripped):
        shown = ", ".join(f"“{cell[:40]}”" for cell in stripped[:5])
        raise DatasetError(f"Line {line} does not name the columns of the table: {shown}.", fix=NAME_THEM)
    if len(stripped) == 1 and stripped[0].casefold() not in ALONE:
        raise DatasetError(
            f"Line {line} names one column only: “{stripped[0][:40]}”.",
            fix="Delete what stands above the column names.",
        )
    return distinct([name or f"column {place}" for place, name in enumerate(stripped, 1)])


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """The names, once no two are the same and there are not too many."""
    if len(names) > MOST_COLUMNS:
        raise DatasetError(
            f"The table has {len(names):,} columns; at most {MOST_COLUMNS:,} are read.",
            fix="Keep the columns that hold what was asked and what was answered.",
        )
    for place, name in enumerate(names):
        if name in names[:place]:
            message = f"Two columns are called “{shown_name(name)}”."
            raise DatasetError(message, fix="Give every column a name of its own.")
    return tuple(names)


def is_header(cells: Sequence[str]) -> bool:
    """Whether a line names columns: one of the names is well known, or they all look like names rather than values."""
    names = [cell.strip() for cell in cells if cell.strip()]
    if not names or any(len(name) > LONGEST_NAME for name in names):
        return False
    return is_known(names) or all(_is_name(name) for name in names)


def is_known(cells: Sequence[str]) -> bool:
    return any(cell.strip().casefold() in KNOWN for cell in cells)


def _is_name(text: str) -> bool:
    values = VALUES.fullmatch(text) or text[0] in "[{<"
    return not values and not text.endswith((".", "?", "!", "…")) and ": " not in text and len(text.split()) <= 5


def held(cell: str | None) -> Any:
    """A cell as it is written; JSON that is a message or a list of them is read as such, everything else stays text."""
    if cell is None or cell.lstrip()[:1] not in ("[", "{"):
        return cell
    try:
        value = orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell
    return value if kind_of(value) in (Kind.MESSAGES, Kind.REPLY, Kind.MESSAGE) else cell


def listed(names: Sequence[str]) -> str:
    """The first names, for a sentence."""
    more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
    return ", ".join(map(shown_name, names[:12])) + more


def entry(
    line: int,
    raw: bytes,
    done: int,
    *,
    problem: Problem | None = None,
    written: bytes | None = None,
    find: Find = value_at,
    column: int | None = 1,
) -> Entry:
    """An entry whose text is not kept whole when it is far too long; `find` knows where the fields are in `written`."""
    if len(raw) > LONGEST_LINE:
        return Entry(line, raw[:KEPT_BYTES], done, column, problem=problem or TOO_LONG, find=find)
    return Entry(line, raw, done, column, problem=problem, written=written, find=find)
