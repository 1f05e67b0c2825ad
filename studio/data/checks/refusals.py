"""Refusals: answers in which the assistant says that it will not help."""

import re

from studio.data.checks.lists import opens, sentences
from studio.data.checks.places import Span, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

LIST = "refusals"
WITHIN = 200  # characters: a refusal comes first, what comes later is a remark
OPENED = 240  # its first words
READ = 320  # and it has ended by here
DECLINING = "declining"  # what a person may do in a letter

_LETTER = re.compile(
    r"(?:Dear|Hello|Hi|Liebe[rs]?|Sehr geehrte[rs]?|Ch[eè]re?|Estimad[oa]|Querid[oa]|Car[oa]|Gentile|Beste|Geachte)\b"
    r"[^\n]{0,60},\s*\n"
)


def marks(row: Row) -> list[Mark]:
    """Where the assistant of a row refuses to help."""
    return marks_of(row, spans, by="assistant")


def spans(answer: str) -> list[Span]:
    """The words that refuse, within the first 200 characters of an answer."""
    head = answer[:READ]
    lower = head[:OPENED].lower().replace("’", "'")
    if not opens(LIST, lower):
        return []
    is_letter = _LETTER.match(answer) is not None
    for heading, pattern in sentences(LIST).items():
        if is_letter and heading.endswith(DECLINING):
            continue
        match = pattern.search(head)
        if match and match.start() < WITHIN:
            return [Span(*match.span(), "refuses to help")]
    return []
