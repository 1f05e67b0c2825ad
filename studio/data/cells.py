"""Cells: where the cells of a table that is text stand in a record, and which quotation mark is out of place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from studio.data.locating import Place, column_of

ENCLOSED = re.compile(r'"(?:[^"]|"")*+"')


@dataclass(frozen=True, slots=True)
class Cells:
    """Finds the cells of a record by the names of their columns; unless `quoted`, quotation marks are text."""

    names: Sequence[str]
    delimiter: str
    quoted: bool

    def place(self, text: str, field: str) -> Place | None:
        """The cell of a field, or of the field that a path such as messages[2].content begins with."""
        number, places = column_of(self.names, field), self.places(text)
        return places[number] if number is not None and number < len(places) else None

    def places(self, text: str) -> list[Place]:
        """Every cell of a record in order, its quotation marks included."""
        found, start = [], 0
        while True:
            end = self._end(text, start)
            found.append(Place(start, end))
            if text[end : end + 1] != self.delimiter:
                return found
            start = end + 1

    def misplaced(self, text: str) -> Place:
        """The quotation mark that makes cells run together: not closed on its line, or within a cell."""
        start = 0
        while True:
            enclosed = ENCLOSED.match(text, start) if self.quoted else None
            end = self._end(text, start)
            after = text[end : end + 1]
            if text[start : start + 1] == '"' and (after not in ("", self.delimiter, "\r", "\n") or not enclosed):
                is_within = enclosed and "\n" not in enclosed[0]
                return Place(end - 1, end) if is_within else Place(start, start + 1)
            if not after:
                return Place(0, 1)
            start = end + 1

    def _end(self, text: str, start: int) -> int:
        if self.quoted and (enclosed := ENCLOSED.match(text, start)):
            return enclosed.end()
        ends = (place for sign in (self.delimiter, "\n", "\r") if (place := text.find(sign, start)) >= 0)
        return min(ends, default=len(text))
