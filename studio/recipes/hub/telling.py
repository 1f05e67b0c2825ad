"""Telling: how far a download is, and how long the rest takes at the speed of the last seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from studio.domain.event import EventKind, Reporter
from studio.recipes.hub.repository import File

EVERY = 1.0
LOOKED_BACK = 15.0


@dataclass(slots=True)
class Telling:
    """Reports bytes of `total`; `marks` are moments with what was there, the youngest last."""

    total: int
    reporter: Reporter
    clock: Callable[[], float] = time.monotonic
    here: dict[str, int] = field(default_factory=dict)
    marks: list[tuple[float, int]] = field(default_factory=list)

    def should_stop(self) -> bool:
        return self.reporter.should_stop()

    def kept(self, file: File, count: int) -> None:
        """So much of a file lay on the disk already, or is thrown away: that came by no wire and tells no speed."""
        self.marks.clear()
        self.have(file, count)

    def have(self, file: File, count: int, *, at_once: bool = False) -> None:
        """So much of a file is there now; told once a second, at the end, and where nothing follows for a while."""
        self.here[file.name] = count
        now, done = self.clock(), sum(self.here.values())
        if self.marks and now - self.marks[-1][0] < EVERY and done < self.total and not at_once:
            return
        self.marks = [*(mark for mark in self.marks if now - mark[0] <= LOOKED_BACK), (now, done)]
        left = self._seconds_left(now, done)
        self.reporter.report(EventKind.PROGRESS, done=done, total=self.total, seconds_left=left)

    def _seconds_left(self, now: float, done: int) -> float | None:
        since, before = self.marks[0]
        if now - since < EVERY or done <= before:
            return None
        return (self.total - done) * (now - since) / (done - before)
