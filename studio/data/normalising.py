"""Normalising: what two texts have in common when only their typography differs."""

import re
import unicodedata
from collections.abc import Sequence

# Runs of sentence punctuation before a space, a closing mark or the end.
_PUNCTUATION = re.compile(r"[.,;:?!]+(?=[ \"')\]]|$)")
_ALONE = ".,;:?! "
_FACTORIAL = re.compile(r"[^ a-z]!")  # may be one, as in 5! and (n+1)!
# The same in Chinese and Japanese, where no space follows; between digits it is a separator and stays.
_WIDE_PUNCTUATION = re.compile(r"(?<!\d)[。、，；：？！]|[。、，；：？！](?!\d)")
# x² is not x2 and 1½ is not 11/2, as NFKC would have it.
_OTHER_NUMBERS = re.compile("([\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u215f\u2189\u2460-\u24ff]+)")
_UNIFIED = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'", "`": "'", "\u200b": "", "\ufeff": "", "\u00ad": ""}
)
_TO_UNIFY = re.compile(f"[{''.join(map(chr, _UNIFIED))}]")


def normalised(text: str) -> str:
    """The text without differences of case, spacing, Unicode form and sentence punctuation; idempotent.

    Operators, currency signs, decimal separators and the signs of names like C++ and C# stay: they change the meaning.
    """
    if text.isascii():
        return _plain(text.lower().replace("`", "'"))
    while (folded := _plain(_folded(text))) != text:
        text = folded
    return text


def joined(texts: Sequence[str]) -> str:
    """What texts that are normalised are below each other: one of punctuation alone says nothing there."""
    return " ".join([text for text in texts if text.strip(_ALONE)]) or normalised("\n".join(texts))


def _folded(text: str) -> str:
    text = _WIDE_PUNCTUATION.sub(" ", _unified(text))
    if _OTHER_NUMBERS.search(text):
        parts = _OTHER_NUMBERS.split(text)
        parts[::2] = [unicodedata.normalize("NFKC", part).casefold() for part in parts[::2]]
        text = "".join(parts)
    else:
        text = unicodedata.normalize("NFKC", text).casefold()
    return _unified(unicodedata.normalize("NFC", text))


def _unified(text: str) -> str:
    """The text with one sign for each kind of quotation mark; looking first is much quicker than translating."""
    return text.translate(_UNIFIED) if _TO_UNIFY.search(text) else text


def _plain(text: str) -> str:
    """Without sentence punctuation and extra spaces; a text of punctuation alone stays as it is."""
    spaced = " ".join(text.split())
    plain = unpunctuated(spaced)
    if plain[:1] == " " or plain[-1:] == " " or "  " in plain:
        plain = " ".join(plain.split())
    return plain or spaced


def unpunctuated(spaced: str) -> str:
    """A text, or a part of one between two spaces, without sentence punctuation."""
    is_mathematics = "!" in spaced and _FACTORIAL.search(spaced)
    return _PUNCTUATION.sub(_dropped if is_mathematics else "", spaced)  # calling nothing is three times as quick


def _dropped(run: re.Match[str]) -> str:
    """What stays of a run of punctuation: the factorial in 5! and (n+1)!, otherwise nothing."""
    before = run.string[run.start() - 1] if run.start() else ""
    return "!" if run[0][0] == "!" and (before == ")" or before.isdigit()) else ""
