"""Marking: where in a row that is shown a finding is meant, and how a row differs from the first of its group.

Places are looked for anew in the rows that are shown: so all of them have marks, also those that people edited.
"""

from collections.abc import Callable

from studio.data.checks import personal, placeholders, refusals, roles, secrets, self_reference, tokens, toxic
from studio.data.checks.habits import stray_marks
from studio.data.checks.places import marks_of
from studio.data.differing import differences
from studio.data.grading import OTHER_WORDS, graded
from studio.domain.finding import Finding, FindingKind, Mark
from studio.domain.row import Row

_MARKS: dict[FindingKind, Callable[[Row], list[Mark]]] = {
    FindingKind.SECRET: secrets.marks,
    FindingKind.PERSONAL: personal.marks,
    FindingKind.TOKENS: tokens.marks,
    FindingKind.REFUSAL: refusals.marks,
    FindingKind.SELF_REFERENCE: self_reference.marks,
    FindingKind.PLACEHOLDER: placeholders.marks,
    FindingKind.ROLE_ORDER: lambda row: marks_of(row, roles.spans),
    FindingKind.SPACES: stray_marks,
    FindingKind.TOXIC: toxic.marks,
}
COMPARED = (FindingKind.NEAR_EXACT_DUPLICATE, FindingKind.NEAR_DUPLICATE)
LIKE = 0.5  # share of a text that must be in the other for their words to be compared

Pieces = list[tuple[str, str]]


def marks_in(row: Row, finding: Finding) -> list[Mark]:
    """The places in a row that a finding means; for kinds that need the whole file to tell, those that were kept."""
    marks = _MARKS.get(finding.kind)
    return marks(row) if marks else [mark for mark in finding.marks if mark.row == row.number]


def compared(first: Row, row: Row) -> list[Pieces] | None:
    """Message by message, what two rows share and what only one has; None where they have little in common."""
    if len(first.messages) != len(row.messages):
        return None
    pieces = [differences(one.text, other.text) for one, other in zip(first.messages, row.messages, strict=True)]
    same = sum(len(text) for message in pieces for side, text in message if side == "same")
    longest = max(sum(len(message.text) for message in one.messages) for one in (first, row))
    return pieces if same >= LIKE * longest else None


def conflict_marks(first: Row, row: Row) -> tuple[list[Mark], list[Mark], str]:
    """Where two answers to one question contradict each other, in the first and in the other, and in which way."""
    said = graded(first.answer, row.answer)
    reason = "" if said.reason == OTHER_WORDS else said.reason
    return _in_answer(first, said.first, said.reason), _in_answer(row, said.second, said.reason), reason


def _in_answer(row: Row, places: tuple[tuple[int, int], ...], note: str) -> list[Mark]:
    return [Mark(row.number, len(row.messages) - 1, start, end, note) for start, end in places]
