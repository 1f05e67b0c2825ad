"""Target: one line of the table: what is asked for, what was measured, and what that means."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True, slots=True)
class Row:
    """A figure beside its target; `beside` is bare Gradio's in the same run, where that is the limit."""

    number: str
    what: str
    target: str
    measured: str
    is_met: bool
    beside: str = ""

    @property
    def verdict(self) -> str:
        if self.is_met:
            return "held"
        return f"not held; bare Gradio: {self.beside}" if self.beside else "**not held**"


def at_most(number: str, what: str, most: float, found: float, unit: str = "s", *, beside: str = "") -> Row:
    return Row(number, what, f"≤ {_told(most, unit)}", _told(found, unit), found <= most, beside)


def at_least(number: str, what: str, least: float, found: float, unit: str, *, beside: str = "") -> Row:
    return Row(number, what, f"≥ {_told(least, unit)}", _told(found, unit), found >= least, beside)


def table(rows: Iterable[Row]) -> str:
    lines = ["| # | what | target | measured | |", "|---|---|---|---|---|"]
    lines += [f"| {row.number} | {row.what} | {row.target} | {row.measured} | {row.verdict} |" for row in rows]
    return "\n".join(lines)


def _told(value: float, unit: str) -> str:
    if not isfinite(value):
        return "nothing was measured"
    if unit == "s" and value < 1:
        return f"{value * 1000:,.0f} ms"
    digits = 0 if abs(value) >= 100 or value == int(value) else 2 if abs(value) < 10 else 1
    return f"{value:,.{digits}f} {unit}"
