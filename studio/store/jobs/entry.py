"""Entry: jobs submitted once, and looked up."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from studio import logs
from studio.domain.job import LIVE, Job, JobKind, JobState, Wish
from studio.domain.space import Claim
from studio.store import tables
from studio.store.database import Store, insert_or_ignore, writing
from studio.store.ids import new_id
from studio.store.jobs.reservations import reserve
from studio.store.jobs.rows import is_in, job_of, job_with, spec_of

# What is so of every job that has just begun to wait.
WAITING = {
    "state": JobState.QUEUED.value, "wish": Wish.RUN.value, "attempt": 0, "phase": "", "done": 0, "total": 0,
    "message": "", "fix": "", "result": {},
}  # fmt: skip


def submit(
    target: Store | Connection,
    *,
    kind: JobKind,
    subject_id: str,
    spec: dict[str, Any],
    key: str | None = None,
    wants: str | None = None,
    claim: Claim | None = None,
) -> Job:
    """Put a job at the end of the line, for the device `wants` or any; the same `kind` and `key` again is the same job,
    whatever it has become since.

    What it writes is claimed with it; the refusal of the claim, and no job, where there is no room for that.
    """
    now, job_id = datetime.now(UTC), new_id("job")
    values = {"id": job_id, "kind": kind.value, "subject_id": subject_id, "key": key, "wants": wants}
    with writing(target) as connection:
        new = WAITING | values | {"created_at": now, "queued_at": now}
        added = insert_or_ignore(connection, tables.jobs, new, conflict=["kind", "key"])
        if added:
            asked = {"request": logs.request()} if logs.request() else {}
            connection.execute(tables.specs.insert().values(job_id=job_id, spec={**spec, **asked}))
            if claim:
                reserve(connection, job_id, claim)
            return job_with(connection, job_id)
        known = select(tables.jobs).where(tables.jobs.c.kind == kind.value, tables.jobs.c.key == key)
        return job_of(connection.execute(known).one())


def record(connection: Connection, *, kind: JobKind, subject_id: str, message: str, result: dict[str, Any]) -> Job:
    """Note a job that was too small to wait for: it is done already."""
    now = datetime.now(UTC)
    job = submit(connection, kind=kind, subject_id=subject_id, spec={})
    done = {"state": JobState.DONE.value, "message": message, "result": result, "started_at": now, "ended_at": now}
    connection.execute(update(tables.jobs).where(tables.jobs.c.id == job.id).values(done))
    return job_with(connection, job.id)


def by_key(store: Store, *, kind: JobKind, key: str) -> Job | None:
    """The job that was submitted under this key, if it was."""
    known = select(tables.jobs).where(tables.jobs.c.kind == kind.value, tables.jobs.c.key == key)
    with store.read() as connection:
        row = connection.execute(known).one_or_none()
    return job_of(row) if row else None


def of_subject(store: Store, subject_id: str, *, kind: JobKind) -> list[Job]:
    """Every job of this kind that was submitted for a subject, in the order in which they were."""
    known = select(tables.jobs).where(tables.jobs.c.subject_id == subject_id, tables.jobs.c.kind == kind.value)
    with store.read() as connection:
        return [job_of(row) for row in connection.execute(known.order_by(tables.jobs.c.created_at, tables.jobs.c.id))]


def ids_of(store: Store, subject_ids: Collection[str]) -> dict[str, list[str]]:
    """Every job that was submitted for each of these subjects that has any."""
    columns, found = tables.jobs.c, dict[str, list[str]]()
    with store.read() as connection:
        wanted = select(columns.subject_id, columns.id).where(columns.subject_id.in_(list(subject_ids)))
        for subject_id, job_id in connection.execute(wanted):
            found.setdefault(subject_id, []).append(job_id)
    return found


def naming(store: Store, places: Collection[Path]) -> list[Job]:
    """The jobs that wait or run and have to do with one of these places, or with what is in them."""
    live = select(tables.jobs, tables.specs.c.spec).join(tables.specs, tables.specs.c.job_id == tables.jobs.c.id)
    with store.read() as connection:
        found = connection.execute(live.where(is_in(tables.jobs.c.state, LIVE))).all()
    return [job_of(row) for row in found if any(_is_in(named, places) for named in _texts(row.spec))]


def _is_in(named: str, places: Collection[Path]) -> bool:
    return named.startswith("/") and any(Path(named).is_relative_to(place) for place in places)


def _texts(value: Any) -> Iterator[str]:
    """Every text in a spec."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)


def get(store: Store, job_id: str) -> Job:
    """The job; StudioError when there is none."""
    with store.read() as connection:
        return job_with(connection, job_id)


def spec(store: Store, job_id: str) -> dict[str, Any]:
    """What the job is to do, as it was submitted."""
    with store.read() as connection:
        return spec_of(connection, job_id)
