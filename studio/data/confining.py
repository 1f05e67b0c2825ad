"""Confining: how much of the machine the reading of one file may take; the kernel holds it to that.

A file that is more than the machine can take ends in a sentence, and takes neither the page nor other work with it.
"""

import errno
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

import psutil

from studio.data.progress import Stopped
from studio.domain.bounded import processor_time
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind, Reporter

LOOK_EVERY = 1.0
GIGABYTE = 2**30


@dataclass(frozen=True, slots=True)
class Confines:
    """At most so many bytes of `memory`, and so many in each file that is written.

    Without getting any further it may take so many seconds of processors (`busy`) and on the clock (`idle`); then the
    kernel ends the process with SIGXCPU or SIGALRM, whatever it is doing.
    """

    memory: int
    written: int = 16 * GIGABYTE
    busy: int = 120
    idle: int = 600


@contextmanager
def confined(reporter: Reporter, confines: Confines) -> Iterator[Reporter]:
    """Hold this process to its confines while the block runs; the reporter given out is what says that it gets on.

    DatasetError when it would take more. SIGTERM raises Stopped at once, wherever the work is. For the main thread.
    """
    limits = (resource.RLIMIT_CORE, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU)
    before = {limit: resource.getrlimit(limit) for limit in limits}
    terminate = signal.signal(signal.SIGTERM, _stop_at_once)
    try:
        _limit(resource.RLIMIT_CORE, 0)
        _limit(resource.RLIMIT_DATA, confines.memory)
        _limit(resource.RLIMIT_FSIZE, confines.written)
        watched = _Watched(reporter, confines)
        watched.gets_on()
        yield watched
    except MemoryError as error:
        raise DatasetError(
            f"Reading this file takes more than the {_gigabytes(confines.memory)} of memory that one file may take.",
            fix="Upload it in parts, or read it on a machine with more memory.",
        ) from error
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        raise DatasetError(
            f"Reading this file writes more than {_gigabytes(confines.written)} to the disk.", fix="Upload it in parts."
        ) from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGTERM, terminate)
        for limit, held in before.items():
            resource.setrlimit(limit, held)


class _Watched:
    """The reporter; whoever asks it whether to stop, as all work does again and again, has got further."""

    def __init__(self, reporter: Reporter, confines: Confines) -> None:
        self._reporter = reporter
        self._confines = confines
        self._process = psutil.Process()
        self._looked_at = 0.0

    def report(self, kind: EventKind, **data: Any) -> None:
        self._reporter.report(kind, **data)

    def should_stop(self) -> bool:
        if time.monotonic() - self._looked_at >= LOOK_EVERY:
            self.gets_on()
        return self._reporter.should_stop()

    def gets_on(self) -> None:
        """Begin to count anew. Memory is measured too, for systems whose kernel does not keep to RLIMIT_DATA."""
        self._looked_at = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, self._confines.idle)
        _limit(resource.RLIMIT_CPU, int(processor_time()) + self._confines.busy)
        if self._process.memory_info().rss > self._confines.memory:
            raise MemoryError


def _stop_at_once(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped


def _limit(what: int, most: int) -> None:
    """Lower what the kernel enforces; what it would let us have at most stays, so that this can be taken back."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _gigabytes(amount: int) -> str:
    return f"{amount / GIGABYTE:.3g} GB"
