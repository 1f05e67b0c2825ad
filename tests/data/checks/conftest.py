"""What the tests of the checks share: rows made of texts, and what a check finds in a file of them."""

from collections.abc import Iterable
from typing import Any

from studio.data.checks.places import Span
from studio.domain.finding import Finding
from studio.domain.row import Message, Row


def row(question: str, answer: str, *, number: int = 0, system: str = "") -> Row:
    """A question and its answer; line numbers start at 1, as in a file without blank lines."""
    messages = (Message("user", question), Message("assistant", answer))
    return Row(number, number + 1, (Message("system", system), *messages) if system else messages)


def found(check: Any, pairs: Iterable[tuple[str, str] | Row]) -> Finding | None:
    """What a check of habits finds in a file of these questions and answers."""
    for number, pair in enumerate(pairs):
        check.add(pair if isinstance(pair, Row) else row(*pair, number=number))
    return check.finding()


def answers(*texts: str) -> list[tuple[str, str]]:
    """Rows with these answers, each to the same question."""
    return [("What do you say to this?", text) for text in texts]


def reasons(finding: Finding | None) -> dict[str, tuple[int, ...]]:
    """The row numbers of a finding by reason."""
    return {group.reason: group.rows for group in finding.groups} if finding else {}


def texts(spans: Iterable[Span], text: str) -> list[str]:
    """The characters that the spans stand for."""
    return [text[span.start : span.end] for span in spans]
