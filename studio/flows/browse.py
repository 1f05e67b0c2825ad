"""Browse: look through the rows of a dataset, page by page."""

from collections.abc import Collection
from dataclasses import dataclass

from studio.data.rows import load_rows
from studio.data.searching import Order, search
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.mending import Rule
from studio.domain.row import Row
from studio.domain.split import BIN_TITLES, Bin, Split
from studio.flows import bring, inspect, mend, split
from studio.flows.studio import Studio

PAGE = 10
EDITED = "edited"
HELD_OUT, NOT_DEALT = "Held out", "Too few rows for a split"

__all__ = ["EDITED", "PAGE", "Listed", "Order", "Page", "is_sealed", "kinds", "page", "rows_of_lines"]


@dataclass(frozen=True, slots=True)
class Listed:
    """A row with where it ended; `bin` is None for rows held out, while it is under seal which of them are the test."""

    row: Row
    bin: Bin | None
    is_edited: bool
    is_dealt: bool = True  # a file of too few rows has no split

    @property
    def where(self) -> str:
        return BIN_TITLES[self.bin] if self.bin else HELD_OUT if self.is_dealt else NOT_DEALT


@dataclass(frozen=True, slots=True)
class Page:
    """`found` rows in all (`more` says that there are others still), of which these are shown, from `start` on."""

    listed: tuple[Listed, ...]
    start: int
    found: int
    more: bool


def page(
    studio: Studio,
    dataset_id: str,
    *,
    text: str = "",
    among: FindingKind | Bin | str | None = None,
    order: Order = Order.LINE,
    start: int = 0,
    count: int = PAGE,
) -> Page:
    """A page of the rows that say `text`, of a finding, of a bin, or EDITED; beyond the end, the last page."""
    dataset = bring.ready(studio, dataset_id)
    rows, dealt = load_rows(studio.workspace.dataset(dataset.id)), _dealt(studio, dataset_id)
    hidden = (Bin.VALIDATION, Bin.TEST) if is_sealed(studio, dataset_id) else ()
    if hidden and among is Bin.TEST:
        raise DatasetError(split.SEALED, fix=split.OPEN_THEM)
    hits = search(rows, text=text, among=_among(studio, dataset_id, among, edited=rows.edited), order=order)
    last = max(len(hits.rows) - 1, 0) // count * count
    first = min(max(start, 0), last)
    shown = hits.rows[first : first + count]
    bins = {number: dealt.bins[number] for number in shown if dealt.bins[number] not in hidden} if dealt else {}
    is_dealt = dealt is not None
    listed = tuple(Listed(rows[number], bins.get(number), number in rows.edited, is_dealt) for number in shown)
    return Page(listed, first, len(hits.rows), hits.more)


def is_sealed(studio: Studio, dataset_id: str) -> bool:
    """Whether it is not told which of the rows held out are the test; also where there is no split."""
    dealt = _dealt(studio, dataset_id)
    return dealt is None or split.is_sealed(studio, dealt)


def rows_of_lines(studio: Studio, dataset_id: str, lines: Collection[int]) -> dict[int, list[int]]:
    """The row numbers of these lines of the file; a line that was repaired may have become several rows."""
    wanted, found = set(lines), dict[int, list[int]]()
    for row in load_rows(studio.workspace.dataset(bring.ready(studio, dataset_id).id)):
        if row.line in wanted:
            found.setdefault(row.line, []).append(row.number)
    return found


def kinds(studio: Studio, dataset_id: str) -> dict[FindingKind, int]:
    """The findings whose rows can be looked through, each with how many there are."""
    found = inspect.findings(studio, dataset_id)
    counts = {finding.kind: len(mend.ruled(found, Rule(finding.kind))) for finding in found}
    return {kind: count for kind, count in counts.items() if count}


def _dealt(studio: Studio, dataset_id: str) -> Split | None:
    """The current split; None where there are too few rows for one, which are to be read all the same."""
    try:
        return split.current(studio, dataset_id)
    except DatasetError:
        return None


def _among(
    studio: Studio, dataset_id: str, among: FindingKind | Bin | str | None, *, edited: Collection[int]
) -> Collection[int] | None:
    if isinstance(among, FindingKind):
        return mend.ruled(inspect.findings(studio, dataset_id), Rule(among))
    if isinstance(among, Bin):
        return split.current(studio, dataset_id).rows(among)
    return edited if among == EDITED else None
