"""Problem: why a piece of a file cannot become a row, before it is known where in the file it stands."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`column` counts characters from 1; `lines_down` is 0 unless a row is spread over several lines.

    `undecoded` says that there is a character which the encoding does not know: in another one it may have a meaning.
    """

    reason: str
    fix: str
    column: int | None = None
    field: str | None = None
    lines_down: int = 0
    undecoded: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a character in a text of several lines, in the terms of `Problem`."""

    column: int
    lines_down: int


def where_after(before: str) -> Where:
    """The place of what follows these characters."""
    return Where(len(before) - before.rfind("\n"), before.count("\n"))
