"""Searching: the rows that say something, have a finding or lie in a bin, in the order asked for; page by page."""

import mmap
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from studio.data.rows import Rows
from studio.domain.row import Row

# The two letters beyond ASCII whose small form is an ASCII letter (or begins with one): the Kelvin sign and İ.
ALSO = {"k": b"(?:k|\xe2\x84\xaa)", "i": b"(?:i|\xc4\xb0)"}
MOST = 2000  # rows with a text that are looked for; whoever wants more has not said enough


class Order(StrEnum):
    LINE = "line"
    LONGEST = "longest"
    SHORTEST = "shortest"


@dataclass(frozen=True, slots=True)
class Hits:
    """Row numbers in order; `more` says that there are others beyond MOST."""

    rows: tuple[int, ...]
    more: bool = False


def search(rows: Rows, *, text: str = "", among: Collection[int] | None = None, order: Order = Order.LINE) -> Hits:
    """Rows that hold `text` in any message, capitals or not, of those `among` (all of them where None)."""
    numbers = _ordered(rows, among, order)
    if not text.strip():
        return Hits(tuple(numbers))
    needle = text.strip().lower()
    candidates = _candidates(rows, needle)
    found: list[int] = []
    for number in numbers:
        if number in candidates and _says(rows[number], needle):
            if len(found) == MOST:
                return Hits(tuple(found), more=True)
            found.append(number)
    return Hits(tuple(found))


def _ordered(rows: Rows, among: Collection[int] | None, order: Order) -> Iterable[int]:
    if order is Order.LINE:
        return range(len(rows)) if among is None else sorted(among)
    sizes = np.array(rows.sizes)
    numbers = np.arange(len(rows)) if among is None else np.array(sorted(among), dtype=np.int64)
    by_size = np.argsort(sizes[numbers] * (-1 if order is Order.LONGEST else 1), kind="stable")
    return numbers[by_size].tolist()


def _says(row: Row, needle: str) -> bool:
    return any(needle in message.content.lower() for message in row.messages)


def _candidates(rows: Rows, needle: str) -> Collection[int]:
    """Rows whose stored line holds the longest word of the needle as it may be written; and perhaps others."""
    word = max(re.findall(r"[A-Za-z0-9]+", needle), key=len, default="")
    if not word:  # only ASCII letters have capitals of one byte that a search of bytes knows of
        return range(len(rows))
    pattern = re.compile(b"".join(ALSO.get(letter, letter.encode()) for letter in word), re.IGNORECASE)
    found = {number for number, line in rows.edited.items() if pattern.search(line)}
    return found | set(_lines_with(rows, pattern))


def _lines_with(rows: Rows, pattern: re.Pattern[bytes]) -> Iterator[int]:
    if not rows.path.stat().st_size:
        return
    with rows.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        place = 0
        while match := pattern.search(held, place):
            number = int(np.searchsorted(rows.offsets, match.start(), side="right")) - 1
            if number not in rows.edited:
                yield number
            place = int(rows.offsets[number + 1])
