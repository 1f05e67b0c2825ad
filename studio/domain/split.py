"""Split: which rows train, which check the training, and which are sealed for the verdict."""

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import compress, count, repeat
from operator import is_


class Bin(StrEnum):
    """Where a row of the file has ended; every row is in exactly one."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    DUPLICATE = "duplicate"
    TOO_LONG = "too_long"
    UNWRITTEN = "unwritten"
    MALFORMED = "malformed"
    REMOVED = "removed"


BIN_TITLES = {
    Bin.TRAIN: "Training",
    Bin.VALIDATION: "Validation",
    Bin.TEST: "Test (sealed for the verdict)",
    Bin.DUPLICATE: "Duplicate of another row",
    Bin.TOO_LONG: "Too long for the cut-off",
    Bin.UNWRITTEN: "Not whole in this model's template",
    Bin.MALFORMED: "Malformed line",
    Bin.REMOVED: "Left out by you",
}


DEALT = (Bin.TRAIN, Bin.VALIDATION, Bin.TEST)
LENGTH, TOPIC = "length", "topic"


@dataclass(frozen=True, slots=True)
class SplitChoices:
    """What a person decided before rows are dealt.

    `keep` names, per duplicate group (by its first row number), the row to keep; the first is kept where it is silent.
    `keep_copies` leaves duplicates in (they still share a side). `removed` are row numbers taken out, each with the
    reason in words.
    `by` keeps rows with the same value of a source field on one side.
    `stratify` says what every part gets its fair share of: LENGTH, TOPIC, or the key of a field.
    """

    seed: int = 7
    held_out: float = 0.2
    keep: dict[int, int] = field(default_factory=dict)
    keep_copies: bool = False
    removed: dict[int, str] = field(default_factory=dict)
    by: str | None = None
    stratify: str = LENGTH


@dataclass(frozen=True, slots=True)
class Split:
    """The bin of every good row, by row number; `duplicate_of` names the row that was kept instead."""

    id: str
    dataset_id: str
    choices: SplitChoices
    bins: tuple[Bin, ...]
    duplicate_of: dict[int, int]

    def rows(self, bin: Bin) -> tuple[int, ...]:
        return tuple(compress(count(), map(is_, self.bins, repeat(bin))))


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows of one kind (a length, a topic, a value of a field) each part got."""

    name: str
    train: int
    validation: int
    test: int

    @property
    def rows(self) -> int:
        return self.train + self.validation + self.test


@dataclass(frozen=True, slots=True)
class Ledger:
    """How many lines of the file ended in which bin; the counts add up to `lines`, blank lines apart."""

    counts: dict[Bin, int]
    lines: int

    @property
    def adds_up(self) -> bool:
        return sum(self.counts.values()) == self.lines
