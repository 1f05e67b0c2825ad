"""Masking: a text without its secrets and personal data, for training; or with their ends alone, for a screen."""

import re
from collections.abc import Callable

from studio.data.checks import personal, secrets
from studio.data.checks.places import Span, apart

# What stands for masked data; these are no places that somebody forgot to fill in.
TAGS = frozenset(f"[{name}]" for name in "EMAIL PHONE IBAN CARD SSN IP KEY PASSWORD".split())


def masked(text: str) -> str:
    """The text with a tag such as [EMAIL] or [KEY] in place of all that is found; nothing is found in it again."""
    # A tag can part a number from what stood before it, and so show another one.
    while found := sensitive(text):
        text = _replaced(text, found, by=lambda _, span: span.tag)
    return text


def veiled(text: str) -> str:
    """The text as a screen may show it: of all that is found, the first letters are left, as in a•••@e•••.com."""
    return _replaced(text, sensitive(text), by=_veil)


def veiled_with_places(text: str) -> tuple[str, list[Span]]:
    """The same, and where in it something was veiled."""
    found, places, longer = sensitive(text), [], 0
    for span in found:
        start, written = span.start + longer, _veil(text[span.start : span.end], span)
        places.append(Span(start, start + len(written), span.note))
        longer += len(written) - (span.end - span.start)
    return _replaced(text, found, by=_veil), places


def sensitive(text: str) -> list[Span]:
    """Secrets and personal data, in order; none overlap."""
    found = secrets.spans(text)
    return sorted(found + apart(personal.spans(text), taken=found), key=lambda span: span.start)


def _replaced(text: str, spans: list[Span], *, by: Callable[[str, Span], str]) -> str:
    parts, done = [], 0
    for span in spans:
        parts += [text[done : span.start], by(text[span.start : span.end], span)]
        done = span.end
    return "".join([*parts, text[done:]])


def _veil(written: str, span: Span) -> str:
    if span.tag == "[EMAIL]":
        name, _, domain = written.rpartition("@")
        first, _, ending = domain.rpartition(".")
        return f"{name[0]}•••@{first[0]}•••.{ending}"
    if span.tag in ("[CARD]", "[IBAN]", "[PHONE]", "[SSN]"):
        return f"{re.sub(r'[^0-9A-Z+]', '', written)[:2]}•••{written[-2:]}"
    return f"{written[:3]}•••" if span.tag == secrets.KEY else "•••"
