"""Moved: a database that was restored goes on at another time, and perhaps in another folder."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from studio.domain.job import JobState
from studio.store import access_tables, audit, tables
from studio.store.database import Store

# The folders of a workspace by the ids in them. Jobs come first: what a worker has told by then is of later files.
NAMED = {
    "jobs": "SELECT id FROM jobs",
    "datasets": "SELECT id FROM datasets",
    "runs": "SELECT id FROM runs",
    "studies": "SELECT id FROM studies",
}
PLACED = {"models": "SELECT path FROM models", "exports": "SELECT path FROM releases"}
SIGNS_OF_USE = ("jobs", "models", "people", "keys")
# Where places of files stand.
PLACES = (tables.specs.c.spec, tables.jobs.c.result, tables.models.c.path, tables.releases.c.path)


def folders(database: Path, root: Path) -> dict[str, list[Path]]:
    """The folders in the workspace `root` that a copy of its database names, by the folder that they are in."""
    found: dict[str, list[Path]] = {}
    with _reading(database) as copy:
        for name, question in NAMED.items():
            found[name] = [root / name / id for (id,) in copy.execute(question)]
        for name, question in PLACED.items():
            placed = (Path(path) for (path,) in copy.execute(question))
            inside = (root / name).resolve()
            found[name] = [root / name / path.name for path in placed if path.parent.resolve() == inside]
    return found


def revision(database: Path) -> str:
    with _reading(database) as copy:
        return copy.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def is_unused(database: Path) -> bool:
    """Whether nobody has done anything with it yet; one that cannot be read may be all that somebody has."""
    if not database.exists():
        return True
    asked = " + ".join(f"(SELECT count(*) FROM {name})" for name in SIGNS_OF_USE)
    try:
        with _reading(database) as found:
            return found.execute(f"SELECT {asked}").fetchone()[0] == 0
    except sqlite3.Error:
        return False


def jobs_in(database: Path, state: JobState) -> int:
    with _reading(database) as found:
        return found.execute("SELECT count(*) FROM jobs WHERE state = ?", (state.value,)).fetchone()[0]


def begin_anew(store: Store, *, made_at: str, old: str, new: str, who: str) -> None:
    """Let no sign-in, invitation or holder of the time of the backup count, and places in `old` be places in `new`."""
    now = datetime.now(UTC)
    with store.write() as connection:
        term = tables.supervision.c.term
        connection.execute(update(tables.supervision).values(term=term + 1, beat=0, pid=None, process_started=None))
        ended = access_tables.sign_ins.c.ended_at
        connection.execute(update(access_tables.sign_ins).where(ended.is_(None)).values(ended_at=now))
        connection.execute(
            update(access_tables.doors).where(access_tables.doors.c.expires_at > now).values(expires_at=now)
        )
        if old != new:
            _move_places(connection, old, new)
        audit.write(connection, who=who, act="restored a backup", about=f"made {made_at}", at=now)


def _move_places(connection: Connection, old: str, new: str) -> None:
    for column in PLACES:
        (key,) = column.table.primary_key.columns
        for row in connection.execute(select(key, column)).all():
            there = _there(row[1], old, new)
            if there != row[1]:
                connection.execute(update(column.table).where(key == row[0]).values({column: there}))


def _there(value: Any, old: str, new: str) -> Any:
    if isinstance(value, str):
        return new + value[len(old) :] if value == old or value.startswith(old + "/") else value
    if isinstance(value, list):
        return [_there(each, old, new) for each in value]
    if isinstance(value, dict):
        return {name: _there(each, old, new) for name, each in value.items()}
    return value


@contextmanager
def _reading(database: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        yield connection
