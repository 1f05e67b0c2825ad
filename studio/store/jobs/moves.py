"""Moves: jobs change their state as TRANSITIONS allows, by guarded updates; an attempt speaks for itself alone."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from studio.domain.errors import RunError
from studio.domain.job import LIVE, TRANSITIONS, Job, JobState, Wish
from studio.domain.space import Claim
from studio.store import tables
from studio.store.database import Store
from studio.store.jobs.line import STOPPED_IN_TIME
from studio.store.jobs.reservations import reserve
from studio.store.jobs.rows import attempt_of, current, is_in, job_with

PAUSED_IN_TIME = "Paused while it waited."


@dataclass(frozen=True, slots=True)
class Process:
    """The process of an attempt; `started` tells it from a later one with the same number."""

    pid: int
    started: str


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
            .where(columns.id == job_id, is_in(columns.state, LIVE))
            .values(wish=wanted.value, pausing=pausing)
        )
        if wanted is Wish.STOP:
            connection.execute(
                update(tables.jobs).where(columns.id == job_id, columns.state == JobState.QUEUED.value).values(stopped)
            )
        return job_with(connection, job_id)


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
            .where(*current(job_id, attempt), is_in(tables.jobs.c.state, sources))
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
            .where(*attempt_of(job_id, attempt), tables.attempts.c.ended_at.is_(None))
            .values(ended_at=now)
        )
        return True


def requeue(
    store: Store, job_id: str, *, message: str = "", claim: Claim | None = None, spec: dict[str, Any] | None = None
) -> Job:
    """Let a job that was interrupted, stopped or failed go on, by a new `spec` if there is one; asked twice it waits
    once.

    RunError when it is done: what has finished does not begin again. The refusal of the `claim` where there is no room.
    """
    sources = [state for state, to in TRANSITIONS.items() if JobState.QUEUED in to and state not in LIVE]
    with store.write() as connection:
        fault = job_with(connection, job_id).result.get("fault")
        moved = connection.execute(
            update(tables.jobs)
            .where(tables.jobs.c.id == job_id, is_in(tables.jobs.c.state, sources))
            .values(
                state=JobState.QUEUED.value,
                wish=Wish.RUN.value,
                pausing=False,
                queued_at=datetime.now(UTC),
                ended_at=None,
                phase="",
                message=message,
                fix="",
                result={"after": fault} if fault else {},
            )
        )
        job = job_with(connection, job_id)
        if moved.rowcount != 1 and not job.is_live:
            raise RunError("This has finished and cannot go on.", fix="Start a new one.")
        if moved.rowcount == 1 and claim:
            reserve(connection, job_id, claim)
        if moved.rowcount == 1 and spec is not None:
            connection.execute(update(tables.specs).where(tables.specs.c.job_id == job_id).values(spec=spec))
        return job


def set_process(store: Store, job_id: str, attempt: int, *, pid: int, started: str) -> None:
    """Remember which process carries out an attempt; a stale attempt changes nothing that people see."""
    with store.write() as connection:
        connection.execute(
            update(tables.attempts).where(*attempt_of(job_id, attempt)).values(pid=pid, process_started=started)
        )
        connection.execute(update(tables.jobs).where(*current(job_id, attempt)).values(pid=pid))


def process(store: Store, job_id: str, attempt: int) -> Process | None:
    """The process that was remembered for an attempt."""
    columns = tables.attempts.c
    with store.read() as connection:
        row = connection.execute(
            select(columns.pid, columns.process_started).where(*attempt_of(job_id, attempt))
        ).one_or_none()
    return Process(row.pid, row.process_started) if row and row.pid is not None else None
