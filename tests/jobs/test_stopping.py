"""Stop, pressed at any moment, and what keeps a worker from being started: each ends once, and its place is free."""

import errno
import os
import resource
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from studio.domain.job import Job, JobKind, JobState, Wish
from studio.jobs.ending import Gone, untold
from studio.jobs.launcher import Launcher
from studio.jobs.supervisor import Supervisor
from studio.store import jobs
from studio.store.database import Store
from tests.jobs.test_places import Held, Holding


def waiting(store: Store, name: str) -> Job:
    return jobs.submit(store, kind=JobKind.TRAIN, subject_id=name, spec={})


@pytest.mark.parametrize(
    ("moment", "ends"),
    [
        ("waiting", JobState.STOPPED),
        ("claimed, and its supervisor gone", JobState.STOPPED),
        ("running", JobState.STOPPED),
        ("ended, and nobody has looked yet", JobState.DONE),
        ("finished", JobState.DONE),
    ],
)
def test_whenever_stop_is_pressed_a_job_ends_once_and_its_place_is_free(store: Store, moment: str, ends: JobState):
    launcher = Holding()
    job, supervisor = waiting(store, "run"), Supervisor(store, launcher)
    if moment.startswith("claimed"):
        jobs.claim(store, kinds=[JobKind.TRAIN])
    elif moment != "waiting":
        supervisor.tick()
    if moment.startswith(("ended", "finished")):
        launcher.started[0].end("done")
    if moment == "finished":
        supervisor.tick()
    jobs.wish(store, job.id, Wish.STOP)
    for _ in range(3):
        supervisor.tick()
    ended = jobs.get(store, job.id)
    assert (ended.state, supervisor.at_work) == (ends, {})
    other = waiting(store, "other")
    supervisor.tick()
    assert jobs.get(store, job.id) == ended and list(supervisor.at_work) == [other.id]


def test_who_stops_because_the_whole_machine_is_shut_down_goes_on_afterwards(store: Store):
    launcher = Holding()
    job, supervisor = waiting(store, "run"), Supervisor(store, launcher)
    supervisor.tick()
    launcher.started[0].stop()  # as the system tells every process to
    supervisor.close()
    after = jobs.get(store, job.id)
    assert after.state is JobState.QUEUED
    assert after.message == "It was asked to end from outside the studio; this starts again."
    supervisor.tick()
    assert jobs.get(store, job.id).attempt == 2


@dataclass
class Refusing(Holding):
    """A machine that starts nothing while `error` is set."""

    error: int | None = None
    refused: list[Path] = field(default_factory=list)

    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> Held:
        if self.error:
            self.refused.append(attempt_folder)
            raise OSError(self.error, os.strerror(self.error))
        return super().start(attempt_folder, kind=kind, env=env)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (errno.EAGAIN, "The machine takes no further process or open file at the moment"),
        (errno.EMFILE, "The machine takes no further process or open file at the moment"),
        (errno.ENOSPC, "The disk is full at the moment"),
    ],
)
def test_where_no_process_can_be_started_for_now_a_job_keeps_its_place_and_begins_later(
    store: Store, error: int, said: str
):
    launcher = Refusing(error=error)
    supervisor = Supervisor(store, launcher)
    first, second = waiting(store, "first"), waiting(store, "second")
    read = jobs.submit(store, kind=JobKind.INGEST, subject_id="data-1", spec={})
    supervisor.tick()
    assert supervisor.is_troubled and not supervisor.at_work
    assert len(launcher.refused) == 1 and not launcher.refused[0].exists()  # one try at a look, and nothing left of it
    tried = jobs.get(store, read.id)
    assert (tried.state, tried.message) == (JobState.QUEUED, f"{said}; this begins as soon as there is room.")
    launcher.error = None
    supervisor.tick()
    assert set(supervisor.at_work) == {first.id, read.id} and not supervisor.is_troubled
    assert jobs.get(store, second.id).state is JobState.QUEUED


@contextmanager
def no_more_files_than(more: int) -> Iterator[None]:
    """So many more files may be opened than are open, whoever opens them."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + more, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def files_after(work: Callable[[], object]) -> int:
    """How many files this process has open after that."""
    work()
    return psutil.Process().num_fds()


@pytest.mark.parametrize("stand_ins", ["afresh", "forked"], indirect=True)
def test_under_a_real_limit_of_open_files_a_job_keeps_its_place_loses_no_file_and_begins_later(
    store: Store, submitted: Callable[..., Job], stand_ins: Launcher, eventually: Callable[..., Any],
    is_now: Callable[..., Any],
):  # fmt: skip
    supervisor, job = Supervisor(store, stand_ins), submitted("count")
    with no_more_files_than(3):
        taken = [files_after(supervisor.tick) for _ in range(5)]
        assert supervisor.is_full and not supervisor.at_work and len(set(taken)) == 1
    kept = jobs.get(store, job.id)
    said = "The machine takes no further process or open file at the moment; this begins as soon as there is room."
    assert (kept.state, kept.message) == (JobState.QUEUED, said)
    eventually(lambda: not supervisor.tick() and is_now(job, JobState.DONE)())


@pytest.mark.parametrize("kind", [JobKind.TRAIN, JobKind.INGEST, JobKind.EXPORT])
def test_who_ends_well_without_a_word_has_not_finished(store: Store, kind: JobKind):
    job = jobs.submit(store, kind=kind, subject_id="any", spec={})
    ending = untold(job, Gone(0), stopping=False, has_checkpoint=False)
    assert ending.state is JobState.INTERRUPTED and "ended without saying how it went" in ending.message
