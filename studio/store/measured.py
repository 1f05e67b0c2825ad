"""Measured in the database: trials of two steps and runs that came to their end, the newest first."""

from sqlalchemy import select

from studio.domain.job import Job, JobKind, JobState
from studio.domain.run import Run
from studio.store import jobs, runs, tables
from studio.store.database import Store

MOST = 20  # the newest say enough


def trials(store: Store) -> list[Job]:
    """Trials that told what they found."""
    columns = tables.jobs.c
    ended = columns.kind == JobKind.PROBE.value, columns.state == JobState.DONE.value
    question = select(tables.jobs).where(*ended).order_by(columns.ended_at.desc()).limit(MOST)
    with store.read() as connection:
        return [jobs.job_of(row) for row in connection.execute(question)]


def ended_runs(store: Store, model_id: str) -> list[Run]:
    """Runs of a model that came to their end, also those that were put away since."""
    ended = tables.runs.c.model_id == model_id, tables.jobs.c.state == JobState.DONE.value
    question = runs.runs_with_jobs().where(*ended).order_by(tables.jobs.c.ended_at.desc()).limit(MOST)
    with store.read() as connection:
        return [runs.run_of(row) for row in connection.execute(question)]
