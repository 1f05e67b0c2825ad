"""Spreadsheet: texts as CSV that a spreadsheet shows and does not run. Every CSV of the studio is made here."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

PART_CHARACTERS = 1 << 16  # that are sent at once
# What a spreadsheet takes for the beginning of a formula, some after blanks; the wide ones become the others in some.
SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
UNSEEN = " \t\r\n\v\f\0\u00a0\u200b\u200c\u200d\u2060\u3000\ufeff"


def as_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Headings and rows as CSV, a part at a time; every text in quotes, and none of them a formula."""
    part = io.StringIO(newline="")
    writer = csv.writer(  # noqa: TID251  this is the one place
        part, quoting=csv.QUOTE_NONNUMERIC
    )
    writer.writerow([spreadsheet_safe(name) for name in head])
    for row in rows:
        writer.writerow([spreadsheet_safe(value) if isinstance(value, str) else value for value in row])
        if part.tell() > PART_CHARACTERS:
            yield part.getvalue().encode()
            part.seek(0)
            part.truncate()
    yield part.getvalue().encode()


def spreadsheet_safe(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    begins = text.lstrip(UNSEEN)
    return f"'{text}" if begins.startswith(SIGNS) or text.startswith(("\t", "\r")) else text
