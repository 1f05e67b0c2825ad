"""Jobs in the database: submitted once, claimed by one, moved only as TRANSITIONS allows, and told event by event."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Table, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from studio.domain.errors import RunError, StudioError
from studio.domain.event import Event, EventKind
from studio.domain.job import LIVE, TRANSITIONS, Job, JobKind, JobState, Wish
from studio.store import tables
from studio.store.database import Store, writing
from studio.store.ids import new_id

STOPPED_IN_TIME = "Stopped while it waited."
PAUSED_IN_TIME = "Paused while it waited."
NOT_WAITING = "It does not wait any more, so it has no place in the line."


@dataclass(frozen=True, slots=True)
class Process:
    """The process of an attempt; `started` tells it from a later one with the same number."""

    pid: int
    started: str


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with the attempt that reported it."""

    attempt: int
    event: Event


def submit(
    target: Store | Connection,
    *,
    kind: JobKind,
    subject_id: str,
    spec: dict[str, Any],
    key: str | None = None,
    wants: str | None = None,
) -> Job:
    """Put a job at the end of the line, for the device `wants` or any; the same `kind` and `key` again is the same job,
    whatever it has become since."""
    now = datetime.now(UTC)
    with writing(target) as connection:
        job_id = new_id("job")
        added = insert_or_ignore(
            connection,
            tables.jobs,
            {
                "id": job_id,
                "kind": kind.value,
                "subject_id": subject_id,
                "key": key,
                "state": JobState.QUEUED.value,
                "wish": Wish.RUN.value,
                "attempt": 0,
                "created_at": now,
                "queued_at": now,
                "phase": "",
                "done": 0,
                "total": 0,
                "message": "",
                "fix": "",
                "result": {},
                "wants": wants,
            },
            conflict=["kind", "key"],
        )
        if added:
            connection.execute(tables.specs.insert().values(job_id=job_id, spec=spec))
            return _get(connection, job_id)
        known = select(tables.jobs).where(tables.jobs.c.kind == kind.value, tables.jobs.c.key == key)
        return job_of(connection.execute(known).one())


def record(connection: Connection, *, kind: JobKind, subject_id: str, message: str, result: dict[str, Any]) -> Job:
    """Note a job that was too small to wait for: it is done already."""
    now = datetime.now(UTC)
    job = submit(connection, kind=kind, subject_id=subject_id, spec={})
    done = {"state": JobState.DONE.value, "message": message, "result": result, "started_at": now, "ended_at": now}
    connection.execute(update(tables.jobs).where(tables.jobs.c.id == job.id).values(done))
    return _get(connection, job.id)


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


def get(store: Store, job_id: str) -> Job:
    """The job; StudioError when there is none."""
    with store.read() as connection:
        return _get(connection, job_id)


def live(store: Store, *, kinds: Collection[JobKind] | None = None) -> list[Job]:
    """Every job that waits or runs, in the order in which they are taken."""
    question = select(tables.jobs).where(_is_in(tables.jobs.c.state, LIVE)).order_by(*_OLDEST_FIRST)
    if kinds is not None:
        question = question.where(_is_in(tables.jobs.c.kind, kinds))
    with store.read() as connection:
        return [job_of(row) for row in connection.execute(question)]


def spec(store: Store, job_id: str) -> dict[str, Any]:
    """What the job is to do, as it was submitted."""
    with store.read() as connection:
        return _spec(connection, job_id)


