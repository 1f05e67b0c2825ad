"""Two hosts on one PostgreSQL: one carries out the jobs, the other takes over when the first one hangs."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from studio.domain.event import EventKind
from studio.domain.job import JobState
from studio.jobs.lease import Terms
from studio.store import jobs
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace
from tests.postgresql import Server

HERE = Path(__file__).parent
TERMS = Terms(beat=0.2, sure=2.0, lost=3.5)


@pytest.fixture
def url(new_database: Callable[..., str], migrated: str) -> str:
    return new_database(template=migrated)


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    store = open_store(Workspace(tmp_path / "workspace"), url=url)
    yield store
    store.close()


@pytest.fixture
def host(store: Store, url: str, tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts the supervisor of a host; all are ended with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str) -> subprocess.Popen[bytes]:
        terms = [str(seconds) for seconds in (TERMS.beat, TERMS.sure, TERMS.lost)]
        command = [sys.executable, str(HERE / "stand_in_supervisor.py"), str(store.workspace.root), "--host", name]
        environment = os.environ | {"PYTHONPATH": str(HERE.parents[1]), "STUDIO_DATABASE": url}
        with log_of(tmp_path, name).open("ab") as log:
            running.append(subprocess.Popen([*command, "--terms", *terms], stderr=log, env=environment))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def log_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def steps(store, job):
    return [stored.event.data["step"] for stored in jobs.events(store, job.id, kinds=[EventKind.CHECKPOINT])]


def test_a_host_that_hangs_loses_its_jobs_to_another_one_and_has_no_word_any_more(
    store, submitted, host, eventually, tmp_path
):
    job = submitted("count", steps=2000, seconds=0.05)
    first = host("first")
    eventually(lambda: steps(store, job), seconds=60)
    worker = psutil.Process(jobs.get(store, job.id).pid)
    host("second")
    eventually(lambda: "first (process" in log_of(tmp_path, "second").read_text(), seconds=60)
    first.send_signal(signal.SIGSTOP)
    eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, seconds=60)
    assert jobs.get(store, job.id).attempt == 1  # it ended by itself, before anybody took over
    theirs = eventually(lambda: (now := jobs.get(store, job.id)).attempt == 2 and now.pid, seconds=60)
    first.send_signal(signal.SIGCONT)
    eventually(lambda: "another host has taken over" in log_of(tmp_path, "first").read_text(), seconds=60)
    known = len(steps(store, job))
    eventually(lambda: len(steps(store, job)) > known + 5, seconds=60)
    after = jobs.get(store, job.id)
    assert (after.state, after.attempt, after.pid) == (JobState.RUNNING, 2, theirs)
    assert first.poll() is None and psutil.pid_exists(theirs)
    assert sorted(set(steps(store, job))) == list(range(1, max(steps(store, job)) + 1))


def test_cut_connections_and_a_server_that_starts_anew_end_nothing_and_lose_nothing(
    store, submitted, supervised, eventually, is_now, server: Server
):
    job = submitted("count", steps=60, seconds=0.05)
    with supervised():
        eventually(lambda: len(steps(store, job)) > 3, seconds=60)
        with store.engine.connect() as connection:
            cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            connection.execute(text(f"{cut} AND datname = current_database()"))
        known = len(steps(store, job))
        eventually(lambda: len(steps(store, job)) > known, seconds=60)
        server.stop()
        server.start()
        done = eventually(is_now(job, JobState.DONE), seconds=120)
    assert done.attempt == 1
    assert steps(store, job) == list(range(1, 61))


def test_a_server_that_stays_away_ends_the_work_in_time_and_it_goes_on_when_the_server_is_back(
    store, submitted, supervised, eventually, is_now, server: Server
):
    job = submitted("count", steps=150, seconds=0.05)
    with supervised(terms=TERMS):
        worker = psutil.Process(eventually(lambda: steps(store, job) and jobs.get(store, job.id).pid, seconds=60))
        server.stop()
        try:
            eventually(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, seconds=60)
        finally:
            server.start()
        done = eventually(is_now(job, JobState.DONE), seconds=120)
    assert done.attempt == 2
    assert sorted(set(steps(store, job))) == list(range(1, 151))
