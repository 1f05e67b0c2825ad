"""Looking: jobs that begin because somebody looks at a dataset; what still waits ends with a newer version of it."""

from collections.abc import Collection
from typing import Any

from studio.domain.job import Job, JobKind, JobState, Wish
from studio.flows.studio import Studio
from studio.store import acting, jobs

KINDS = (JobKind.MEASURE, JobKind.TOPICS, JobKind.CHECK_SPLIT)


def begin(studio: Studio, kind: JobKind, dataset_id: str, spec: dict[str, Any], *, key: str) -> Job:
    """The job that finds out what somebody wants to see; asked twice it is one, and one that was given up goes on.

    Nobody decides anything by it, so it begins for those as well who may only look.
    """
    with acting.by_itself():
        known = jobs.by_key(studio.store, kind=kind, key=key)  # most who look come after it was asked for
        job = known or jobs.submit(studio.store, kind=kind, subject_id=dataset_id, spec=spec, key=key)
        return jobs.requeue(studio.store, job.id) if job.state is JobState.STOPPED else job


def give_up(studio: Studio, dataset_ids: Collection[str], *, kinds: Collection[JobKind] = KINDS) -> None:
    """Stop what waits for these datasets, so that what somebody looks at now need not wait for it as well."""
    for job in jobs.live(studio.store, kinds=kinds):
        if job.subject_id in dataset_ids and job.state is JobState.QUEUED:
            jobs.wish(studio.store, job.id, Wish.STOP)
