"""Toxic: words of abuse from a short list. A word alone does not tell how it was meant, so these are possible cases."""

import re
from functools import cache

from studio.data.checks.lists import holds_any, sections
from studio.data.checks.places import Span, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

_WORD = re.compile(r"\w+")
_SIGNS = "!?.,;:…·-–—_/\\|()[]{}<>*#~\"'`’‘“”„«»¡¿。！？，、"
# Letters stand in the table too: it is twice as fast when it need not be told that they stay.
_SPACED = str.maketrans({chr(code): chr(code) for code in range(128)} | dict.fromkeys(_SIGNS, " "))


def marks(row: Row) -> list[Mark]:
    """The words of abuse in a row, whoever says them."""
    return marks_of(row, spans)


def spans(text: str) -> list[Span]:
    """The words of abuse in a text, as whole words, each with what it possibly is."""
    words, phrases, signals = _listed()
    lower = text.lower()
    found: list[Span] = []
    used = lower.translate(_SPACED).split()
    if signals.isdisjoint(used):
        return found
    if not words.keys().isdisjoint(used):
        found += [
            Span(*match.span(), f"possibly {kind}")
            for match in _WORD.finditer(text)
            if (kind := words.get(match[0].lower()))
        ]
    if holds_any(lower, phrases):
        for phrase, kind in phrases.items():
            whole = re.compile(rf"\b{re.escape(phrase)}\b", re.IGNORECASE)
            found += [Span(*match.span(), f"possibly {kind}") for match in whole.finditer(text)]
    return sorted(found, key=lambda span: span.start)


def signals() -> frozenset[str]:
    """Words in lower case, of which every text that holds abuse has one."""
    return _listed()[2]


@cache
def _listed() -> tuple[dict[str, str], dict[str, str], frozenset[str]]:
    """The words and the phrases of the list, each with what it is; a text without any of the signals holds none."""
    kinds = {text: kind for kind, texts in sections("toxic").items() for text in texts}
    phrases = {text: kind for text, kind in kinds.items() if not _WORD.fullmatch(text)}
    words = {text: kind for text, kind in kinds.items() if text not in phrases}
    # The end of a phrase is what is rare about it: “go kill yourself”.
    longest = {max(reversed(phrase.translate(_SPACED).split()), key=len) for phrase in phrases}
    return words, phrases, frozenset(words) | longest