def claim(store: Store, *, kinds: Collection[JobKind], place: str | None = None) -> tuple[Job, dict[str, Any]] | None:
    """Take the first job of these kinds in the line, as a new attempt; None when nothing waits.

    `place` is the device that it is given: a job that wants another one is passed over. The spec comes with `kind`,
    `job` and `attempt`. What people stopped while it waited ends here instead.
    """
    columns = tables.jobs.c
    waiting = [columns.state == JobState.QUEUED.value, _is_in(columns.kind, kinds)]
    if place is not None:
        waiting.append(columns.wants.is_(None) | (columns.wants == place))
    with store.read() as connection:
        if connection.execute(select(tables.jobs.c.id).where(*waiting).limit(1)).first() is None:
            return None  # asked twice a second: it must not keep others from writing
    now = datetime.now(UTC)
    with store.write() as connection:
        unwanted = update(tables.jobs).where(*waiting, tables.jobs.c.wish == Wish.STOP.value)
        connection.execute(unwanted.values(state=JobState.STOPPED.value, message=STOPPED_IN_TIME, ended_at=now))
        oldest = select(tables.jobs.c.id).where(*waiting).order_by(*_OLDEST_FIRST).limit(1)
        job_id = connection.execute(oldest.with_for_update(skip_locked=True)).scalar_one_or_none()
        if job_id is None:
            return None
        attempt = connection.execute(
            update(tables.jobs)
            .where(tables.jobs.c.id == job_id)
            .values(
                state=JobState.RUNNING.value,
                attempt=tables.jobs.c.attempt + 1,
                started_at=now,
                ended_at=None,
                phase="",
                seconds_left=None,
                message="",
                fix="",
                pid=None,
                place=place,
            )
            .returning(tables.jobs.c.attempt)
        ).scalar_one()
        connection.execute(
            tables.attempts.insert().values(job_id=job_id, attempt=attempt, began_at=now, offset=0, last_seq=0)
        )
        job = _get(connection, job_id)
        return job, {**_spec(connection, job_id), "kind": job.kind.value, "job": job.id, "attempt": job.attempt}


def set_process(store: Store, job_id: str, attempt: int, *, pid: int, started: str) -> None:
    """Remember which process carries out an attempt; a stale attempt changes nothing that people see."""
    with store.write() as connection:
        connection.execute(
            update(tables.attempts).where(*_attempt(job_id, attempt)).values(pid=pid, process_started=started)
        )
        connection.execute(update(tables.jobs).where(*_current(job_id, attempt)).values(pid=pid))


def process(store: Store, job_id: str, attempt: int) -> Process | None:
    """The process that was remembered for an attempt."""
    columns = tables.attempts.c
    with store.read() as connection:
        row = connection.execute(
            select(columns.pid, columns.process_started).where(*_attempt(job_id, attempt))
        ).one_or_none()
    return Process(row.pid, row.process_started) if row and row.pid is not None else None


def wish(store: Store, job_id: str, wanted: Wish, *, pausing: bool = False) -> Job:
    """Say what people want of a job. One that waits stops at once; a running one is stopped by the supervisor.

    `pausing` says that the stop is meant as a pause. Of a job that has ended nothing can be wished any more: it comes
    back unchanged.
    """
    columns, message = tables.jobs.c, PAUSED_IN_TIME if pausing else STOPPED_IN_TIME
    stopped = {"state": JobState.STOPPED.value, "message": message, "ended_at": datetime.now(UTC)}
    with store.write() as connection:
        connection.execute(
            update(tables.jobs)
            .where(columns.id == job_id, _is_in(columns.state, LIVE))
            .values(wish=wanted.value, pausing=pausing)
        )
        if wanted is Wish.STOP:
            connection.execute(
                update(tables.jobs).where(columns.id == job_id, columns.state == JobState.QUEUED.value).values(stopped)
            )
        return _get(connection, job_id)


