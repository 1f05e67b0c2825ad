"""Query: what a user's own database answered to one query that a model wrote."""

from dataclasses import dataclass
from typing import Literal

Cell = str | int | float | bytes | None
Status = Literal["rows", "denied", "stopped", "too_much", "error"]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows, or why there are none: denied (more than reading), stopped (too slow), too much, or an error."""

    status: Status
    columns: int = 0
    rows: tuple[tuple[Cell, ...], ...] = ()
    message: str = ""
