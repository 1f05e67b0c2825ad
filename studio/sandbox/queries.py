"""Queries: ask a user's own SQLite file what a model's query gives, without a way to change or reach anything.

Three walls: the file is opened read-only and taken as unchangeable; SQLite's authorizer lets nothing through but
reading; and all of it happens in a process of its own with an empty environment and limits that the kernel keeps.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.domain.errors import StudyError
from studio.domain.query import Cell, QueryResult

CHILD = Path(__file__).with_name("child.py")
HEADER = b"SQLite format 3\0"
LARGEST = 2 * 2**30
LONGEST_QUERY = 20_000  # characters
SPARE = 30.0  # seconds beyond what all queries may take together
COPYING = 300.0
DIED = QueryResult("stopped", message="It did not end in time, or took too much memory, and its process was ended.")


def take_copy(source: Path, target: Path) -> None:
    """Copy a SQLite file, with what its write-ahead log still holds; StudyError where it is none.

    What is asked later is the copy, so that nothing of ours ever lies beside the user's file.
    """
    _check(source)
    _check_opened(source, _ask_child({"copy": [str(source.resolve()), str(target.resolve())]}, seconds=COPYING))


def ask(
    databases: Sequence[Path], queries: Sequence[str], *, seconds: float = 2.0, most_rows: int = 5000
) -> list[list[QueryResult]]:
    """What each database answers to each query, in the order of both."""
    for database in databases:
        _check(database)
    return [_answers(database, queries, seconds=seconds, most_rows=most_rows) for database in databases]


def tables(database: Path) -> list[str]:
    """The names of the tables and views of a database."""
    names = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY name"
    ((found,),) = ask([database], [names])
    if found.status != "rows":
        raise StudyError(f"{database.name} cannot be read: {found.message}", fix="Choose another file.")
    return [str(row[0]) for row in found.rows]


def _check(database: Path) -> None:
    if not database.is_file():
        raise StudyError(f"There is no file {database.name}.", fix="Choose a SQLite file.", field="databases")
    with database.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            raise StudyError(f"{database.name} is no SQLite file.", fix="Choose a SQLite file.", field="databases")
    if database.stat().st_size > LARGEST:
        raise StudyError(
            f"{database.name} is larger than 2 GB.",
            fix="Make a smaller database with the same tables.",
            field="databases",
        )


def _check_opened(database: Path, said: Sequence[dict[str, Any]]) -> None:
    """StudyError where the process did not even come to read the file."""
    if not said or said[0].get("error"):
        why = said[0]["error"] if said else "the process for it does not start"
        raise StudyError(f"{database.name} cannot be read: {why}.", fix="Close what uses it, or choose another file.")


def _answers(database: Path, queries: Sequence[str], *, seconds: float, most_rows: int) -> list[QueryResult]:
    """One process for all queries; where one ends it, the next process goes on behind that query."""
    found: list[QueryResult] = []
    while len(found) < len(queries):
        rest = [query[: LONGEST_QUERY + 1] for query in queries[len(found) :]]
        task = {"database": str(database.resolve()), "queries": rest, "seconds": seconds, "most_rows": most_rows}
        said = _ask_child(task, seconds=SPARE + len(rest) * (seconds + 2))
        _check_opened(database, said)
        found += [_result(each) for each in said[1:]]
        if len(said) - 1 < len(rest):
            found.append(DIED)
    return found


def _ask_child(task: dict[str, Any], *, seconds: float) -> list[dict[str, Any]]:
    """The whole lines that a fresh process writes for a task before it ends."""
    with tempfile.TemporaryDirectory(prefix="assay-sql-") as empty:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=empty,
            env={},
            start_new_session=True,
        )
        with child:
            try:
                out, _ = child.communicate(json.dumps(task).encode(), timeout=seconds)
            except subprocess.TimeoutExpired:
                child.kill()
                out, _ = child.communicate()
    lines = out.split(b"\n")[:-1]  # behind the last line end there is nothing, or half a line
    return [json.loads(line) for line in lines]


def _result(said: dict[str, Any]) -> QueryResult:
    rows = tuple(tuple(_cell(cell) for cell in row) for row in said.get("rows", ()))
    return QueryResult(said["status"], said.get("columns", 0), rows, said.get("message", ""))


def _cell(cell: Any) -> Cell:
    """A cell as it was; bytes travel as hexadecimal digits in a list."""
    return bytes.fromhex(cell[0]) if isinstance(cell, list) else cell
