"""Numerals: the numbers in a text, each with its value, what it counts, and where it stands."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from studio.data.checks.lists import any_of

_COUNTED = re.compile(
    r"(?<![\w.])(?P<before>[$€£¥₹]?)\s?(?P<value>-?\d{1,3}(?:[,'’]\d{3})+(?:\.\d+)?|-?\d+(?:[.,:/]\d+)*)"
    r"\s?(?P<after>[%$€£¥°]|[^\W\d_]+)?"
)
_WORDED = {
    word: str(value)
    for value, words in enumerate(
        (
            "two zwei deux dos due", "three drei trois tres tre", "four vier quatre cuatro quattro",
            "five fünf cinq cinco cinque", "six sechs seis", "seven sieben sept siete sette",
            "eight acht huit ocho otto",
            "nine neun neuf nueve nove", "ten zehn dix diez dieci", "eleven elf onze once undici",
            "twelve zwölf douze doce dodici",
        ),
        start=2,
    )
    for word in words.split()
}  # fmt: skip
_IN_WORDS = re.compile(rf"\b(?P<value>{'|'.join(_WORDED)})\s+(?P<after>[^\W\d_]+)", re.IGNORECASE)
_MAY_BE_IN_WORDS = re.compile(any_of(_WORDED))
_LISTED = re.compile(r"^\s{0,6}(?:step\s+|schritt\s+)?\d{1,3}[.):]\s", re.IGNORECASE | re.MULTILINE)
_SPACELESS = re.compile(r"[\u0e00-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Number:
    """A number: its value in digits, the word or sign beside it, and its place (end excluded)."""

    value: str
    unit: str
    place: tuple[int, int]


def numbers(text: str) -> list[Number]:
    """The numbers of a text; those that only count the items of a list are left out."""
    listed = {place for match in _LISTED.finditer(text) for place in range(*match.span())}
    found = [
        Number(value_of(match["value"]), match["before"] or _unit(match["after"]), match.span("value"))
        for match in _COUNTED.finditer(text)
        if match.start("value") not in listed
    ]
    if _MAY_BE_IN_WORDS.search(text.casefold()):
        found += [
            Number(_WORDED[match["value"].lower()], _unit(match["after"]), match.span("value"))
            for match in _IN_WORDS.finditer(text)
        ]
    return found


def value_of(written: str) -> str:
    """The value of a number as people write it, 1,200.50 as 1200.5; a time or a date stays as it is."""
    plain = re.sub(r"(?<=\d)[,'’](?=\d{3}(?!\d))", "", written.strip())
    if re.fullmatch(r"-?\d+[.,]\d+", plain):
        plain = plain.replace(",", ".").rstrip("0").rstrip(".")
    return plain


def is_number(text: str) -> bool:
    """Whether a text is a number and nothing else."""
    return re.fullmatch(r"-?\d[\d.,'’]*", text.strip()) is not None


def of_one_unit(one: Sequence[Number], other: Sequence[Number]) -> tuple[list[Number], list[Number]] | None:
    """The numbers of the first unit that both count and of which they share no number."""
    left, right = _by_unit(one), _by_unit(other)
    for unit, counted in left.items():
        if unit and unit in right and {n.value for n in counted}.isdisjoint(n.value for n in right[unit]):
            return counted, right[unit]
    return None


def _unit(word: str | None) -> str:
    """What is counted: one form for day and days; of scripts without spaces, the first character."""
    plain = (word or "").lower()
    if _SPACELESS.match(plain):
        return plain[0]
    return plain[:-1] if len(plain) > 3 and plain.endswith(("s", "n")) else plain


def _by_unit(found: Sequence[Number]) -> dict[str, list[Number]]:
    units: dict[str, list[Number]] = defaultdict(list)
    for number in found:
        units[number.unit].append(number)
    return units
