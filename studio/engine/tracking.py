"""Tracking: a training whose figures also go to TensorBoard's files and to the trackers that people chose.

None of them can stop or slow a run: files are written in passing, trackers are told by a thread of their own, and
whatever goes wrong there becomes one sentence of the run.
"""

import queue
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.tracker import TRACKER_TITLES, Tracker
from studio.engine.places import Place, UnreachableError, place_of
from studio.engine.tensorboard import EventFiles
from studio.engine.train import train

# How the figures of a run are called in other places.
NAMES = {
    "loss": "train/loss", "token_accuracy": "train/token_accuracy", "grad_norm": "train/grad_norm",
    "learning_rate": "train/learning_rate", "tokens_per_second": "train/tokens_per_second", "memory": "train/memory",
    "epoch": "train/epoch", "validation_loss": "validation/loss", "margin": "validation/margin",
    "validation_token_accuracy": "validation/token_accuracy", "accuracy": "validation/accuracy",
}  # fmt: skip
MOST_WAITING = 1_000  # messages
LAST_WORDS_WITHIN = 20.0  # seconds that a run waits for its trackers at its end


def tracked(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Train as `spec` says, and tell of it elsewhere."""
    tracking, failed = Tracking(spec, reporter), True
    try:
        outcome = train(spec, tracking)
        failed = outcome.state == "failed"
        return outcome
    finally:
        tracking.close(failed=failed)


class Tracking:
    """A reporter that passes everything on, and the figures to other places as well."""

    def __init__(self, spec: dict[str, Any], reporter: Reporter) -> None:
        self._reporter = reporter
        self._files: EventFiles | None = EventFiles(Path(spec["run"]))
        self._spec = spec
        self._waiting: list[Tracker] = list(spec["recipe"].get("trackers", ()))
        self._senders: list[Sender] = []

    def report(self, kind: EventKind, **data: Any) -> None:
        self._reporter.report(kind, **data)
        if kind is EventKind.START:
            self._write(lambda files: files.go_on_from(data["step"]))
            # Only now that the model is there: two threads that load large libraries at once would hinder each other.
            self._senders += [Sender(name, place_of(name, self._spec)) for name in self._waiting]
            self._waiting = []
        elif kind is EventKind.METRIC:
            figures = {NAMES[name]: float(data[name]) for name in NAMES if data.get(name) is not None}
            now = time.time()
            self._write(lambda files: files.tell(data["step"], figures, at=now))
            for sender in self._senders:
                sender.tell(data["step"], figures)
        self._say_what_went_wrong()

    def should_stop(self) -> bool:
        return self._reporter.should_stop()

    def close(self, *, failed: bool) -> None:
        """Give the trackers a little time for what is still on its way to them."""
        deadline = time.monotonic() + LAST_WORDS_WITHIN
        for sender in self._senders:
            sender.end(failed=failed)
        for sender in self._senders:
            sender.wait_until(deadline)
        self._say_what_went_wrong()
        self._write(lambda files: files.close())

    def _write(self, write: Any) -> None:
        try:
            if self._files is not None:
                write(self._files)
        except OSError as error:
            self._files = None
            self._reporter.report(
                EventKind.NOTE, text=f"TensorBoard's files could not be written ({error.strerror}); the run goes on."
            )

    def _say_what_went_wrong(self) -> None:
        for sender in [each for each in self._senders if each.trouble]:
            self._senders.remove(sender)
            self._reporter.report(EventKind.NOTE, text=sender.trouble)


class Sender:
    """Tells one tracker what happens, in a thread of its own; `trouble` says in words why it no longer does."""

    def __init__(self, name: Tracker, place: Place) -> None:
        self.trouble = ""
        self._name: Tracker = name
        self._place = place
        self._has_begun = False
        self._failed = False
        self._waiting: queue.Queue[tuple[int, Mapping[str, float]] | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._send, name=f"tracker-{name}", daemon=True)
        self._thread.start()

    def tell(self, step: int, figures: Mapping[str, float]) -> None:
        self._put((step, figures))

    def end(self, *, failed: bool) -> None:
        """Nothing more will be told."""
        self._failed = failed
        self._put(None)

    def wait_until(self, deadline: float) -> None:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if self._thread.is_alive() and not self.trouble:
            self._give_up("did not take the last figures in time" if self._has_begun else "did not answer")

    def _put(self, told: tuple[int, Mapping[str, float]] | None) -> None:
        try:
            self._waiting.put_nowait(told)
        except queue.Full:
            self._give_up("does not keep up with the run" if self._has_begun else "did not answer")

    def _send(self) -> None:
        try:
            self._place.begin()
            self._has_begun = True
            while (told := self._waiting.get()) is not None:
                self._place.tell(*told)
            self._place.end(failed=self._failed)
        except UnreachableError as error:
            self._give_up(f"cannot be reached: {error}")
        except BaseException as error:  # a library of somebody else's, which may even try to exit
            self._give_up(f"cannot be reached or refused the figures ({_in_short(error)})")

    def _give_up(self, why: str) -> None:
        self.trouble = self.trouble or f"{TRACKER_TITLES[self._name]} {why}; the run goes on without it."


def _in_short(error: BaseException) -> str:
    """The kind of error alone: its text may hold an address with a key in it."""
    return type(error).__name__
