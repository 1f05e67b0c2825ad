"""Mending: what people change in the rows of an upload. Every change is a step to a new version of it."""

from dataclasses import dataclass, field
from enum import StrEnum

from studio.domain.finding import TREATMENTS, Action, FindingKind


class StepKind(StrEnum):
    """What a step does; RETURN goes back to what an earlier version held."""

    EDIT = "edit"
    DROP = "drop"
    RESTORE = "restore"
    MASK = "mask"
    KEEP = "keep"
    RETURN = "return"


class Which(StrEnum):
    """Of rows that are copies, the one that stays; EVERY leaves all of them in."""

    FIRST = "first"
    LONGEST = "longest"
    CHOSEN = "chosen"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows chosen by what is wrong with them and not one by one: all of a finding, or those for one reason."""

    finding: FindingKind
    reason: str | None = None


def why_left_out(kind: FindingKind, reason: str = "", *, one_by_one: bool = False) -> str:
    """Why rows of a finding are left out, as the ledger tells it: by which rule, and whether a person picked each."""
    named = TREATMENTS[kind].name.lower() + (f" ({reason})" if reason else "")
    if TREATMENTS[kind].action is Action.KEEP_ONE and not one_by_one:
        return f"{named}, one of each is kept"
    return f"{named}, {'picked by hand' if one_by_one else 'all that were found'}"


@dataclass(frozen=True, slots=True)
class Step:
    """One change. `words` tell it to people; the rest is what it takes to do the same to another upload.

    `rows` are the row numbers that it changed, `rule` how they were chosen where that was not one by one, `why` the
    reason that a row left out carries, and `to` the version that a RETURN went back to.
    """

    kind: StepKind
    words: str
    rows: tuple[int, ...] = ()
    rule: Rule | None = None
    why: str = ""
    which: Which | None = None
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Mending:
    """What a version holds beside its texts: rows left out, each with the reason, and which of its copies are kept.

    `keep` maps the first row of a group of copies to the one that stays, where that is another.
    """

    removed: dict[int, str] = field(default_factory=dict)
    keep: dict[int, int] = field(default_factory=dict)
    keep_copies: bool = False
