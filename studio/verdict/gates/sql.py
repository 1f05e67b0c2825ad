"""SQL: whether a query gives the same result as the reference query in databases that the user gave.

The queries themselves are run elsewhere, in a process that can only read; here their results are compared.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import permutations
from math import isclose

from studio.domain.gate import SqlResult
from studio.domain.gate_result import Answered, GateResult, Mark, Pair, Unjudged
from studio.domain.query import Cell, QueryResult
from studio.verdict.gates.fences import fenced
from studio.verdict.gates.results import marked, pair, passing

# Every database's answers to all queries, in the order of both.
Ask = Callable[[SqlResult, Sequence[str]], Sequence[Sequence[QueryResult]]]
MOST_COLUMNS = 6  # tried in every order

FAILURES = {
    "denied": "not a question",  # it wants to do more than read
    "stopped": "too slow",
    "too_much": "too much",
    "error": "does not run",
}
_TOKENS = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|[()]|\w+""", re.DOTALL
)


def judge(gate: SqlResult, answers: Sequence[Answered], ask: Ask) -> GateResult:
    """How many queries of each side give what the reference query gives, in every database."""
    queries = sorted({query for each in answers for query in _queries(each)})
    columns = zip(*ask(gate, queries), strict=True)
    known = {query: tuple(results) for query, results in zip(queries, columns, strict=True)}
    pairs: list[Pair] = []
    unjudged: list[Unjudged] = []
    for each in answers:
        wrong = next((r for r in known.get(each.reference, ()) if r.status != "rows"), None)
        if wrong or each.reference not in known:
            why = wrong.message if wrong else "it is empty"
            unjudged.append(Unjudged(each.prompt_id, f"The reference query cannot be run: {why}"))
            continue
        base, tuned = (
            marked(text, lambda answer, each=each: mark(gate, answer, each.reference, known))
            for text in (each.base, each.tuned)
        )
        pairs.append(pair(each.prompt_id, base, tuned))
    return passing(gate, pairs, unjudged=unjudged)


def mark(gate: SqlResult, answer: str, reference: str, known: dict[str, tuple[QueryResult, ...]]) -> Mark:
    """Whether one answer, as it is, gives the result of the reference query."""
    found = _compared(gate, known.get(answer, ()), known[reference], ordered=is_ordered(reference))
    inner = fenced(answer)
    if not found.is_passed and inner in known:
        clean = _compared(gate, known[inner], known[reference], ordered=is_ordered(reference))
        if clean.is_passed:
            return Mark(0.0, "needs cleaning", "The right query inside a code fence.")
    return found


def _compared(gate: SqlResult, said: Sequence[QueryResult], right: Sequence[QueryResult], *, ordered: bool) -> Mark:
    if not said:
        return Mark(0.0, "does not run", "The answer is empty.")
    for one, other in zip(said, right, strict=True):
        if one.status != "rows":
            return Mark(0.0, FAILURES[one.status], one.message)
        if not same_result(one, other, ordered=ordered, any_column_order=gate.columns_in_any_order):
            rows = f"{len(one.rows)} rows of {one.columns} columns instead of {len(other.rows)} of {other.columns}"
            return Mark(0.0, "other result", rows if _shape(one) != _shape(other) else "Other values.")
    return Mark(1.0, "same result")


def _shape(result: QueryResult) -> tuple[int, int]:
    return len(result.rows), result.columns


def _queries(each: Answered) -> list[str]:
    """The queries of a prompt as they are, and what a code fence holds."""
    texts = [each.reference, *(text for text in (each.base, each.tuned) if text)]
    inner = [block for text in texts[1:] if (block := fenced(text))]
    return [text for text in (*texts, *inner) if text.strip()]


def is_ordered(query: str) -> bool:
    """Whether a query asks for an order of its whole result: ORDER BY outside of every bracket, text and comment."""
    depth, before = 0, ""
    for token in _TOKENS.findall(query):
        depth += {"(": 1, ")": -1}.get(token, 0)
        word = token.upper()
        if depth == 0 and before == "ORDER" and word == "BY":
            return True
        if not token.startswith(("--", "/*")):
            before = word
    return False


def same_result(one: QueryResult, other: QueryResult, *, ordered: bool, any_column_order: bool = False) -> bool:
    """Equality of two results: as lists where an order was asked for, else as multisets; NULL equals NULL.

    Numbers are equal within a billionth. Names of columns do not matter.
    """
    if _shape(one) != _shape(other):
        return False
    if _same_rows(one.rows, other.rows, ordered=ordered):
        return True
    if not any_column_order or not 1 < one.columns <= MOST_COLUMNS:
        return False
    return any(
        _same_rows([tuple(row[at] for at in order) for row in one.rows], other.rows, ordered=ordered)
        for order in permutations(range(one.columns))
        if all(_column(one, at) == _column(other, to) for to, at in enumerate(order))
    )


def _column(result: QueryResult, at: int) -> Counter[Cell]:
    return Counter(_rounded(row[at]) for row in result.rows)


def _same_rows(one: Sequence[tuple[Cell, ...]], other: Sequence[tuple[Cell, ...]], *, ordered: bool) -> bool:
    if not ordered:
        one, other = sorted(one, key=_order), sorted(other, key=_order)
    return all(all(map(_same_cell, mine, yours)) for mine, yours in zip(one, other, strict=True))


def _same_cell(one: Cell, other: Cell) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and one == other


def _order(row: tuple[Cell, ...]) -> tuple[tuple[str, Cell], ...]:
    """Something to sort rows by: numbers that are nearly equal lie together, whatever their type."""
    return tuple(
        ("number" if isinstance(cell, int | float) else type(cell).__name__, 0 if cell is None else _rounded(cell))
        for cell in row
    )


def _rounded(cell: Cell) -> Cell:
    return float(f"{cell:.8g}") if isinstance(cell, float) else cell
