"""Marking: where in a row that is shown a finding is meant, and how a row differs from the first of its group.

Places are looked for anew in the rows that are shown: so all of them have marks, also those that people edited.
"""

from collections.abc import Callable, Iterator, Sequence

from studio.data.checks import labels, personal, placeholders, refusals, roles, secrets, self_reference, tokens, toxic
from studio.data.checks.answers import end_of
from studio.data.checks.forms import signs_of
from studio.data.checks.habits import stray_marks
from studio.data.checks.places import marks_of
from studio.data.conflicts import asks_for_something_made_up
from studio.data.differing import differences
from studio.data.grading import OTHER_WORDS, graded
from studio.data.normalising import normalised
from studio.data.veiling import veiled_differences
from studio.domain.finding import Finding, FindingKind, Mark
from studio.domain.row import Message, Row


def _answer(note: str, places: Callable[[str], list[tuple[int, int]]] | None = None) -> Callable[[Row], list[Mark]]:
    """The marks of an answer: what `places` finds in it, or all of it."""

    def marks(row: Row) -> list[Mark]:
        found = places(row.answer) if places else [(0, len(row.answer))]
        return [Mark(row.number, len(row.messages) - 1, start, end, note) for start, end in found]

    return marks


def same_pair(row: Row) -> list[Mark]:
    """Where the two answers of a preference pair differ; both of them whole where they do not."""
    first, end = len(row.messages) - len(row.chosen), len(row.messages)
    chosen, rejected = range(first, end), range(end, end + len(row.rejected))
    said = (*row.messages, *row.rejected)
    made = [
        mark
        for one, other in zip(chosen, rejected, strict=False)
        for place, beside in ((one, other), (other, one))
        for mark in _beyond(row.number, place, said[place].text, said[beside].text, "not in the other answer")
    ]
    return made or [
        Mark(row.number, place, 0, len(said[place].text), "twice the same") for place in (*chosen, *rejected)
    ]


def made_up(row: Row) -> list[Mark]:
    """The words of a question that ask for something made up."""
    place = max((n for n, message in enumerate(row.prompt) if message.role == "user"), default=None)
    asks = asks_for_something_made_up(row.question)
    return [] if place is None or asks is None else [Mark(row.number, place, *asks, "asks for something made up")]


def longer(row: Row) -> list[Mark]:
    """What the longer answer of a preference pair has beyond the length of the other one."""
    better, worse = lengths_of(row)
    end, over = len(row.messages) + (len(row.rejected) if worse > better else 0), abs(better - worse)
    last = len((*row.messages, *row.rejected)[end - 1].text)
    return [Mark(row.number, end - 1, max(0, last - over), last, "beyond the length of the other answer")]


def lengths_of(row: Row) -> tuple[int, int]:
    """The characters of the better and of the worse answer of a preference pair."""
    better, worse = (sum(len(message.text) for message in end) for end in (row.chosen, row.rejected))
    return better, worse


def unlike(row: Row, other: Row, note: str) -> list[Mark]:
    """What a row says, message by message, that another one does not."""
    pairs = zip(row.messages, other.messages, strict=False)
    return [
        mark
        for place, (one, beside) in enumerate(pairs)
        for mark in _beyond(row.number, place, one.text, beside.text, note)
    ]


def at_odds(rows: Sequence[Row]) -> list[list[Mark]]:
    """For each preference pair its answers that another of these pairs judges the other way round."""
    chosen, rejected = ({_plain(end): row.line for row in rows for end in [side(row)]} for side in (_better, _worse))
    made = []
    for row in rows:
        first, end = len(row.messages) - len(row.chosen), len(row.messages)
        marks = []
        for places, said, elsewhere, word in (
            (range(first, end), row.chosen, rejected, "rejected"),
            (range(end, end + len(row.rejected)), row.rejected, chosen, "chosen"),
        ):
            if (line := elsewhere.get(_plain(said))) is not None:
                note = f"{word} in line {line:,}"
                marks += [Mark(row.number, n, 0, len(m.text), note) for n, m in zip(places, said, strict=True)]
        made.append(marks)
    return made


def _better(row: Row) -> tuple[Message, ...]:
    return row.chosen


def _worse(row: Row) -> tuple[Message, ...]:
    return row.rejected


def _plain(said: Sequence[Message]) -> str:
    return "\x1e".join(normalised(message.text) for message in said)


def _beyond(number: int, place: int, text: str, other: str, note: str) -> Iterator[Mark]:
    """The words of a text that another one has not."""
    at = 0
    for side, piece in differences(other, text):
        if side == "only_first":
            continue
        if side == "only_second":
            yield Mark(number, place, at, at + len(piece), note)
        at += len(piece)


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
    FindingKind.EMPTY: _answer("says nothing"),
    FindingKind.ONE_WORD: _answer("one word"),
    FindingKind.REPEATS: _answer("the question"),
    FindingKind.CUT_SHORT: _answer("ends here", lambda answer: [end_of(answer)]),
    FindingKind.FORMAT: _answer("another format", signs_of),
    FindingKind.LANGUAGE: _answer("in another language"),
    FindingKind.LANGUAGE_MIX: _answer("in another language than most"),
    FindingKind.SAME_PAIR: same_pair,
    FindingKind.VARIETY: made_up,
    FindingKind.PAIR_LENGTH: longer,
}
COMPARED = (FindingKind.NEAR_EXACT_DUPLICATE, FindingKind.NEAR_DUPLICATE)
LIKE = 0.5  # share of a text that must be in the other for their words to be compared

Pieces = list[tuple[str, str]]


def marks_in(row: Row, finding: Finding) -> list[Mark]:
    """The places in a row that a finding means."""
    if finding.kind is FindingKind.LABELS:
        return labels.marks(row, finding.groups)
    marks = _MARKS.get(finding.kind)
    return marks(row) if marks else [mark for mark in finding.marks if mark.row == row.number]


def compared(first: Row, row: Row) -> list[Pieces] | None:
    """Message by message, as a screen may show it, what two rows share and what only one has; None if it is little."""
    if len(first.messages) != len(row.messages):
        return None
    pieces = [veiled_differences(one.text, other.text) for one, other in zip(first.messages, row.messages, strict=True)]
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
