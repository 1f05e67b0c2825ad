"""Logbook in the database: what people say of a run, and who started it with which libraries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from studio.domain.deleted import Kind
from studio.domain.job import JobState, Wish, words_of
from studio.domain.logbook import Entry
from studio.store import deleted as gone
from studio.store import tables
from studio.store.database import Store, insert_or_ignore


def open_entry(store: Store, run_id: str, *, owner: str, versions: dict[str, str]) -> None:
    """Write down who started a run and with what; what is written already stays."""
    with store.write() as connection:
        _insist(connection, run_id, owner=owner, versions=versions)


def entries(store: Store, run_ids: Collection[str] | None = None) -> dict[str, Entry]:
    """What is written of each run, or of these; of a run from before there was a logbook, nothing."""
    question = select(tables.logbook)
    if run_ids is not None:
        question = question.where(tables.logbook.c.run_id.in_(list(run_ids)))
    with store.read() as connection:
        return {row.run_id: _entry(row._mapping) for row in connection.execute(question)}


@dataclass(frozen=True, slots=True)
class Line:
    """What can be read of a run in a list of them, and of which data it is, whose name is told elsewhere."""

    run_id: str
    dataset_id: str
    words: str


def lines(store: Store) -> list[Line]:
    """The line of every run that is not deleted, the newest first; nothing else of them is read."""
    runs, jobs, book = tables.runs.c, tables.jobs.c, tables.logbook.c
    joined = tables.runs.join(tables.jobs, jobs.id == runs.job_id).outerjoin(tables.logbook, book.run_id == runs.id)
    question = (
        select(
            *(runs.id, runs.dataset_id, runs.name, runs.model_id, runs.created_at, jobs.state, jobs.wish, jobs.pausing),
            *(book.owner, book.tags, book.notes),
        )
        .select_from(joined)
        .where(runs.id.not_in(gone.hidden(Kind.RUN)))
        .order_by(runs.created_at.desc(), runs.id.desc())
    )
    with store.read() as connection:
        return [_line(*row) for row in connection.execute(question)]


def _line(
    run_id: str,
    dataset_id: str,
    name: str,
    model_id: str,
    created_at: datetime,
    state: str,
    wish: str,
    pausing: bool,
    owner: str | None,
    tags: list[str] | None,
    notes: str | None,
) -> Line:
    stands = words_of(JobState(state), Wish(wish), pausing=pausing)
    words = (name, run_id, stands, model_id, f"{created_at:%d %b}", owner or "", *(tags or ()), notes or "")
    return Line(run_id, dataset_id, " ".join(words))


def entry(store: Store, run_id: str) -> Entry:
    return entries(store, [run_id]).get(run_id, Entry())


def write(store: Store, run_id: str, *, notes: str | None = None, tags: Sequence[str] | None = None) -> Entry:
    """Change notes or tags; what is None stays as it is."""
    values = {name: value for name, value in (("notes", notes), ("tags", tags)) if value is not None}
    _set(store, [run_id], values)
    return entry(store, run_id)


def _set(store: Store, run_ids: Sequence[str], values: dict[str, Any]) -> None:
    with store.write() as connection:
        for run_id in run_ids:
            _insist(connection, run_id)
        if values:
            connection.execute(tables.logbook.update().where(tables.logbook.c.run_id.in_(run_ids)).values(values))


def _insist(connection: Connection, run_id: str, *, owner: str = "", versions: dict[str, str] | None = None) -> None:
    """An entry for a run, unless there is one."""
    values = {"run_id": run_id, "owner": owner, "versions": versions or {}, "notes": "", "tags": []}
    insert_or_ignore(connection, tables.logbook, values, conflict=["run_id"])


def _entry(values: Any) -> Entry:
    return Entry(
        owner=values["owner"],
        versions=values["versions"],
        notes=values["notes"],
        tags=tuple(values["tags"]),
    )
