"""Telling: what attempts report, kept once each and in order."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, tuple_, update

from studio.domain.errors import StudioError
from studio.domain.event import Event, EventKind
from studio.domain.job import JobState, Stretch
from studio.store import tables
from studio.store.database import Store, insert_or_ignore
from studio.store.jobs.rows import attempt_of, current, is_in


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event with the attempt that reported it."""

    attempt: int
    event: Event


def add_events(store: Store, job_id: str, attempt: int, events: Sequence[Event], *, offset: int) -> int:
    """Keep events and how far their file was read, both or neither; the same events again change nothing.

    Phase, progress and notes show on the job while this attempt is the one that runs. How many numbers before the last
    of these events were left out, beside those that were missing before.
    """
    with store.write() as connection:
        reader = connection.execute(
            select(tables.attempts.c.last_seq).where(*attempt_of(job_id, attempt)).with_for_update()
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
                .where(*current(job_id, attempt), tables.jobs.c.state == JobState.RUNNING.value)
                .values(shown)
            )
        connection.execute(
            update(tables.attempts)
            .where(*attempt_of(job_id, attempt), tables.attempts.c.offset <= offset)
            .values(offset=offset, last_seq=max([reader.last_seq, *(event.seq for event in fresh)]))
        )
    new = {event.seq for event in fresh}
    return max(new) - reader.last_seq - len(new) if new else 0


def say(store: Store, job_id: str, attempt: int, message: str) -> None:
    """Show a sentence on the job while this attempt is the one that runs."""
    with store.write() as connection:
        connection.execute(
            update(tables.jobs)
            .where(*current(job_id, attempt), tables.jobs.c.state == JobState.RUNNING.value)
            .values(message=message)
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
        found = connection.execute(select(tables.attempts.c.offset).where(*attempt_of(job_id, attempt)))
        return found.scalar_one_or_none() or 0


def heard(store: Store, job_ids: Collection[str]) -> list[tuple[str, int, int]]:
    """How far each of these jobs has told: its attempts, each with the number of its last event."""
    columns = tables.attempts.c
    question = select(columns.job_id, columns.attempt, columns.last_seq).where(columns.job_id.in_(list(job_ids)))
    with store.read() as connection:
        found = connection.execute(question.order_by(columns.job_id, columns.attempt))
        return [(row.job_id, row.attempt, row.last_seq) for row in found]


def stretches(store: Store, job_id: str) -> list[Stretch]:
    """When each attempt of a job began and ended, in order."""
    columns = tables.attempts.c
    question = select(columns.began_at, columns.ended_at).where(columns.job_id == job_id).order_by(columns.attempt)
    with store.read() as connection:
        return [Stretch(*row) for row in connection.execute(question)]


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
        question = question.where(is_in(columns.kind, kinds))
    if after is not None:
        question = question.where(tuple_(columns.attempt, columns.seq) > after)
    with store.read() as connection:
        rows = connection.execute(question).all()
    return [
        StoredEvent(row.attempt, Event(seq=row.seq, at=row.at, kind=EventKind(row.kind), data=row.data)) for row in rows
    ]
