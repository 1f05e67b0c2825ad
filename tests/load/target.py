"""Target: one line of the table: what is asked for, what was measured, what bare Gradio has, and what that means."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path

MARKS = ("<!-- measured: make load writes this with --write docs/load.md -->", "<!-- end -->")


@dataclass(frozen=True, slots=True)
class Row:
    """A figure beside its target, where it has one; `bare` is bare Gradio's in the same run."""

    number: str
    what: str
    found: float
    unit: str = "s"
    most: float | None = None
    least: float | None = None
    bare: float | None = None
    broke: str = ""

    def _holds(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    @property
    def asked(self) -> str:
        sign, value = ("≤", self.most) if self.most is not None else ("≥", self.least)
        return "" if value is None else f"{sign} {_told(value, self.unit)}"

    @property
    def measured(self) -> str:
        return self.broke or _told(self.found, self.unit)

    @property
    def beside(self) -> str:
        return "" if self.bare is None else _told(self.bare, self.unit)

    @property
    def verdict(self) -> str:
        if self.broke:
            return "**broke**"
        if not self.asked:
            return ""
        if self._holds(self.found):
            return "held"
        return (
            "not held, nor by bare Gradio" if self.bare is not None and not self._holds(self.bare) else "**not held**"
        )


def at_most(number: str, what: str, most: float, found: float, unit: str = "s", *, bare: float | None = None) -> Row:
    return Row(number, what, found, unit, most=most, bare=bare)


def at_least(number: str, what: str, least: float, found: float, unit: str, *, bare: float | None = None) -> Row:
    return Row(number, what, found, unit, least=least, bare=bare)


def seen(number: str, what: str, found: float, unit: str, *, bare: float | None = None) -> Row:
    """A figure that nothing is asked of."""
    return Row(number, what, found, unit, bare=bare)


def broken(number: str, error: BaseException) -> Row:
    """What stands in place of the figures of a part that could not be carried through."""
    return Row(
        number, "it broke", nan, broke=f"{type(error).__name__}: {error}".replace("\n", " ").replace("|", "/")[:120]
    )


def table(rows: Iterable[Row]) -> str:
    lines = ["| # | what | asked | measured | bare Gradio | |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.number} | {row.what} | {row.asked} | {row.measured} | {row.beside} | {row.verdict} |" for row in rows
    ]
    return "\n".join(lines)


def write(page: Path, text: str) -> None:
    """Put the text between the two marks of a page; ValueError where it has none."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not begin or not end:
        raise ValueError(f"{page} has no {MARKS[0]} … {MARKS[1]}")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def numbers(words: Iterable[str]) -> set[str]:
    """The numbers of targets that are named: L4 l7,L15."""
    return {each.upper() for word in words for each in re.split(r"[,\s]+", word) if each}


def _told(value: float, unit: str) -> str:
    if not isfinite(value):
        return "nothing was measured"
    if unit == "s" and abs(value) < 1:
        return f"{value * 1000:,.0f} ms"
    digits = 0 if abs(value) >= 100 or value == int(value) else 2 if abs(value) < 10 else 1
    return f"{value:,.{digits}f} {unit}".rstrip()
