"""Finding: one problem with one or more rows."""

from dataclasses import dataclass
from enum import StrEnum


class FindingKind(StrEnum):
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_EXACT_DUPLICATE = "same_after_normalising"
    NEAR_DUPLICATE = "near_duplicate"
    FAMILY = "template_family"
    CONFLICT = "conflicting_answers"
    SECRET = "secret"
    PERSONAL = "personal_data"
    REFUSAL = "refusal"
    SELF_REFERENCE = "ai_self_reference"
    CUT_SHORT = "answer_cut_short"
    ONE_WORD = "one_word_answer"
    ROLE_ORDER = "role_order"
    FORMAT = "mixed_format"
    LABELS = "inconsistent_labels"
    SPACES = "stray_spaces"
    LANGUAGE = "language_mismatch"
    TOXIC = "possibly_toxic"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together; `rows` are row numbers, `lines` their lines in the file, in file order.

    `reason` says in words why they belong together, where that needs saying.
    """

    rows: tuple[int, ...]
    lines: tuple[int, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a row: which message (from 0), from which character to which (end excluded), and what stands there."""

    row: int
    message: int
    start: int
    end: int
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem: how many rows it touches, why it matters in one sentence, and which rows they are.

    For copies `count` leaves out the one of each group that is kept, so it is the number of rows that are too many.
    `marks` are examples of the places meant, not all of them.
    """

    kind: FindingKind
    title: str
    count: int
    why: str
    groups: tuple[Group, ...]
    marks: tuple[Mark, ...] = ()
