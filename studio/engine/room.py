"""Room: what a run has to write waits while the disk is full, says so, and goes on when there is room again."""

import errno
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from studio.domain.errors import GaveUpWaiting
from studio.domain.event import EventKind, Reporter
from studio.domain.fault import Fault, FaultCode

WAITING = "waiting for disk space"
FULL = (errno.ENOSPC, errno.EDQUOT)
# How libraries tell of a full disk: safetensors, and torch's writer of archives, which names no cause.
PHRASES = ("no space left on device", "os error 28", "disk quota exceeded")
UNEXPLAINED = ("pytorchstreamwriter failed", "file write failed", "unexpected pos")
LITTLE = 50_000_000
SIGN_OF_LIFE_EVERY = 60.0

T = TypeVar("T")


@dataclass(slots=True)
class Room:
    """Lets writers through to a folder; `pause` is how it waits for the next look."""

    folder: Path
    reporter: Reporter
    every: float = 5.0
    pause: Callable[[float], None] = time.sleep
    is_told: bool = field(default=False, init=False)

    def through(self, write: Callable[[], T], *, needed: int, clear: Callable[[], None]) -> T:
        """What `write` gives, once `needed` bytes are free and it succeeds; `clear` takes away what it left half done.

        GaveUpWaiting when the run is to stop meanwhile.
        """
        while True:
            if self.free >= needed:
                try:
                    return write()
                except Exception as error:
                    if not is_disk_full(error, free=self.free):
                        raise
                clear()
            self._wait(needed)

    @property
    def free(self) -> int:
        return shutil.disk_usage(self.folder).free

    def _wait(self, needed: int) -> None:
        waited = SIGN_OF_LIFE_EVERY
        if not self.is_told:
            fault = disk_full(needed, self.free)
            self.reporter.report(EventKind.NOTE, text=fault.sentence, fault=fault.model_dump(mode="json"))
            self.is_told = True
        while True:
            if waited >= SIGN_OF_LIFE_EVERY:
                self.reporter.report(EventKind.PHASE, name=WAITING)
                waited = 0.0
            if self.reporter.should_stop():
                raise GaveUpWaiting(
                    "Stopped while it waited for disk space.", fix="Make room on the disk of the workspace."
                )
            self.pause(self.every)
            waited += self.every
            if self.free >= needed:
                self.reporter.report(EventKind.PHASE, name="saving")
                return


def disk_full(needed: int, free: int) -> Fault:
    """What is said while a run waits for room."""
    return Fault(
        code=FaultCode.DISK_FULL,
        happened="The disk of the workspace ran full.",
        why=f"The next checkpoint needed {_megabytes(needed)}, and {_megabytes(free)} were free.",
        done="Without room a run waits, and goes on by itself once there is some; nothing is lost.",
    )


def is_disk_full(error: BaseException, *, free: int) -> bool:
    """Whether a fault means that the disk is full, whichever library tells of it."""
    chain: BaseException | None = error
    while chain is not None:
        if isinstance(chain, OSError) and chain.errno in FULL:
            return True
        said = str(chain).lower()
        if any(phrase in said for phrase in PHRASES) or (free < LITTLE and any(p in said for p in UNEXPLAINED)):
            return True
        chain = chain.__cause__ or chain.__context__
    return False


def _megabytes(amount: int) -> str:
    return f"{amount / 1e6:,.1f} MB"