def move(
    store: Store,
    job_id: str,
    *,
    attempt: int,
    to: JobState,
    message: str = "",
    fix: str = "",
    result: dict[str, Any] | None = None,
) -> bool:
    """Change the state as TRANSITIONS allows; False when the job is not where that begins or has a newer attempt.

    `message`, `fix` and `result` replace what was there. Only `claim` makes a job run.
    """
    if to is JobState.RUNNING:
        raise ValueError("a job begins to run by being claimed")
    sources = [state for state, targets in TRANSITIONS.items() if to in targets]
    now = datetime.now(UTC)
    with store.write() as connection:
        moved = connection.execute(
            update(tables.jobs)
            .where(*_current(job_id, attempt), _is_in(tables.jobs.c.state, sources))
            .values(
                state=to.value,
                message=message,
                fix=fix,
                result=result or {},
                ended_at=None if to is JobState.QUEUED else now,
                seconds_left=None,
                pid=None,
            )
        )
        if moved.rowcount != 1:
            return False
        connection.execute(
            update(tables.attempts)
            .where(*_attempt(job_id, attempt), tables.attempts.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        return True


def move_in_line(store: Store, job_id: str, *, kinds: Collection[JobKind], to: int) -> None:
    """Make a job the `to`th (from 1) of those of these kinds that wait; RunError when it does not wait any more."""
    columns = tables.jobs.c
    waiting = select(columns.id, columns.queued_at).where(
        columns.state == JobState.QUEUED.value, _is_in(columns.kind, kinds)
    )
    with store.write() as connection:
        found = connection.execute(waiting.order_by(*_OLDEST_FIRST).with_for_update()).all()
        order = [row.id for row in found]
        if job_id not in order:
            raise RunError(NOT_WAITING, fix="Look at the line again.")
        order.remove(job_id)
        order.insert(max(to, 1) - 1, job_id)
        since = found[0].queued_at
        for moved, row in zip(order, found, strict=True):
            since = max(since, row.queued_at)
            connection.execute(update(tables.jobs).where(columns.id == moved).values(queued_at=since))
            since += timedelta(microseconds=1)


def want(store: Store, job_id: str, place: str | None) -> None:
    """Choose the device that a waiting job is to have, None for any; RunError when it does not wait any more."""
    columns = tables.jobs.c
    with store.write() as connection:
        changed = connection.execute(
            update(tables.jobs).where(columns.id == job_id, columns.state == JobState.QUEUED.value).values(wants=place)
        )
        if changed.rowcount != 1:
            raise RunError(NOT_WAITING, fix="Look at the line again.")


def requeue(store: Store, job_id: str, *, message: str = "") -> Job:
    """Let a job that was interrupted, stopped or failed go on; asked twice it waits once.

    RunError when it is done: what has finished does not begin again.
    """
    sources = [state for state, to in TRANSITIONS.items() if JobState.QUEUED in to and state not in LIVE]
    with store.write() as connection:
        moved = connection.execute(
            update(tables.jobs)
            .where(tables.jobs.c.id == job_id, _is_in(tables.jobs.c.state, sources))
            .values(
                state=JobState.QUEUED.value,
                wish=Wish.RUN.value,
                pausing=False,
                queued_at=datetime.now(UTC),
                ended_at=None,
                phase="",
                message=message,
                fix="",
                result={},
            )
        )
        job = _get(connection, job_id)
        if moved.rowcount != 1 and not job.is_live:
            raise RunError("This has finished and cannot go on.", fix="Start a new one.")
        return job


def add_events(store: Store, job_id: str, attempt: int, events: Sequence[Event], *, offset: int) -> None:
    """Keep events and how far their file was read, both or neither; the same events again change nothing.

    Phase, progress and notes show on the job while this attempt is the one that runs.
    """
    with store.write() as connection:
        reader = connection.execute(
            select(tables.attempts.c.last_seq).where(*_attempt(job_id, attempt)).with_for_update()
        ).one_or_none()
        if reader is None:
            raise StudioError(f"{job_id} has no attempt {attempt}.")
        if events:
            rows = [
                {"job_id": job_id, "attempt": attempt, "seq": e.seq, "at": e.at, "kind": e.kind.value, "data": e.data}
                for e in events
            ]
            insert_or_ignore(connection, tables.events, rows, conflict=["job_id", "attempt", "seq"])
        fresh = [event for event in events if event.seq > reader.last_seq]
        if shown := _shown(fresh):
            connection.execute(
                update(tables.jobs)
                .where(*_current(job_id, attempt), tables.jobs.c.state == JobState.RUNNING.value)
                .values(shown)
            )
        connection.execute(
            update(tables.attempts)
            .where(*_attempt(job_id, attempt), tables.attempts.c.offset <= offset)
            .values(offset=offset, last_seq=max([reader.last_seq, *(event.seq for event in fresh)]))
        )


def _shown(events: Sequence[Event]) -> dict[str, Any]:
    """What the newest of these events say of the job."""
    shown: dict[str, Any] = {}
    for event in sorted(events, key=lambda event: event.seq):
        match event.kind:
            case EventKind.PHASE:
                shown["phase"] = str(event.data["name"])
            case EventKind.PROGRESS:
                shown |= {"done": int(event.data["done"]), "total": int(event.data["total"])}
                shown["seconds_left"] = event.data.get("seconds_left")
            case EventKind.NOTE:
                shown["message"] = str(event.data["text"])
    return shown


def offset(store: Store, job_id: str, attempt: int) -> int:
    """How many bytes of the attempt's events.jsonl are kept; 0 for an attempt that is not known."""
    with store.read() as connection:
        found = connection.execute(select(tables.attempts.c.offset).where(*_attempt(job_id, attempt)))
        return found.scalar_one_or_none() or 0


def events(
    store: Store,
    job_id: str,
    *,
    kinds: Collection[EventKind] | None = None,
    after: tuple[int, int] | None = None,
) -> list[StoredEvent]:
    """What the attempts of a job reported, in order; `after` an (attempt, seq) only what came later."""
    columns = tables.events.c
    question = select(tables.events).where(columns.job_id == job_id).order_by(columns.attempt, columns.seq)
    if kinds is not None:
        question = question.where(_is_in(columns.kind, kinds))
    if after is not None:
        question = question.where(tuple_(columns.attempt, columns.seq) > after)
    with store.read() as connection:
        rows = connection.execute(question).all()
    return [
        StoredEvent(row.attempt, Event(seq=row.seq, at=row.at, kind=EventKind(row.kind), data=row.data)) for row in rows
    ]


def job_of(row: Row[Any]) -> Job:
    """A job from a row with the columns of the jobs table, whatever other tables are joined to it."""
    columns, value = tables.jobs.c, row._mapping
    return Job(
        id=value[columns.id],
        kind=JobKind(value[columns.kind]),
        subject_id=value[columns.subject_id],
        state=JobState(value[columns.state]),
        wish=Wish(value[columns.wish]),
        pausing=value[columns.pausing],
        attempt=value[columns.attempt],
        created_at=value[columns.created_at],
        started_at=value[columns.started_at],
        ended_at=value[columns.ended_at],
        phase=value[columns.phase],
        done=value[columns.done],
        total=value[columns.total],
        message=value[columns.message],
        fix=value[columns.fix],
        result=value[columns.result],
        pid=value[columns.pid],
        seconds_left=value[columns.seconds_left],
        wants=value[columns.wants],
        place=value[columns.place],
    )


def insert_or_ignore(
    connection: Connection, table: Table, values: dict[str, Any] | list[dict[str, Any]], *, conflict: list[str]
) -> int:
    """Insert what is not there yet by the columns `conflict`; how many rows were new (of a single one)."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing(index_elements=conflict)
    # Without the option psycopg's count of an INSERT is dropped, and -1 would read as "new".
    return connection.execute(statement.execution_options(preserve_rowcount=True), values).rowcount


_OLDEST_FIRST = tables.jobs.c.queued_at, tables.jobs.c.created_at, tables.jobs.c.id


def _get(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(tables.jobs).where(tables.jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise StudioError(f"There is no job called {job_id}.", fix="Look it up in the list of jobs.")
    return job_of(row)


def _spec(connection: Connection, job_id: str) -> dict[str, Any]:
    return connection.execute(select(tables.specs.c.spec).where(tables.specs.c.job_id == job_id)).scalar_one()


def _current(job_id: str, attempt: int) -> tuple[Any, Any]:
    """The job, if this is still its newest attempt."""
    return tables.jobs.c.id == job_id, tables.jobs.c.attempt == attempt


def _attempt(job_id: str, attempt: int) -> tuple[Any, Any]:
    return tables.attempts.c.job_id == job_id, tables.attempts.c.attempt == attempt


def _is_in(column: Column[str], values: Collection[StrEnum]) -> ColumnElement[bool]:
    return column.in_([value.value for value in values])
