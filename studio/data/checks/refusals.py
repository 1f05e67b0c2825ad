"""Refusals: answers in which the assistant says that it will not help."""

import re

from studio.data.checks.lists import headings, needs, opens, sentences
from studio.data.checks.places import Span, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

LIST = "refusals"
WITHIN = 200  # characters: a refusal comes first, what comes later is a remark
OPENED = 240  # its first words
READ = 320  # and it has ended by here
LETTER = "English"  # of a letter, these sentences alone are no person's own

_LETTER = re.compile(
    r"(?:Dear|Hello|Hi|Liebe[rs]?|Sehr geehrte[rs]?|Guten Tag|Hallo|Ch[eè]re?|Bonjour|Madame|Monsieur|Salut"
    r"|Estimad[oa]s?|Querid[oa]s?|Hola|Car[oia]|Prezad[oa]s?|Gentile|Egregio|Ciao|Beste|Geachte|Szanown[ayi]|Drog[ai]"
    r"|Уважаем|Дорог)\w*\b"
    r"[^\n]{0,60}[,:!]\s*\n"
)
_QUOTES = ("“”„", "«»", "「」", "『』", '"')


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
    for heading in headings(LIST):
        if not needs(LIST)[heading].search(lower) or (is_letter and heading != LETTER):
            continue
        for match in sentences(LIST, heading).finditer(head, 0, READ):
            if match.start() < WITHIN and not _is_quoted(head[: match.start()]):
                return [Span(*match.span(), "refuses to help")]
    return []


def _is_quoted(before: str) -> bool:
    """Whether what comes next is said by somebody in a story: behind a quotation mark that is still open, or a dash."""
    last = before.rpartition("\n")[2]
    if last.lstrip()[:2] in ("– ", "— "):
        return True
    return any(sum(map(last.count, marks)) % 2 for marks in _QUOTES)
