"""Progress: tell how far the reading is, and notice when a person wants it to stop."""

import time

from studio.domain.event import EventKind, Reporter

EVERY_SECONDS = 0.2


class Stopped(BaseException):
    """A person asked to stop; whatever was half written is thrown away. No `except Exception` may hold it up."""


class Progress:
    """Reports `done` of `total` at most every 0.2 s, and raises Stopped once the reporter says so."""

    def __init__(self, reporter: Reporter, *, total: int) -> None:
        self._reporter = reporter
        self._total = total
        self._began = self._told = time.monotonic()

    def at(self, done: int) -> None:
        if self._reporter.should_stop():
            raise Stopped
        now = time.monotonic()
        if now - self._told >= EVERY_SECONDS:
            self._told = now
            left = (now - self._began) / done * (self._total - done) if done else None
            self._reporter.report(EventKind.PROGRESS, done=done, total=self._total, seconds_left=left)

    def end(self) -> None:
        self._reporter.report(EventKind.PROGRESS, done=self._total, total=self._total, seconds_left=0)
