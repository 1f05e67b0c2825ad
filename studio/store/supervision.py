"""Supervision: the one host that carries out the jobs of a database, by a term that only grows and a beat."""

from dataclasses import dataclass

from sqlalchemy import Update, select, update

from studio.store import tables
from studio.store.database import Store, insert_or_ignore


@dataclass(frozen=True, slots=True)
class Holder:
    """A supervisor: its process on its host, and the folder that it works in."""

    host: str
    pid: int
    started: str
    folder: str


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds it and how far it has counted; `pid` is None where it was given back."""

    term: int
    beat: int
    host: str
    pid: int | None
    started: str | None
    folder: str


def held(store: Store) -> Held | None:
    """Who holds it now; None where nobody ever did."""
    with store.read() as connection:
        row = connection.execute(select(tables.supervision)).one_or_none()
    return Held(row.term, row.beat, row.host, row.pid, row.process_started, row.folder) if row else None


def take(store: Store, holder: Holder, *, seen: Held | None) -> int | None:
    """Hold it from now on, with a new term, if it is still as it was `seen`; None when it is not."""
    columns = tables.supervision.c
    who = {"host": holder.host, "pid": holder.pid, "process_started": holder.started, "folder": holder.folder}
    with store.write() as connection:
        if seen is None:
            first = {"one": 1, "term": 1, "beat": 0} | who
            return 1 if insert_or_ignore(connection, tables.supervision, first, conflict=["one"]) else None
        taken = connection.execute(
            update(tables.supervision)
            .where(columns.term == seen.term, columns.beat == seen.beat)
            .values(term=seen.term + 1, beat=0, **who)
        )
        return seen.term + 1 if taken.rowcount == 1 else None


def beat(store: Store, term: int) -> bool:
    """Count on, as long as this term is the one that counts; whether it is."""
    columns = tables.supervision.c
    with store.write() as connection:
        return connection.execute(_of(term).values(beat=columns.beat + 1)).rowcount == 1


def give_back(store: Store, term: int) -> None:
    """Let the next one take it at once."""
    with store.write() as connection:
        connection.execute(_of(term).values(beat=tables.supervision.c.beat + 1, pid=None, process_started=None))


def _of(term: int) -> Update:
    return update(tables.supervision).where(tables.supervision.c.term == term)
