"""Self-reference: answers in which the assistant speaks of being an AI, of its maker or of when its knowledge ends."""

from studio.data.checks.lists import headings, opens, sentences
from studio.data.checks.places import Span, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

LIST = "self_reference"


def marks(row: Row) -> list[Mark]:
    """Where the assistant of a row speaks of itself as an AI."""
    return marks_of(row, spans, by="assistant")


def spans(answer: str) -> list[Span]:
    """The words in which an answer speaks of itself, each kind where it stands first."""
    lower = answer.lower().replace("’", "'")
    if not opens(LIST, lower):
        return []
    found = [Span(*match.span(), note) for note in headings(LIST) if (match := sentences(LIST, note).search(answer))]
    return sorted(found, key=lambda span: span.start)
