"""Child: the process that opens a user's SQLite file. Run as a file, never imported.

Standard library only. It reads one task from its input and writes one line for each query.
"""

import json
import resource
import signal
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

MEMORY = 2**30  # bytes of the whole process
HEAP = 256 * 2**20  # bytes of SQLite
LARGEST = 8 * 2**20  # bytes of one result
GRACE = 1.0  # seconds after a query's own: for what SQLite cannot interrupt, such as one endless function

READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
NO_FUNCTIONS = set("load_extension readfile writefile edit fts3_tokenizer randomblob zeroblob".split())
NO_TABLES = ("pragma_", "dbstat", "sqlite_dbpage", "sqlite_stmt", "bytecode", "tables_used", "fsdir", "csv", "zipfile")
LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 20_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 100_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 100,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}


def main() -> None:
    task = json.load(sys.stdin.buffer)
    if "copy" in task:
        _say(_copy(*task["copy"]))
        return
    _limit()
    _say(_opened(task["database"]))
    for query in task["queries"]:
        signal.setitimer(signal.ITIMER_REAL, task["seconds"] + GRACE)  # its signal ends this process
        said = _answer(task["database"], query, seconds=task["seconds"], most_rows=task["most_rows"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say(said)


def _limit() -> None:
    """What the kernel keeps this process to: no writing of files, no other processes, little memory, few open files."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def _opened(database: str) -> dict[str, Any]:
    """Whether the walls stand and the file can be read behind them; said before the first query."""
    try:
        _connect(database, [], deadline=time.monotonic() + GRACE).execute("SELECT * FROM sqlite_schema").fetchone()
    except (sqlite3.Error, AttributeError, MemoryError) as error:
        return {"error": str(error)}
    return {}


def _answer(database: str, query: str, *, seconds: float, most_rows: int) -> dict[str, Any]:
    """The answer to one query, on a connection of its own, so that none leaves anything behind for the next."""
    refused: list[str] = []
    connection = _connect(database, refused, deadline=time.monotonic() + seconds)
    try:
        cursor = connection.execute(query)
        rows = _fetch(cursor, most_rows)
    except MemoryError:
        return {"status": "too_much", "message": "It takes too much memory."}
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        return _failure(str(error), refused)
    finally:
        connection.close()
    if rows is None:
        return {"status": "too_much", "message": f"It gives more than {most_rows:,} rows or 8 MB."}
    if cursor.description is None:
        return {"status": "error", "message": "It asks nothing."}
    return {"status": "rows", "columns": len(cursor.description), "rows": rows}


def _connect(database: str, refused: list[str], *, deadline: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{Path(database).as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None, cached_statements=0
    )
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    for pragma in ("query_only=1", "trusted_schema=0", "temp_store=2", f"hard_heap_limit={HEAP}", "cell_size_check=1"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    for limit, most in LIMITS.items():
        connection.setlimit(limit, most)
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 1000)
    connection.set_authorizer(_authorizer(refused))
    return connection


def _authorizer(refused: list[str]) -> Any:
    """What asks of every step of a query whether it only reads; what it refuses is noted down."""

    def allows(action: int, first: str | None, second: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_FUNCTION:
            fine = (second or "").lower() not in NO_FUNCTIONS
            refused.extend([] if fine else [f"the function {second}"])
        elif action in READING:
            fine = not (first or "").lower().startswith(NO_TABLES)
            refused.extend([] if fine else [f"the table {first}"])
        else:
            fine = False
            refused.append("anything but reading")
        return sqlite3.SQLITE_OK if fine else sqlite3.SQLITE_DENY

    return allows


def _fetch(cursor: sqlite3.Cursor, most_rows: int) -> list[list[Any]] | None:
    """All rows, ready to be sent; None where they are too many or too large."""
    rows, size = [], 0
    for row in cursor:
        size += sum(len(cell) if isinstance(cell, str | bytes) else 8 for cell in row)
        if len(rows) == most_rows or size > LARGEST:
            return None
        rows.append([[cell.hex()] if isinstance(cell, bytes) else cell for cell in row])
    return rows


def _failure(message: str, refused: list[str]) -> dict[str, Any]:
    if refused:
        return {"status": "denied", "message": f"It asks for {refused[0]}, which is not allowed."}
    if "one statement at a time" in message:
        return {"status": "denied", "message": "It holds several statements; only one is allowed."}
    if message == "interrupted":
        return {"status": "stopped", "message": "It took longer than it may."}
    if any(words in message for words in ("too big", "too large", "out of memory")):
        return {"status": "too_much", "message": f"It takes too much ({message})."}
    return {"status": "error", "message": f"{message[:300]}."}


def _copy(source: str, target: str) -> dict[str, Any]:
    """Copy a database as SQLite sees it. Without a log beside it, the file is taken as it is."""
    has_log = Path(f"{source}-wal").exists()
    uri = f"{Path(source).as_uri()}?mode=ro" + ("" if has_log else "&immutable=1")
    try:
        begin, end = sqlite3.connect(uri, uri=True), sqlite3.connect(target)
        begin.backup(end)
        end.execute("PRAGMA journal_mode=DELETE").fetchall()  # so that no log is ever looked for beside the copy
        begin.close()
        end.close()
    except sqlite3.Error as error:
        return {"error": str(error)}
    return {}


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
