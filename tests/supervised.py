"""Who carries out the jobs of tests: a supervisor in a thread, or a detached one that is ended by its process id."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from studio.jobs.launcher import Launcher
from studio.jobs.presence import is_supervised, sole_supervisor
from studio.jobs.supervisor import supervise
from studio.store.database import Store
from studio.store.workspace import Workspace

# One for each supervisor of this process, held while it looks and not while it rests.
LOOKING: list[threading.Lock] = []


class Rest(threading.Event):
    """What ends a supervisor, which waits for it between two looks: that long it lets go of its lock."""

    def __init__(self, looking: threading.Lock) -> None:
        super().__init__()
        self._looking = looking

    def wait(self, timeout: float | None = None) -> bool:
        self._looking.release()
        try:
            return super().wait(timeout)
        finally:
            self._looking.acquire()


def fork() -> int:
    """As os.fork, while no supervisor of this process looks: the child would wait for ever for what that one holds in SQLite."""
    with ExitStack() as held:
        for looking in list(LOOKING):
            held.enter_context(looking)
        return os.fork()


@contextmanager
def supervised(store: Store, launcher: Launcher) -> Iterator[None]:
    """The jobs of a workspace are carried out by a thread of this process until the block ends; its workers end with it."""
    looking, there = threading.Lock(), threading.Event()
    stop = Rest(looking)

    def look_after() -> None:
        with looking, sole_supervisor(store.workspace) as alone:
            assert alone, f"somebody else looks after {store.workspace.root}"
            there.set()
            supervise(store, launcher=launcher, stop=stop)

    thread = threading.Thread(target=look_after, name="supervisor")
    LOOKING.append(looking)
    thread.start()
    try:
        assert there.wait(30), "the supervisor did not start"
        yield
    finally:
        stop.set()
        thread.join(30)
        LOOKING.remove(looking)
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
