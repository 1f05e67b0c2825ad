"""Launcher: start one worker for one attempt; on this machine today, elsewhere behind the same four verbs."""

import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import psutil

import studio
from studio.discreet import is_secret
from studio.domain.job import JobKind
from studio.domain.judge import KEY_NAMES
from studio.domain.tracker import TRACKER_SETTINGS, Tracker
from studio.jobs.process import kill_group

# A worker inherits no database address and, but for downloads, no token: only what programs need to run at all.
PASSED_ON = frozenset(
    "PATH HOME USER LANG LANGUAGE TZ TMPDIR VIRTUAL_ENV LD_LIBRARY_PATH DYLD_LIBRARY_PATH LD_PRELOAD CUDA_HOME "
    "CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER NVIDIA_VISIBLE_DEVICES ROCR_VISIBLE_DEVICES HIP_VISIBLE_DEVICES "
    "OMP_NUM_THREADS MKL_NUM_THREADS CUBLAS_WORKSPACE_CONFIG XDG_CACHE_HOME HF_HOME TRITON_CACHE_DIR".split()
)

# A download alone may go to the hub: its address, the reader's token, and the way through a proxy.
ONLINE = frozenset(
    "HF_ENDPOINT HF_TOKEN HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy "
    "SSL_CERT_FILE SSL_CERT_DIR".split()
)


DATABASE = "STUDIO_DATABASE"
MAY_RUN_UNTIL = "STUDIO_MAY_RUN_UNTIL"  # read by studio/worker.py


class Handle(Protocol):
    """One worker that was started."""

    @property
    def pid(self) -> int | None:
        """Its number, as far as `poll` has learned it."""
        ...

    def poll(self) -> int | None:
        """None while it runs; then its exit status, negative for the signal that ended it."""
        ...

    def stop(self) -> None:
        """Ask it to end soon."""
        ...

    def kill(self) -> None:
        """End it and everything it started, at once; `poll` tells when it is gone."""
        ...

    def may_run(self, *, until: float) -> None:
        """Let a worker that was begun with a limit run until this moment of the monotonic clock."""
        ...


class Launcher(Protocol):
    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> Handle: ...


@dataclass(frozen=True, slots=True)
class LocalLauncher:
    """Workers as processes of this machine, each the leader of a group of its own."""

    command: tuple[str, ...] = (sys.executable, "-P", "-m", "studio.worker")

    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> "LocalProcess":
        theirs, ours = os.pipe()
        lifeline = Lifeline(ours)
        command = [*self.command, str(attempt_folder)]
        try:
            with log_of(attempt_folder) as log:
                popen = subprocess.Popen(
                    command, stdin=theirs, stdout=log, stderr=log, env=dict(env), start_new_session=True
                )
        except BaseException:
            lifeline.close()
            raise
        finally:
            os.close(theirs)
        return LocalProcess(popen, lifeline)


@dataclass(slots=True)
class Lifeline:
    """Our end of a worker's standard input: its closing says that we are gone, and what comes, how long it may run."""

    descriptor: int
    is_open: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, until: float) -> None:
        with self.lock, suppress(OSError):  # one that has ended reads no more
            if self.is_open:
                os.write(self.descriptor, struct.pack("d", until))

    def close(self) -> None:
        with self.lock:
            if self.is_open:
                os.close(self.descriptor)
            self.is_open = False


def log_of(attempt_folder: Path) -> BinaryIO:
    """What takes the words that a worker prints: a file, for a pipe would break when the supervisor is gone."""
    return (attempt_folder / "log.txt").open("ab")


@dataclass(frozen=True, slots=True)
class LocalProcess:
    popen: subprocess.Popen[bytes]
    lifeline: Lifeline

    @property
    def pid(self) -> int:
        return self.popen.pid

    def poll(self) -> int | None:
        if self.popen.returncode is None and _has_ended(self.pid):
            kill_group(self.pid)  # its children; until it is reaped, its number cannot name another group
            self.popen.wait()
            self.lifeline.close()
        return self.popen.returncode

    def stop(self) -> None:
        if self.poll() is None:
            self.popen.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        if self.poll() is None:
            kill_group(self.pid)

    def may_run(self, *, until: float) -> None:
        self.lifeline.tell(until)


# Threads that wait sleep instead of spinning: on a busy machine (a browser beside the run is enough) spinning ones take
# the cores from those that work, and a run becomes many times slower.
CALM = {"OMP_WAIT_POLICY": "PASSIVE"}


def worker_environment(
    environ: Mapping[str, str],
    *,
    online: bool = False,
    gpu: str | None = None,
    trackers: Collection[Tracker] = (),
    key: str = "",
    until: float | None = None,
) -> dict[str, str]:
    """What a worker may know of this process's environment, where it finds the studio, and the only GPU it may see.

    Of trackers it knows those that its run chose, and with them the way out; of a judge the variable of its `key`; and
    of a limit the moment `until` which it may run before it is told another (`Handle.may_run`).
    """
    known = PASSED_ON | ONLINE if online else PASSED_ON.union(*(TRACKER_SETTINGS[name] for name in trackers))
    known |= ONLINE - {"HF_TOKEN", "HF_ENDPOINT"} if trackers or key else frozenset()
    known |= {key} if KEY_NAMES.fullmatch(key) else frozenset()
    passed = {name: value for name, value in environ.items() if name in known or name.startswith("LC_")}
    home = str(Path(studio.__path__[0]).parent)
    chosen = {"CUDA_VISIBLE_DEVICES": gpu} if gpu else {}
    chosen |= {MAY_RUN_UNTIL: repr(until)} if until is not None else {}
    return {**CALM, **passed, **chosen, "PYTHONPATH": home, "PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1"}


def supervisor_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What the supervisor may know of this process's environment: of secrets, those that it or a worker has use for."""
    used = ONLINE.union({DATABASE}, *TRACKER_SETTINGS.values())
    known = {name for name in environ if name in used or KEY_NAMES.fullmatch(name)}
    return {name: value for name, value in environ.items() if name in known or not is_secret(name, value)}


def _has_ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
