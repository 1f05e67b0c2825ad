"""Finding: one problem with one or more rows."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_EXACT_DUPLICATE = "same_after_normalising"
    CONFLICT = "conflicting_answers"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together; `rows` are row numbers, `lines` their lines in the file, in file order."""

    rows: tuple[int, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem: how many rows it touches, why it matters in one sentence, and which rows they are.

    For copies `count` leaves out the one of each group that is kept, so it is the number of rows that are too many.
    """

    kind: FindingKind
    title: str
    count: int
    why: str
    groups: tuple[Group, ...]
