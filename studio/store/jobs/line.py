"""Line: what waits, in which order, and who takes the first of it."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from studio.domain.errors import RunError
from studio.domain.job import LIVE, Job, JobKind, JobState, Wish
from studio.store import tables
from studio.store.database import Store
from studio.store.jobs.rows import OLDEST_FIRST, is_in, job_of, job_with, spec_of

STOPPED_IN_TIME = "Stopped while it waited."
NOT_WAITING = "It does not wait any more, so it has no place in the line."


def live(store: Store, *, kinds: Collection[JobKind] | None = None) -> list[Job]:
    """Every job that waits or runs, in the order in which they are taken."""
    question = select(tables.jobs).where(is_in(tables.jobs.c.state, LIVE)).order_by(*OLDEST_FIRST)
    if kinds is not None:
        question = question.where(is_in(tables.jobs.c.kind, kinds))
    with store.read() as connection:
        return [job_of(row) for row in connection.execute(question)]


def claim(store: Store, *, kinds: Collection[JobKind], place: str | None = None) -> tuple[Job, dict[str, Any]] | None:
    """Take the first job of these kinds in the line, as a new attempt; None when nothing waits.

    `place` is the device that it is given: a job that wants another one is passed over. The spec comes with `kind`,
    `job` and `attempt`. What people stopped while it waited ends here instead.
    """
    columns = tables.jobs.c
    waiting = [columns.state == JobState.QUEUED.value, is_in(columns.kind, kinds)]
    if place is not None:
        waiting.append(columns.wants.is_(None) | (columns.wants == place))
    with store.read() as connection:
        if connection.execute(select(tables.jobs.c.id).where(*waiting).limit(1)).first() is None:
            return None  # asked twice a second: it must not keep others from writing
    now = datetime.now(UTC)
    with store.write() as connection:
        unwanted = update(tables.jobs).where(*waiting, tables.jobs.c.wish == Wish.STOP.value)
        connection.execute(unwanted.values(state=JobState.STOPPED.value, message=STOPPED_IN_TIME, ended_at=now))
        oldest = select(tables.jobs.c.id).where(*waiting).order_by(*OLDEST_FIRST).limit(1)
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
        job = job_with(connection, job_id)
        return job, {**spec_of(connection, job_id), "kind": job.kind.value, "job": job.id, "attempt": job.attempt}


def move_in_line(store: Store, job_id: str, *, kinds: Collection[JobKind], to: int) -> None:
    """Make a job the `to`th (from 1) of those of these kinds that wait; RunError when it does not wait any more."""
    columns = tables.jobs.c
    waiting = select(columns.id, columns.queued_at).where(
        columns.state == JobState.QUEUED.value, is_in(columns.kind, kinds)
    )
    with store.write() as connection:
        found = connection.execute(waiting.order_by(*OLDEST_FIRST).with_for_update()).all()
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
