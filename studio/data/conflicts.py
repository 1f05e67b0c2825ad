"""Conflicts: questions that are asked more than once, or nearly so, and whose answers contradict each other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from studio.data.checks.lists import opens, sentences
from studio.data.checks.words import word_count
from studio.data.differing import opcodes
from studio.data.grading import BRIEF_WORDS, graded, is_slip
from studio.data.normalising import normalised
from studio.data.rows import Rows
from studio.data.words import tokenised
from studio.domain.finding import Grade
from studio.domain.row import Row

if TYPE_CHECKING:
    from studio.data.alike import Near  # whoever marks what was found does without scipy

MOST_ANSWERS = 12  # answers to one question that are compared; the first with all, the others among the first few
EACH_WITH_EACH = 5
CREATIVE = "creative"
CREATIVE_READ = 600  # characters of a question, from its beginning and from its end


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that answer one question differently: how gravely, and why in words."""

    rows: tuple[int, ...]
    grade: Grade
    reason: str


@dataclass(frozen=True, slots=True)
class Disputes:
    """What was found: conflicts, the gravest first; and creative questions, to which several answers are meant."""

    conflicts: tuple[Conflict, ...]
    varied: tuple[tuple[int, ...], ...]


def disputes(
    rows: Rows,
    same_question: Iterable[Sequence[int]],
    *,
    near_questions: "Iterable[Near]" = (),
    near_rows: "Sequence[Near]" = (),
    at: Callable[[], object] = lambda: None,
) -> Disputes:
    """Grade the answers of rows that share a question with all that comes before it, and of nearly equal questions.

    Near copies have the same numbers, signs and negations, so these are not looked for in long answers of `near_rows`.
    `at` is called again and again, and may raise to stop.
    """
    kept_by = {number: near.rows[0] for near in near_rows for number in near.rows}
    found: list[Conflict] = []
    varied: list[tuple[int, ...]] = []
    with rows.at_hand() as row:
        for numbers in same_question:
            at()
            first = row(numbers[0])
            homes = {kept_by.get(number) for number in numbers}
            is_near = len(homes) == 1 and None not in homes and word_count(first.answer) > BRIEF_WORDS
            if is_creative(first.question):
                varied.append(tuple(numbers))
            else:
                answered = [first, *map(row, numbers[1:MOST_ANSWERS])]
                found.append(_conflict(numbers, answered, is_near=is_near))
        for near in near_questions:
            at()
            found += _of_near_questions([*map(row, near.rows[:MOST_ANSWERS])])
    found.sort(key=lambda conflict: (list(Grade).index(conflict.grade), conflict.rows))
    return Disputes(tuple(found), tuple(varied))


def is_creative(question: str) -> bool:
    """Whether a question asks for something made up, of which there is always another."""
    return asks_for_something_made_up(question) is not None


def asks_for_something_made_up(question: str) -> tuple[int, int] | None:
    """Where a question does so, by its first such words; it is read at its beginning and at its end."""
    head, skipped = question[:CREATIVE_READ], 0
    if len(question) > 2 * CREATIVE_READ:
        head += " " + question[-CREATIVE_READ:]
        skipped = len(question) - len(head)
    found = sentences(CREATIVE, CREATIVE).search(head) if opens(CREATIVE, head.lower()) else None
    if found is None:
        return None
    start, end = found.span()
    return start + (skipped if start > CREATIVE_READ else 0), end + (skipped if end > CREATIVE_READ else 0)


def _conflict(numbers: Sequence[int], answered: Sequence[Row], *, is_near: bool) -> Conflict:
    said = [
        (graded(one.answer, other.answer, is_near=is_near), one.line, other.line) for one, other in _compared(answered)
    ]
    worst, line, other_line = min(said, key=lambda told: list(Grade).index(told[0].grade))
    where = f"Lines {line:,} and {other_line:,}: " if len(numbers) > 2 else ""
    return Conflict(tuple(numbers), worst.grade, where + worst.reason)


def _compared(answered: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """The first with every other, and the first few with each other."""
    yield from ((answered[0], other) for other in answered[1:])
    yield from combinations(answered[1:EACH_WITH_EACH], 2)


def _of_near_questions(asked: Sequence[Row]) -> Iterator[Conflict]:
    """Contradictions among rows whose questions differ in next to nothing.

    What differs must be a slip, the order of words, or words added: one word in place of another asks something else.
    """
    first = asked[0]
    for other in asked[1:]:
        how = _slip_between(first, other)
        said = graded(first.answer, other.answer) if how and not is_creative(first.question) else None
        if said and said.grade is Grade.HIGH:
            grade = Grade.HIGH if how == SLIP else Grade.MEDIUM
            yield Conflict((first.number, other.number), grade, f"{how} {said.reason}")


SLIP = "The questions differ in a slip alone."
ORDER = "The questions differ in the order of their words."
ADDED = "One question has a word or two more."


def _slip_between(first: Row, second: Row) -> str:
    """How two contexts differ, in a sentence; nothing where they may ask for different things."""
    if len(first.prompt) != len(second.prompt):
        return ""
    *before, last = [(one.text, other.text) for one, other in zip(first.prompt, second.prompt, strict=True)]
    if any(normalised(one) != normalised(other) for one, other in before):
        return ""
    one, other = tokenised(last[0]), tokenised(last[1])
    if sorted(one) == sorted(other):
        return SLIP if one == other else ORDER
    codes = [code for code in opcodes(one, other) if code[0] != "equal"]
    replaced = [(one[i:j], other[k:m]) for tag, i, j, k, m in codes if tag == "replace"]
    added = sum(max(j - i, m - k) for tag, i, j, k, m in codes if tag != "replace")
    if any(not _are_slips(*pair) for pair in replaced) or added > 2:
        return ""
    return ADDED if added else SLIP


def _are_slips(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and all(map(is_slip, one, other))
