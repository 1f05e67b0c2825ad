"""Ending: how an attempt ended, in words a person can act on, also when its worker could not say so itself."""

import signal
from dataclasses import dataclass, field
from typing import Any

from studio.domain.event import Outcome
from studio.domain.job import JobKind, JobState

OUTCOME_NOT_WRITTEN = 74  # what a worker exits with when it could not write its outcome
WORK = {
    JobKind.INGEST: "reading",
    JobKind.MEND: "changing",
    JobKind.EXAMINE: "checking",
    JobKind.MEASURE: "measuring",
    JobKind.MEANING: "comparing",
    JobKind.TOPICS: "topic-finding",
    JobKind.CHECK_SPLIT: "twin-finding",
    JobKind.TRAIN: "training",
    JobKind.GENERATE: "answering",
    JobKind.DOWNLOAD: "downloading",
}
RESUME = "Resume goes on from the last checkpoint."
AGAIN = "Start it again."
NO_FURTHER = (signal.SIGXCPU, signal.SIGALRM)  # the limits of studio.data.confining


@dataclass(frozen=True, slots=True)
class Ending:
    """The state an attempt leaves its job in, and what people read there."""

    state: JobState
    message: str
    fix: str = ""
    result: dict[str, Any] = field(default_factory=dict)


def told(outcome: Outcome) -> Ending:
    """The ending that the worker wrote down."""
    return Ending(JobState(outcome.state), outcome.message, outcome.fix, outcome.result)


def untold(kind: JobKind, status: int, *, stopping: bool, has_checkpoint: bool) -> Ending:
    """The ending of a worker that is gone without an outcome; `status` is negative for the signal that ended it."""
    fix = RESUME if has_checkpoint else AGAIN
    if stopping:
        return Ending(JobState.STOPPED, "Stopped; it did not finish its step in time and was ended.", fix)
    if -status in NO_FURTHER:
        return Ending(
            JobState.FAILED,
            f"The {WORK[kind]} got no further for minutes and was ended.",
            "Upload the file in two halves to find the part that it cannot get past, and leave that part out.",
        )
    return Ending(JobState.INTERRUPTED, f"The {WORK[kind]} process {_cause(status)}.", fix)


def cut_short(*, stopping: bool, has_checkpoint: bool) -> Ending:
    """The ending of an attempt whose supervisor went: it goes back into the queue, unless people want it stopped."""
    if stopping:
        return Ending(JobState.STOPPED, "Stopped.", RESUME if has_checkpoint else AGAIN)
    goes_on = "goes on from the last checkpoint" if has_checkpoint else "starts again"
    return Ending(JobState.QUEUED, f"The studio was stopped; this {goes_on}.")


def never_begun(error: Exception) -> Ending:
    """The ending of an attempt whose process could not be started."""
    return Ending(
        JobState.FAILED,
        f"The studio could not start a process for this: {error}.",
        "Check that the disk of the workspace has room and can be written to, then start it again.",
    )


def given_up(error: Exception) -> Ending:
    """The ending of an attempt that the supervisor itself stumbled over."""
    return Ending(
        JobState.FAILED,
        f"Something in the studio itself failed while it followed this: {type(error).__name__}. "
        "The supervisor's log has the details.",
        AGAIN,
    )


def _cause(status: int) -> str:
    if status == OUTCOME_NOT_WRITTEN:
        return "could not write down how it ended, perhaps because the disk is full"
    if status == 0:
        return "ended without saying how it went; its log has its last words"
    if status > 0:
        return f"ended with status {status} and without a reason; its log has its last words"
    number = -status
    if number == signal.SIGKILL:
        return "was killed (signal 9), perhaps because memory ran out"
    if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        return f"was ended from outside the studio (signal {number})"
    name = signal.strsignal(number) or "unknown"
    return f"crashed inside a library (signal {number}, {name}); its log has its last words"
