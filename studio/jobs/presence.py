"""Presence: that one supervisor, and only one, is there for a workspace."""

import fcntl
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import studio
from studio import logs
from studio.domain.errors import SetupError
from studio.jobs.launcher import supervisor_environment
from studio.store.workspace import Workspace

# Longer than anyone who only looks whether the lock is held keeps it.
PATIENCE = 1.0
THERE_WITHIN = 30.0
LOOK_EVERY = 3.0

log = logging.getLogger(__name__)

_kept: set[Path] = set()
_keeping = threading.Lock()


@contextmanager
def sole_supervisor(workspace: Workspace, *, patience: float = PATIENCE) -> Iterator[bool]:
    """Hold the workspace's lock for as long as the block runs; False when another process holds it.

    The kernel gives the lock back when its holder dies, however it dies.
    """
    with workspace.supervisor_lock.open("a") as file:
        deadline = time.monotonic() + patience
        while not (held := _try_lock(file.fileno(), fcntl.LOCK_EX)) and time.monotonic() < deadline:
            time.sleep(0.02)
        if held:
            _say_who(workspace.supervisor_info)
        yield held


@contextmanager
def serving(workspace: Workspace) -> Iterator[bool]:
    """Say while the block runs, beside others, that pages are served here; False where that must not be now."""
    with workspace.pages_lock.open("a") as file:
        yield _try_lock(file.fileno(), fcntl.LOCK_SH)


@contextmanager
def unserved(workspace: Workspace) -> Iterator[bool]:
    """Keep pages from being served for as long as the block runs; False where some are."""
    with workspace.pages_lock.open("a") as file:
        yield _try_lock(file.fileno(), fcntl.LOCK_EX)


def lock_number(workspace: Workspace) -> int | None:
    """The file system's number of the lock: another one, or none, is not the lock that a supervisor here holds."""
    try:
        return workspace.supervisor_lock.stat().st_ino
    except FileNotFoundError:
        return None


def is_supervised(workspace: Workspace) -> bool:
    """Whether a supervisor holds the workspace's lock."""
    if not workspace.supervisor_lock.exists():
        return False
    with workspace.supervisor_lock.open("a") as file:
        return not _try_lock(file.fileno(), fcntl.LOCK_SH)  # shared: two who look do not mistake each other for one


def seconds_since_asked_for(workspace: Workspace) -> float:
    """How long ago someone last asked for a supervisor here."""
    try:
        return abs(time.time() - workspace.supervisor_lock.stat().st_mtime)
    except FileNotFoundError:
        return float("inf")


def ensure_supervisor(workspace: Workspace, *, parent_pid: int | None = None) -> None:
    """Start a supervisor for the workspace unless it has one; SetupError when it does not come up.

    It outlives this process while jobs are live, and stays for a while after it was last asked for; `parent_pid`
    (this process) keeps it as long as it lives. Costs microseconds when there is one already.
    """
    workspace.prepare()
    workspace.supervisor_lock.touch()  # before looking: one that is about to leave sees this, or is seen to be gone
    if is_supervised(workspace):
        return
    process = _start(workspace, parent_pid=parent_pid or os.getpid())
    deadline = time.monotonic() + THERE_WITHIN
    while not is_supervised(workspace):
        if process.poll() == 0:
            return  # it found another at work
        if process.poll() is not None or time.monotonic() > deadline:
            raise SetupError(
                "The part of the studio that runs jobs did not start.",
                fix=f"The reason is at the end of {workspace.supervisor_log}.",
            )
        time.sleep(0.05)
    threading.Thread(target=process.wait, name="supervisor-reaper", daemon=True).start()


def keep_supervised(workspace: Workspace) -> None:
    """Ensure a supervisor now, and from now on as long as this process lives, should it be killed or leave.

    However often it is asked for a workspace, one thread keeps it.
    """
    ensure_supervisor(workspace)
    root = workspace.root.resolve()
    with _keeping:
        if root not in _kept:
            threading.Thread(target=_keep, args=(workspace,), name="supervisor-keeper", daemon=True).start()
            _kept.add(root)


def _keep(workspace: Workspace) -> None:
    while True:
        time.sleep(LOOK_EVERY)
        try:
            ensure_supervisor(workspace)
        except (SetupError, OSError):
            log.exception("no supervisor could be started for %s; trying again", workspace.root)


def _start(workspace: Workspace, *, parent_pid: int) -> subprocess.Popen[bytes]:
    root = str(workspace.root.resolve())
    command = [sys.executable, "-P", "-m", "studio.jobs.supervisor", root, "--parent", str(parent_pid)]
    home = str(Path(studio.__path__[0]).parent)
    environment = supervisor_environment(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
    turn_over(workspace.supervisor_log)
    with workspace.supervisor_log.open("ab") as log_file:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log_file, stderr=log_file, env=environment, start_new_session=True
        )


def turn_over(path: Path, *, longest: int = logs.FILE_BYTES) -> None:
    """Begin a log anew that has become too long; the one before it stays beside it."""
    with suppress(FileNotFoundError):
        if path.stat().st_size > longest:
            path.replace(f"{path}.1")


def _say_who(path: Path) -> None:
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps({"pid": os.getpid(), "started": datetime.now(UTC).isoformat(timespec="seconds")}))
    fresh.replace(path)


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
