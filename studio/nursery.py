"""Nursery: a process that has loaded the libraries once, and from which workers are forked that need them.

python -m studio.nursery PADDING, with a socket as standard input. A request on it is a JSON object with the attempt's
`folder` and the worker's `environment`; with it come the lifeline, the log, and a socket for what there is to report:
the worker's number, and when it has ended its exit status. It stays unreaped, so that its number can name nothing
else, until the other end of that socket is closed.
"""

import ctypes
import gc
import json
import os
import selectors
import signal
import socket
import sys
import traceback
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from studio import discreet, logs
from studio.worker import ENVIRONMENT, attempt, end_with_the_parent

# Where a worker finds how many bytes of libraries lie in memory for it that the kernel does not count as its own.
INHERITED = "STUDIO_INHERITED_MEMORY"
READY = b"ready"
NO_USE = 3  # exit status: nothing can be forked from here
IDLE_EXIT = 600.0  # seconds without a worker; what was loaded takes half a gigabyte
LONGEST_REQUEST = 1 << 16
LOADED = ("trainer", "watch", "tracking", "answering", "generate", "chat", "probe")


def main() -> int:
    """Load, say so, and fork a worker for each request until nobody asks any more."""
    title = Title.here()
    title.set("python", "-m", "studio.nursery")
    control = socket.socket(fileno=0)
    end_with_the_parent()
    if not load():
        return NO_USE
    with suppress(BrokenPipeError, ConnectionResetError):
        control.send(READY)
        Nursery(control, title).tend()
    return 0


def load() -> bool:
    """Import what workers need, without making a model or a thread; False where a fork could not use a device."""
    os.environ.update(ENVIRONMENT)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    gc.disable()  # what is loaded stays, and looking through it for garbage takes a sixth of the time
    import_module("studio.engine.load").prepare_process()
    for name in LOADED:
        import_module(f"studio.engine.{name}")
    import torch

    gc.collect()
    gc.enable()
    gc.freeze()  # a collection in a worker would otherwise copy every page of what it shares with this process
    return not torch.cuda.is_available()


@dataclass(slots=True)
class Child:
    """A worker: `ended` tells when it has ended, `report` where to say so."""

    pid: int
    ended: int
    report: socket.socket


@dataclass(slots=True)
class Nursery:
    control: socket.socket
    title: "Title"
    selector: selectors.DefaultSelector = field(default_factory=selectors.DefaultSelector)
    children: dict[int, Child] = field(default_factory=dict)

    def tend(self) -> None:
        """Fork and report until the other end of `control` is closed, or nothing was wanted for long."""
        self.selector.register(self.control, selectors.EVENT_READ)
        while ready := self.selector.select(None if self.children else IDLE_EXIT):
            for key, _ in ready:
                if key.fileobj is self.control:
                    request, fds, _, _ = socket.recv_fds(self.control, LONGEST_REQUEST, 3)
                    if not request:
                        return
                    self._bear(json.loads(request), *fds)
                elif key.fd == key.data.ended:
                    self._tell_the_end(key.data)
                else:
                    self._let_go(key.data)

    def _bear(self, request: dict[str, Any], lifeline: int, log: int, report: int) -> None:
        os.environ[INHERITED] = str(resident())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the threads here are of libraries that mind forks
            pid = os.fork()
        if pid == 0:
            self._live(request, lifeline, log, socket.socket(fileno=report))
        os.close(lifeline)
        os.close(log)
        child = Child(pid, os.pidfd_open(pid), socket.socket(fileno=report))
        self.children[pid] = child
        self.selector.register(child.ended, selectors.EVENT_READ, child)

    def _live(self, request: dict[str, Any], lifeline: int, log: int, report: socket.socket) -> None:
        """Be a worker as if started afresh, and never return."""
        status = 1
        try:
            os.setsid()
            for place, descriptor in enumerate((lifeline, log, log)):
                os.dup2(descriptor, place)
            os.close(lifeline)
            os.close(log)
            self._leave()
            report.send(str(os.getpid()).encode())
            report.close()
            become(request["environment"])
            discreet.begin(out=True)
            sys.argv = ["-m", request["folder"]]
            self.title.set(*request["command"])
            logs.configure("worker", file=Path(request["folder"]) / "worker.jsonl")
            status = attempt(Path(request["folder"]))
        except SystemExit as leaving:
            status = leaving.code if isinstance(leaving.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _leave(self) -> None:
        """Close what belongs to the nursery and to the other workers; its standard input is replaced already."""
        theirs = {key.fd for key in self.selector.get_map().values()} - {0}
        for descriptor in theirs.union(child.report.fileno() for child in self.children.values()):
            os.close(descriptor)
        self.selector.close()

    def _tell_the_end(self, child: Child) -> None:
        ended = os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # what it started; its own number is still its own
        assert ended is not None  # only where it would not wait
        status = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        self.selector.unregister(child.ended)
        os.close(child.ended)
        self.selector.register(child.report, selectors.EVENT_READ, child)
        with suppress(BrokenPipeError, ConnectionResetError):
            child.report.send(str(status).encode())

    def _let_go(self, child: Child) -> None:
        """The status has been read, or nobody is there to read it."""
        self.selector.unregister(child.report)
        child.report.close()
        os.waitpid(child.pid, 0)
        del self.children[child.pid]


def become(environment: dict[str, str]) -> None:
    """Put in order what a process that is started afresh has of its own."""
    import numpy as np

    inherited = max(int(os.environ[INHERITED]) - resident(), 0)
    os.environ.clear()
    os.environ.update(environment, **{INHERITED: str(inherited)})
    np.random.seed()  # Python's own generator does so by itself, and torch's begins everywhere alike


def resident() -> int:
    """Bytes of main memory that are this process's, or shared by it."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Title:
    """Where the kernel looks for the words that `ps` shows of this process."""

    address: int
    room: int

    @classmethod
    def here(cls) -> "Title":
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
        return cls(start, end - start)

    def set(self, *words: str) -> None:
        told = "\0".join(words).encode()[: max(self.room - 1, 0)]
        if self.address:  # zero where the kernel keeps it to itself
            ctypes.memmove(self.address, told.ljust(self.room, b"\0"), self.room)


if __name__ == "__main__":
    os._exit(main())
