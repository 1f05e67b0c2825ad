"""A store on a real file, supervisors in threads and in processes, and waiting for what must come true."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from studio.domain.job import Job, JobKind, JobState
from studio.jobs.attempt import Grace, begin
from studio.jobs.forking import ForkingLauncher
from studio.jobs.launcher import Handle, Launcher, LocalLauncher
from studio.jobs.process import identity_of
from studio.jobs.supervisor import supervise
from studio.store import jobs
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace

HERE = Path(__file__).parent
STAND_IN = LocalLauncher(command=(sys.executable, "-P", str(HERE / "stand_in.py")))
NURSERY = (sys.executable, "-P", str(HERE / "stand_in_nursery.py"))
QUICK = Grace(train=0.5, other=0.5, last=0.5)

Supervised = Callable[..., AbstractContextManager[threading.Thread]]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(Workspace(tmp_path / "workspace"))
    yield store
    store.close()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """Wait until a question has a true answer, and give that answer."""

    def wait(question: Callable[[], Any], *, seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := question()):
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.02)
        return answer

    return wait


@pytest.fixture
def submitted(store: Store, tmp_path: Path) -> Callable[..., Job]:
    def submit(play: str, *, kind: JobKind = JobKind.TRAIN, name: str = "run", **spec: Any) -> Job:
        spec = {"play": play, "run": str(tmp_path / name), "steps": 5, **spec}
        return jobs.submit(store, kind=kind, subject_id=name, spec=spec)

    return submit


@pytest.fixture
def is_now(store: Store) -> Callable[[Job, JobState], Callable[[], Job | None]]:
    """A question for `eventually`: the job, once it is in that state."""

    def question(job: Job, state: JobState) -> Callable[[], Job | None]:
        def answer() -> Job | None:
            found = jobs.get(store, job.id)
            return found if found.state is state else None

        return answer

    return question


@pytest.fixture
def stand_ins(request: pytest.FixtureRequest) -> Iterator[Launcher]:
    """Starts stand-ins for workers: each afresh, or forked from a stand-in for the nursery."""
    if getattr(request, "param", "afresh") == "afresh":
        yield STAND_IN
    else:
        forking = ForkingLauncher(STAND_IN, NURSERY)
        yield forking
        forking.close()


@pytest.fixture
def supervised(store: Store, stand_ins: Launcher) -> Supervised:
    """A supervisor in a thread of this process for the length of a block."""

    @contextmanager
    def run(launcher: Launcher = stand_ins, **options: Any) -> Iterator[threading.Thread]:
        stop = threading.Event()
        options = {"launcher": launcher, "grace": QUICK, "stop": stop} | options
        thread = threading.Thread(target=supervise, args=(store,), kwargs=options)
        thread.start()
        try:
            yield thread
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    return run


@pytest.fixture
def left_behind(store: Store) -> Callable[[Job, dict[str, Any]], Handle]:
    """A worker as an earlier supervisor started it."""

    def start(job: Job, spec: dict[str, Any]) -> Handle:
        attempt = begin(store, STAND_IN, job, spec)
        assert attempt.process.pid
        identity = identity_of(attempt.process.pid)
        assert identity
        jobs.set_process(store, job.id, job.attempt, pid=identity.pid, started=identity.started)
        return attempt.process

    return start


@pytest.fixture
def supervisor_process(store: Store) -> Callable[..., AbstractContextManager[subprocess.Popen[str]]]:
    """A supervisor in a process of its own for the length of a block; killed at its end if it still runs."""

    @contextmanager
    def run(*options: str) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, str(HERE / "stand_in_supervisor.py"), str(store.workspace.root), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=_with_studio()) as process:
            try:
                yield process
            finally:
                process.kill()

    return run


def _with_studio() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(HERE.parents[1])}
