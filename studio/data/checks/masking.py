"""Masking: a text without its secrets and personal data."""

from studio.data.checks import personal, secrets
from studio.data.checks.places import Span, apart

# What stands for masked data; these are no places that somebody forgot to fill in.
TAGS = frozenset(f"[{name}]" for name in "EMAIL PHONE IBAN CARD SSN IP KEY PASSWORD".split())


def masked(text: str) -> str:
    """The text with a tag such as [EMAIL] or [KEY] in place of all that is found; nothing is found in it again."""
    # A tag can part a number from what stood before it, and so show another one.
    while found := sensitive(text):
        text = _replaced(text, found)
    return text


def masked_value(name: str, value: str) -> str:
    """The same for a value with a name, which can say what it is: “password”, “phone”."""
    said, before = masked(f"{name}: {value}"), f"{name}: "
    return said.removeprefix(before) if said.startswith(before) else masked(value)


def sensitive(text: str) -> list[Span]:
    """Secrets and personal data, in order; none overlap."""
    found = secrets.spans(text)
    return sorted(found + apart(personal.spans(text), taken=found), key=lambda span: span.start)


def _replaced(text: str, spans: list[Span]) -> str:
    parts, done = [], 0
    for span in spans:
        parts += [text[done : span.start], span.tag]
        done = span.end
    return "".join([*parts, text[done:]])
