"""Ending: how an attempt ended, in words a person can act on, also when its worker could not say so itself."""

import errno
import signal
from dataclasses import dataclass, field, replace
from typing import Any

from studio.domain.event import Outcome
from studio.domain.fault import Fault, FaultCode
from studio.domain.job import Job, JobKind, JobState

OUTCOME_NOT_WRITTEN = 74  # what a worker exits with when it could not write its outcome
WORK = {
    JobKind.INGEST: "reading",
    JobKind.MEND: "changing",
    JobKind.EXAMINE: "checking",
    JobKind.MEASURE: "measuring",
    JobKind.MEANING: "comparing",
    JobKind.TOPICS: "topic-finding",
    JobKind.CHECK_SPLIT: "twin-finding",
    JobKind.PROBE: "trying the recipe",
    JobKind.TRAIN: "training",
    JobKind.GENERATE: "answering",
    JobKind.GATES: "judging the gates",
    JobKind.CHAT: "chat",
    JobKind.DOWNLOAD: "downloading",
    JobKind.EXPORT: "delivering",
    JobKind.OPINION: "asking the judge",
    JobKind.LOCAL_OPINION: "asking the judge",
}
RESUME = "Resume goes on from the last checkpoint."
AGAIN = "Start it again."
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
TOO_MANY = (errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
CAME_BACK = "came_back"  # in a job's result: that it went on by itself after an end from outside
ENDED_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
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


@dataclass(frozen=True, slots=True)
class Gone:
    """How a worker without an outcome went; `status` is negative for the signal that ended it.

    `silent` are the seconds for which it had done nothing at all when the supervisor ended it; `for_memory` says
    whether the kernel ended a process for want of memory meanwhile, None where that cannot be known.
    """

    status: int
    silent: float | None = None
    for_memory: bool | None = None


def untold(job: Job, gone: Gone, *, stopping: bool, has_checkpoint: bool) -> Ending:
    """The ending of a worker that is gone without an outcome.

    A training that was ended from outside, or had to be ended because it did nothing any more, goes on by itself once.
    """
    fix = RESUME if has_checkpoint else AGAIN
    if stopping:
        return Ending(JobState.STOPPED, "Stopped; it did not finish its step in time and was ended.", fix)
    if -gone.status in NO_FURTHER:
        return Ending(
            JobState.FAILED,
            f"The {WORK[job.kind]} got no further for minutes and was ended.",
            "Upload the file in two halves to find the part that it cannot get past, and leave that part out.",
        )
    if job.kind is not JobKind.TRAIN:
        return Ending(JobState.INTERRUPTED, f"The {WORK[job.kind]} process {_cause(gone)}.", fix)
    return _of_a_training(job, gone, has_checkpoint=has_checkpoint)


def _of_a_training(job: Job, gone: Gone, *, has_checkpoint: bool) -> Ending:
    from_outside = gone.silent is not None or -gone.status in ENDED_FROM_OUTSIDE
    goes_on = from_outside and not job.result.get(CAME_BACK)
    whence = "from the last checkpoint" if has_checkpoint else "from the beginning"
    if goes_on:
        done = f"It goes on by itself {whence}."
    elif from_outside:
        done = "It had gone on by itself once, so this time it waits for you."
    else:
        done = "The last checkpoint is kept." if has_checkpoint else "No checkpoint had been saved yet."
    fault = Fault(
        code=FaultCode.STALLED if gone.silent is not None else FaultCode.KILLED if from_outside else FaultCode.CRASH,
        happened=f"The training process {_cause(gone)}.",
        why=_evidence(job, gone),
        done=done,
        fix="" if goes_on else RESUME if has_checkpoint else AGAIN,
    )
    result: dict[str, Any] = {"fault": fault.model_dump(mode="json")}
    if goes_on:
        gone_on = fault.model_copy(update={"done": f"It went on by itself {whence}."})  # told once it has
        result |= {CAME_BACK: 1, "after": gone_on.model_dump(mode="json")}
        if gone.for_memory:
            result["fewer_rows"] = {"doing": job.phase or "starting", "step": job.done}
    return Ending(JobState.QUEUED if goes_on else JobState.INTERRUPTED, fault.sentence, fault.fix, result)


def _evidence(job: Job, gone: Gone) -> str:
    """Where it was, and for a kill by whom as far as that can be known."""
    place = f"It was {job.phase or 'starting'}" + (f", after step {job.done:,} of {job.total:,}." if job.done else ".")
    if -gone.status != signal.SIGKILL or gone.silent is not None or gone.for_memory is None:
        return place
    if gone.for_memory:
        return f"{place} In that time the system ended a process for want of memory."
    return f"{place} By its own count the system ended nothing for want of memory in that time."


def cut_short(*, stopping: bool, has_checkpoint: bool, gives_way: bool = False) -> Ending:
    """The ending of an attempt whose supervisor went: it goes back into the queue, unless people want it stopped.

    What gives way waits until somebody asks for it again.
    """
    if gives_way:
        return Ending(JobState.STOPPED, "It was stopped together with the studio.", AGAIN)
    if stopping:
        return Ending(JobState.STOPPED, "Stopped.", RESUME if has_checkpoint else AGAIN)
    goes_on = "goes on from the last checkpoint" if has_checkpoint else "starts again"
    return Ending(JobState.QUEUED, f"The studio was stopped; this {goes_on}.")


def as_backed_up(*, has_checkpoint: bool) -> Ending:
    """The ending of what ran when the backup was made from which its workspace was restored."""
    happened = "It was running when the backup was made that this workspace was restored from."
    return Ending(JobState.INTERRUPTED, happened, RESUME if has_checkpoint else AGAIN)


def asked_elsewhere(*, has_checkpoint: bool) -> Ending:
    """The ending of a worker that stopped in good order although nobody here wanted it to: the system asked it."""
    goes_on = "goes on from the last checkpoint" if has_checkpoint else "starts again"
    return Ending(JobState.QUEUED, f"It was asked to end from outside the studio; this {goes_on}.")


def made_room(ending: Ending) -> Ending:
    """The ending of what gave its place to something that waited for it."""
    return replace(ending, message="It made room for what waited for its place.", fix="Start it again after that.")


def never_begun(error: Exception) -> Ending:
    """The ending of an attempt whose process could not be started."""
    return Ending(
        JobState.FAILED,
        f"The studio could not start a process for this: {error}.",
        "Check that the disk of the workspace has room and can be written to, then start it again.",
    )


def not_now(error: Exception) -> Ending:
    """The ending of an attempt whose process could not be started for now: its job keeps its place in the line."""
    what = "The disk is full" if _errno(error) in NO_ROOM else "The machine takes no further process or open file"
    return Ending(JobState.QUEUED, f"{what} at the moment; this begins as soon as there is room.")


def is_passing(error: Exception) -> bool:
    """Whether what kept a process from being started may well be over in a moment."""
    return _errno(error) in (*NO_ROOM, *TOO_MANY)


def _errno(error: Exception) -> int | None:
    return error.errno if isinstance(error, OSError) else None


def given_up(error: Exception) -> Ending:
    """The ending of an attempt that the supervisor itself stumbled over."""
    return Ending(
        JobState.FAILED,
        f"Something in the studio itself failed while it followed this: {type(error).__name__}. "
        "The supervisor's log has the details.",
        AGAIN,
    )


def stands_still(silent: float, limit: float) -> str:
    """What is said of a worker that does nothing, before it is ended for it."""
    return (
        f"It has told nothing and computed nothing for {_long(silent)}. If that goes on, it is ended after "
        f"{_long(limit)} and goes on from its last checkpoint."
    )


def some_lost(missing: int) -> str:
    """What is said where numbers of events are left out: something between worker and disk has lost them."""
    what = "One thing" if missing == 1 else f"{missing:,} things"
    return f"{what} that this told did not arrive, so its curves may have a gap. See that the disk is sound."


def _cause(gone: Gone) -> str:
    status = gone.status
    if gone.silent is not None:
        return f"told nothing and computed nothing for {_long(gone.silent)}, so it was ended"
    if status == OUTCOME_NOT_WRITTEN:
        return "could not write down how it ended, perhaps because the disk is full"
    if status == 0:
        return "ended without saying how it went; its log has its last words"
    if status > 0:
        return f"ended with status {status} and without a reason; its log has its last words"
    number = -status
    if number == signal.SIGKILL:
        perhaps = {None: ", perhaps because memory ran out", True: " because memory ran out", False: ""}
        return f"was killed (signal 9){perhaps[gone.for_memory]}"
    if number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        return f"was ended from outside the studio (signal {number})"
    name = signal.strsignal(number) or "unknown"
    return f"crashed inside a library (signal {number}, {name}); its log has its last words"


def _long(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 90 else f"{seconds:.0f} seconds"
