"""Rows: jobs and attempts as SQL asks for them."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, select

from studio.domain.errors import StudioError
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.store import tables


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


OLDEST_FIRST = tables.jobs.c.queued_at, tables.jobs.c.created_at, tables.jobs.c.id


def job_with(connection: Connection, job_id: str) -> Job:
    row = connection.execute(select(tables.jobs).where(tables.jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise StudioError(f"There is no job called {job_id}.", fix="Look it up in the list of jobs.")
    return job_of(row)


def spec_of(connection: Connection, job_id: str) -> dict[str, Any]:
    return connection.execute(select(tables.specs.c.spec).where(tables.specs.c.job_id == job_id)).scalar_one()


def current(job_id: str, attempt: int) -> tuple[Any, Any]:
    """The job, if this is still its newest attempt."""
    return tables.jobs.c.id == job_id, tables.jobs.c.attempt == attempt


def attempt_of(job_id: str, attempt: int) -> tuple[Any, Any]:
    return tables.attempts.c.job_id == job_id, tables.attempts.c.attempt == attempt


def is_in(column: Column[str], values: Collection[StrEnum]) -> ColumnElement[bool]:
    return column.in_([value.value for value in values])
