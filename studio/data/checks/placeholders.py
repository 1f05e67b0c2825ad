"""Placeholders: places in an answer that were left to be filled in, such as {{name}}, [Your Name] or lorem ipsum."""

import re

from studio.data.checks.lists import headings, holds_any, sentences
from studio.data.checks.masking import TAGS
from studio.data.checks.places import Span, apart
from studio.domain.finding import Mark
from studio.domain.row import Row

LIST = "placeholders"
SIGNS = (
    "{",
    "[",
    "<",
    "【",
    "［",
    "（",
    "TODO",
    "FIXME",
    "orem ipsum",
    "(",
    "%",
    "____",
    "○○",
    "〇〇",
    "◯◯",
    "XX",
    "YOUR",
    "INSERT",
    "ENTER",
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,300}`", re.DOTALL)
# Who asks for a form gets one with places to fill in.
_TEMPLATE = re.compile(
    r"template|placeholder|boilerplate|\bblank|\bform\b|vorlage|platzhalter|muster|vordruck|modèle|gabarit|plantilla"
    r"|formulario|\bmodelo|modello|segnaposto|sjabloon|模板|范本|範本|テンプレート|ひな形|雛形",
    re.IGNORECASE,
)


def marks(row: Row) -> list[Mark]:
    """The places in the last answer of a row that nobody filled in, unless its question asks for them."""
    found = spans(row.answer)
    if not found or _TEMPLATE.search(row.question):
        return []
    asked = "\n".join(message.content for message in row.prompt).lower()
    place = len(row.messages) - 1
    return [
        Mark(row.number, place, span.start, span.end, span.note)
        for span in found
        if row.answer[span.start : span.end].lower() not in asked
    ]


def spans(answer: str) -> list[Span]:
    """The places to fill in outside of code, in order; none overlap. The tags of masked data are none."""
    if not holds_any(answer, SIGNS):
        return []
    code = [Span(*match.span(), "") for match in _CODE.finditer(answer)]
    found: list[Span] = []
    for note in headings(LIST):
        made = [Span(*match.span(), note) for match in sentences(LIST, note).finditer(answer) if match[0] not in TAGS]
        found += apart(made, taken=[*code, *found])
    return sorted(found, key=lambda span: span.start)
