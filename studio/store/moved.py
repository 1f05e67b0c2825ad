"""Moved: a database that was restored goes on at another time, and perhaps in another folder."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select, text, update

from studio.domain.job import JobState
from studio.store import access_tables, audit, backups, dumps, tables
from studio.store.archive import DATABASE, DUMP
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


@dataclass(frozen=True, slots=True)
class Kept:
    """A database as it was at one moment, in one file; `folders` are those of the workspace that it names, by kind."""

    name: str
    file: Path
    folders: dict[str, list[Path]]
    revision: str


def keep(store: Store, aside: Path) -> Kept:
    """Copy the database into the folder `aside` while others go on; SetupError where that cannot be done."""
    if store.is_shared:
        file = aside / DUMP
        with store.read() as connection:  # the dump is of the moment that this transaction sees
            dumps.dump(store, connection, file)
            return _kept(DUMP, file, store.workspace.root, lambda asked: connection.execute(text(asked)))
    file = aside / DATABASE
    backups.copied(store.workspace.database, file)
    with _reading(file) as copy:
        return _kept(DATABASE, file, store.workspace.root, copy.execute)


def _kept(name: str, file: Path, root: Path, ask: Callable[[str], Iterable[Any]]) -> Kept:
    found = {kind: [root / kind / id for (id,) in ask(question)] for kind, question in NAMED.items()}
    for kind, question in PLACED.items():
        placed, inside = (Path(path) for (path,) in ask(question)), (root / kind).resolve()
        found[kind] = [root / kind / path.name for path in placed if path.parent.resolve() == inside]
    ((revision,),) = ask("SELECT version_num FROM alembic_version")
    return Kept(name, file, found, revision)


def known_folders(store: Store) -> dict[str, set[str]]:
    """The names of the folders in `datasets` and `studies` that belong to something."""
    with store.read() as connection:
        going = [place for (places,) in connection.execute(select(tables.deleted.c.places)) for place in places]
        found = {name: set(connection.execute(text(NAMED[name])).scalars()) for name in ("datasets", "studies")}
    return {name: ids | {place.partition("/")[2] for place in going} for name, ids in found.items()}


def is_unused(database: Path) -> bool:
    """Whether nobody has done anything with it yet; one that cannot be read may be all that somebody has."""
    if not database.exists():
        return True
    asked = " + ".join(f"(SELECT count(*) FROM {name})" for name in SIGNS_OF_USE)  # noqa: S608  a constant
    try:
        with _reading(database) as found:
            return found.execute(f"SELECT {asked}").fetchone()[0] == 0
    except sqlite3.Error:
        return False


def jobs_in(store: Store, state: JobState) -> int:
    with store.read() as connection:
        asked = select(func.count()).select_from(tables.jobs).where(tables.jobs.c.state == state.value)
        return connection.execute(asked).scalar_one()


def begin_anew(store: Store, *, made_at: str, old: str, new: str, folder: str, who: str) -> None:
    """Let no sign-in, invitation or holder of the time of the backup count, and places in `old` be places in `new`,
    the folder known by its id `folder`."""
    now = datetime.now(UTC)
    with store.write() as connection:
        term = tables.supervision.c.term
        connection.execute(
            update(tables.supervision).values(term=term + 1, beat=0, pid=None, process_started=None, folder=folder)
        )
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
