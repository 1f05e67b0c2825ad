"""Beat: what a supervisor says of itself every second, so that others see that it is not only there but at work.

It is written into its own place again and again, so that it needs no room on a disk that is full.
"""

import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from studio.jobs.process import identity_of
from studio.recipes.machine import DISK_FLOOR, disk_free
from studio.recipes.words import amount
from studio.store.workspace import Workspace

EVERY = 1.0
LOOK_AT_THE_DISK_EVERY = 30.0
FRESH = 30.0  # seconds: longer than a supervisor waits for a database that is locked
ROOM = 512  # bytes, always the same, so that no more are needed later

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beat:
    """Which process, when by the machine's own count and by the clock, how many attempts it carries out, and how many
    seconds the newest news of any of them was old when it came to the database."""

    process: str
    counted: float
    at: float
    attempts: int = 0
    lag: float = 0.0

    @property
    def age(self) -> float:
        """Seconds since; by the clock alone where another machine wrote it."""
        mine = _me()
        is_here = mine.partition(":")[0] == self.process.partition(":")[0]
        return max(time.monotonic() - self.counted if is_here else time.time() - self.at, 0.0)


def heard(workspace: Workspace) -> Beat | None:
    """What the supervisor of a workspace last said; None where none ever did."""
    with suppress(OSError, ValueError, TypeError):
        return Beat(**json.loads(workspace.supervisor_beat.read_bytes()))
    return None


@dataclass(slots=True)
class Heart:
    """The supervisor's own side: beats, and tells once when the disk becomes low and once when it is not any more."""

    workspace: Workspace
    floor: int = DISK_FLOOR
    beaten: float = float("-inf")
    looked: float = float("-inf")
    is_low: bool = False
    process: str = field(default_factory=lambda: _me())

    def beat(self, *, attempts: int, lag: float) -> None:
        """Say so, where the last time is long enough ago."""
        now = time.monotonic()
        if now - self.looked >= LOOK_AT_THE_DISK_EVERY:
            self.looked = now
            self._look_at_the_disk()
        if now - self.beaten >= EVERY:
            self.beaten = now
            told = asdict(Beat(self.process, now, time.time(), attempts, lag))
            with suppress(OSError):
                _write(self.workspace.supervisor_beat, json.dumps(told).encode().ljust(ROOM))

    def _look_at_the_disk(self) -> None:
        free = disk_free(self.workspace.root)
        if (free < self.floor) is self.is_low:
            return
        self.is_low = free < self.floor
        if self.is_low:
            log.warning("the disk is low: %s left on that of %s", amount(free), self.workspace.root)
        else:
            log.warning("the disk has room again: %s on that of %s", amount(free), self.workspace.root)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, content, 0)
    finally:
        os.close(descriptor)


def _me() -> str:
    me = identity_of(os.getpid())
    return f"{me.started}:{me.pid}" if me else str(os.getpid())
