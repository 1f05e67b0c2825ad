"""Gathering: the rows that a check has found, by reason, and some of the places that it means."""

from array import array
from collections.abc import Iterable, Sequence

from studio.domain.finding import Finding, FindingKind, Group, Mark
from studio.domain.row import Row

MOST_MARKS = 200


class Gathered:
    """Row numbers and lines by reason, as numbers alone; marks up to a limit, as examples."""

    def __init__(self) -> None:
        self._rows: dict[str, array] = {}
        self._lines: dict[str, array] = {}
        self._marks: dict[str, list[Mark]] = {}

    def add(self, row: Row, reason: str, *, marks: Sequence[Mark] = ()) -> None:
        """Note a row once under a reason."""
        if reason not in self._rows:
            self._rows[reason], self._lines[reason] = array("q"), array("q")
        rows = self._rows[reason]
        if not rows or rows[-1] != row.number:
            rows.append(row.number)
            self._lines[reason].append(row.line)
        if marks:
            kept = self._marks.setdefault(reason, [])
            kept += marks[: MOST_MARKS - len(kept)]

    def count(self, reason: str) -> int:
        return len(self._rows.get(reason, ()))

    def finding(
        self, kind: FindingKind, *, one: str, many: str, why: str, only: Iterable[str] | None = None
    ) -> Finding | None:
        """What was gathered, the most frequent reason first; `only` names the reasons that count after all."""
        chosen = self._rows.keys() if only is None else [reason for reason in only if reason in self._rows]
        groups = [Group(tuple(self._rows[reason]), tuple(self._lines[reason]), reason) for reason in chosen]
        if not groups:
            return None
        groups.sort(key=lambda group: -len(group.rows))
        rows = {number for group in groups for number in group.rows}
        marks = [mark for group in groups for mark in self._marks.get(group.reason, ())]
        return Finding(kind, titled(len(rows), one, many), len(rows), why, tuple(groups), tuple(marks[:MOST_MARKS]))


def titled(count: int, one: str, many: str) -> str:
    """A count with what is counted: “1 answer …”, “1,200 answers …”."""
    return f"{count:,} {one if count == 1 else many}"
