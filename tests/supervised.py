"""Who carries out the jobs of tests: a supervisor in a thread, or a detached one that is ended by its process id."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from studio.jobs.launcher import Launcher
from studio.jobs.presence import is_supervised, sole_supervisor
from studio.jobs.supervisor import supervise
from studio.store.database import Store
from studio.store.workspace import Workspace


@contextmanager
def supervised(store: Store, launcher: Launcher) -> Iterator[None]:
    """The jobs of a workspace are carried out by a thread of this process until the block ends; its workers end with it."""
    stop, there = threading.Event(), threading.Event()

    def look_after() -> None:
        with sole_supervisor(store.workspace) as alone:
            assert alone, f"somebody else looks after {store.workspace.root}"
            there.set()
            supervise(store, launcher=launcher, stop=stop)

    thread = threading.Thread(target=look_after, name="supervisor")
    thread.start()
    try:
        assert there.wait(30), "the supervisor did not start"
        yield
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive(), f"the supervisor of {store.workspace.root} does not end"


def end_supervisor(workspace: Workspace, *, within: float = 30) -> None:
    """Ask the supervisor of a workspace to end, and wait until it has; its workers end with it."""
    if not is_supervised(workspace):
        return
    os.kill(json.loads(workspace.supervisor_info.read_text())["pid"], signal.SIGTERM)
    deadline = time.monotonic() + within
    while is_supervised(workspace):
        assert time.monotonic() < deadline, f"the supervisor of {workspace.root} does not end"
        time.sleep(0.05)
