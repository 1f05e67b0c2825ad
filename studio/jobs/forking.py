"""Forking: workers that need the large libraries come from one process that has loaded them (studio/nursery.py).

Only where there is no GPU, whose driver does not bear a fork. See docs/decisions/0022-workers-are-forked.md.
"""

import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from studio.domain.job import JobKind
from studio.jobs.launcher import Handle, Lifeline, LocalLauncher, log_of, worker_environment
from studio.jobs.process import Identity, end_leftover, identity_of, kill_group

# The nursery is begun for work that would load as much by itself; work that loads less is forked where one is ready.
BEGINS = frozenset({JobKind.PROBE, JobKind.TRAIN, JobKind.GENERATE, JobKind.CHAT, JobKind.LOCAL_OPINION})
JOINS = frozenset({JobKind.MEASURE, JobKind.MEANING, JobKind.EXPORT})
COMMAND = (sys.executable, "-P", "-m", "studio.nursery")
PADDING = "." * 1000  # where the forked ones write down what they are

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ForkingLauncher:
    """Forks what needs the libraries; whatever stands in the way of that, the worker is started in the ordinary way.

    Call it from one thread that lives as long: the nursery and all that it bore die with that thread.
    """

    ordinary: LocalLauncher = field(default_factory=LocalLauncher)
    command: tuple[str, ...] = COMMAND
    nursery: "Nursery | None" = None
    is_barren: bool = False

    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> Handle:
        def start_afresh() -> Handle:
            return self.ordinary.start(attempt_folder, kind=kind, env=env)

        nursery = self._nursery(kind)
        if nursery is None:
            return start_afresh()
        try:
            return nursery.bear(attempt_folder, command=self.ordinary.command, env=env, otherwise=start_afresh)
        except OSError:
            log.exception("nothing could be forked; the worker is started in the ordinary way")
            return start_afresh()

    def close(self) -> None:
        if self.nursery is not None:
            self.nursery.end()
        self.nursery = None

    def _nursery(self, kind: JobKind) -> "Nursery | None":
        """The one that this kind of work may come from, begun if need be; None where there is to be none."""
        if kind not in BEGINS | JOINS:
            return None
        if self.nursery is not None and self.nursery.has_ended():
            self.is_barren = self.is_barren or not self.nursery.is_ready()
            self.close()
        if self.nursery is None and kind in BEGINS and not self.is_barren:
            self.nursery = Nursery.begin(self.command)
        return self.nursery if self.nursery and (kind in BEGINS or self.nursery.is_ready()) else None


@dataclass(slots=True)
class Nursery:
    """The process and the socket that it takes requests from."""

    popen: subprocess.Popen[bytes]
    control: socket.socket
    has_said_so: bool = False

    @classmethod
    def begin(cls, command: tuple[str, ...]) -> "Nursery":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        given = worker_environment(os.environ)
        try:
            with theirs:
                popen = subprocess.Popen([*command, PADDING], stdin=theirs.fileno(), env=given, start_new_session=True)
        except BaseException:
            ours.close()
            raise
        return cls(popen, ours)

    def is_ready(self) -> bool:
        """Whether all is loaded."""
        if not self.has_said_so:
            with suppress(OSError):
                self.has_said_so = bool(self.control.recv(64))
        return self.has_said_so

    def has_ended(self) -> bool:
        return self.popen.poll() is not None

    def end(self) -> None:
        """End it, and with it what it bore."""
        self.control.close()
        self.popen.kill()
        self.popen.wait()

    def bear(
        self, folder: Path, *, command: tuple[str, ...], env: Mapping[str, str], otherwise: Callable[[], Handle]
    ) -> "ForkedProcess":
        """Ask for a worker; it is there as soon as all is loaded."""
        request = json.dumps({"folder": str(folder), "environment": dict(env), "command": [*command, str(folder)]})
        report, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        theirs_of_lifeline, ours = os.pipe()
        lifeline = Lifeline(ours)
        try:
            with theirs, log_of(folder) as file:
                socket.send_fds(self.control, [request.encode()], [theirs_of_lifeline, file.fileno(), theirs.fileno()])
        except OSError:
            report.close()
            lifeline.close()
            raise
        finally:
            os.close(theirs_of_lifeline)
        report.setblocking(False)
        return ForkedProcess(report, lifeline, otherwise)


@dataclass(slots=True)
class ForkedProcess:
    """A worker that another process forked and reaps: what becomes of it is read from `report`.

    The nursery reaps it only when that is closed: until then its number cannot name another process or group.
    """

    report: socket.socket
    lifeline: Lifeline
    otherwise: Callable[[], Handle]
    identity: Identity | None = None
    status: int | None = None
    instead: Handle | None = None

    @property
    def pid(self) -> int | None:
        if self.instead is not None:
            return self.instead.pid
        return self.identity.pid if self.identity else None

    def poll(self) -> int | None:
        if self.instead is not None:
            return self.instead.poll()
        while self.status is None:
            try:
                told = self.report.recv(64)
            except BlockingIOError:
                return None
            except ConnectionResetError:
                told = b""
            if not told:
                return self._after_the_nursery()
            if self.identity is None:
                self.identity = identity_of(int(told)) or Identity(int(told), "gone before it was looked at")
            else:
                self._has_ended(int(told))
        return self.status

    def stop(self) -> None:
        if self.instead is not None:
            self.instead.stop()
        elif self.poll() is None and self.identity is not None:
            os.kill(self.identity.pid, signal.SIGTERM)

    def kill(self) -> None:
        if self.instead is not None:
            self.instead.kill()
        elif self.poll() is None:
            if self.identity is None:
                self._has_ended(-signal.SIGKILL)  # nobody reads its report, so it ends before it begins
            else:
                kill_group(self.identity.pid)

    def may_run(self, *, until: float) -> None:
        if self.instead is not None:
            self.instead.may_run(until=until)
        else:
            self.lifeline.tell(until)

    def _after_the_nursery(self) -> int | None:
        """The nursery is gone, and nothing that it bore outlives it; what it had not borne yet is started afresh."""
        if self.identity is None:
            self._close()
            self.instead = self.otherwise()
            return None
        end_leftover(self.identity)
        self._has_ended(-signal.SIGKILL)
        return self.status

    def _has_ended(self, status: int) -> None:
        self.status = status
        self._close()

    def _close(self) -> None:
        self.report.close()
        self.lifeline.close()
