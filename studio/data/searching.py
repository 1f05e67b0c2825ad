"""Searching: the rows that say something, have a finding or lie in a bin, in the order asked for; page by page."""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from studio.data.rows import Rows
from studio.domain.row import Row

# The two letters beyond ASCII whose small form is an ASCII letter (or begins with one): the Kelvin sign and İ.
ALSO = {"k": "\u212a".encode(), "i": "\u0130".encode()}
PLAIN = re.compile(r"[ !#-\[\]-~]+")  # what is stored as it is said; the rest of ASCII is escaped
MOST = 2000  # rows with a text that are looked for; whoever wants more has not said enough
BLOCK_BYTES = 1 << 22


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
    numbers: Iterable[int] = _candidates(rows, needle)
    if order is not Order.LINE:
        held = set(numbers)
        numbers = (number for number in _ordered(rows, among, order) if number in held)
    elif among is not None:
        wanted = frozenset(among)
        numbers = (number for number in numbers if number in wanted)
    found: list[int] = []
    with rows.at_hand() as row:
        for number in numbers:
            if _says(row(number), needle):
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


def _candidates(rows: Rows, needle: str) -> Iterator[int]:
    """Rows in the order of the file that may say the needle: whose stored line holds the longest plain part of it.

    ASCII letters alone have small forms that bytes know of; a line with one of the letters in ALSO may always say it.
    """
    part = max(PLAIN.findall(needle), key=len, default="")
    signs = [part.encode(), *(sign for letter, sign in ALSO.items() if letter in part)] if part else []
    if not signs:
        yield from range(len(rows))
        return
    edited = {number for number, line in rows.edited.items() if any(sign in line.lower() for sign in signs)}
    with rows.path.open("rb") as file:
        for first, places in _blocks(rows):
            held = file.read(places[-1]).lower()
            numbers = {first + n for sign in signs for n in _lines_with(sign, held, places)} - rows.edited.keys()
            yield from sorted(numbers | {n for n in edited if first <= n < first + len(places) - 1})


def _blocks(rows: Rows) -> Iterator[tuple[int, list[int]]]:
    """Stretches of rows: the first row, and where its rows start and the last one ends, in bytes from its start."""
    ends = np.searchsorted(rows.offsets, np.arange(BLOCK_BYTES, rows.offsets[-1] + BLOCK_BYTES, BLOCK_BYTES))
    for first, last in pairwise([0, *np.unique(np.minimum(ends, len(rows))).tolist()]):
        yield first, (rows.offsets[first : last + 1] - rows.offsets[first]).tolist()


def _lines_with(sign: bytes, held: bytes, places: list[int]) -> Iterator[int]:
    """The lines of a block that hold the sign, by their place in it."""
    place = held.find(sign)
    while place >= 0:
        number = bisect_right(places, place) - 1
        yield number
        place = held.find(sign, places[number + 1])
