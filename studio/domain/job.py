"""Job: anything slow, with progress, cancel and an outcome in plain words."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class JobKind(StrEnum):
    INGEST = "ingest"
    MEND = "mend"
    EXAMINE = "examine"
    MEASURE = "measure"
    MEANING = "meaning"
    TOPICS = "topics"
    CHECK_SPLIT = "check_split"
    PROBE = "probe"
    TRAIN = "train"
    GENERATE = "generate"
    GATES = "gates"
    CHAT = "chat"
    DOWNLOAD = "download"
    EXPORT = "export"
    OPINION = "opinion"  # of a judge behind an endpoint
    LOCAL_OPINION = "local_opinion"  # of a judge that needs the device


class Need(StrEnum):
    """What a job takes of the machine while it runs."""

    DEVICE = "device"  # a GPU to itself, or the processor where there is none
    READER = "reader"  # a share of the processor beside that
    MAKER = "maker"  # the same, for long
    NETWORK = "network"


def need_of(kind: JobKind) -> Need:
    """What a job of this kind needs: the one place where that is told."""
    match kind:
        case JobKind.TRAIN | JobKind.PROBE | JobKind.GENERATE | JobKind.CHAT | JobKind.LOCAL_OPINION:
            return Need.DEVICE
        case JobKind.DOWNLOAD | JobKind.OPINION:
            return Need.NETWORK
        case JobKind.EXPORT:
            return Need.MAKER
        case _:
            return Need.READER


# What has a device only as long as nothing else waits for one: it is asked to end as soon as something does.
GIVES_WAY: frozenset[JobKind] = frozenset({JobKind.CHAT})


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Wish(StrEnum):
    """What people want of a job; the supervisor reconciles."""

    RUN = "run"
    STOP = "stop"


LIVE = frozenset({JobState.QUEUED, JobState.RUNNING})
ENDED = frozenset({JobState.DONE, JobState.STOPPED, JobState.FAILED})

# The one table of allowed transitions, each with what leads to it; the store refuses every other.
TRANSITIONS: dict[JobState, dict[JobState, str]] = {
    JobState.QUEUED: {
        JobState.RUNNING: "The supervisor claims it, as a new attempt.",
        JobState.STOPPED: "A person stops it while it waits.",
    },
    JobState.RUNNING: {
        JobState.DONE: "Its worker says so.",
        JobState.STOPPED: "A person stops it, or it makes room for what waits for its place.",
        JobState.FAILED: "Its worker says why, or none can be started.",
        JobState.INTERRUPTED: "Its worker is gone without a word, and it does not go on by itself.",
        JobState.QUEUED: "Its supervisor was stopped, or it goes on by itself after an end from outside.",
    },
    JobState.INTERRUPTED: {
        JobState.QUEUED: "A person resumes it.",
        JobState.STOPPED: "A person gives it up.",
    },
    JobState.FAILED: {JobState.QUEUED: "A person resumes it."},
    JobState.STOPPED: {JobState.QUEUED: "A person resumes it."},
    JobState.DONE: {},
}

STATE_WORDS = {
    JobState.QUEUED: "waiting",
    JobState.RUNNING: "running",
    JobState.DONE: "finished",
    JobState.STOPPED: "stopped",
    JobState.FAILED: "failed",
    JobState.INTERRUPTED: "interrupted",
}


def words_of(state: JobState, wish: Wish, *, pausing: bool) -> str:
    """How a job stands, in a word."""
    if state in LIVE and wish is Wish.STOP:
        return "pausing" if pausing else "stopping"
    return "paused" if state is JobState.STOPPED and pausing else STATE_WORDS[state]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The time that one attempt was at work; without an end it still is."""

    began_at: datetime
    ended_at: datetime | None = None

    def seconds(self, now: datetime) -> float:
        return max(((self.ended_at or now) - self.began_at).total_seconds(), 0.0)  # a clock may be set back


@dataclass(frozen=True, slots=True)
class Job:
    """`done` of `total` units; `message` says in words what is happening or how it ended, `fix` what to do next.

    `seconds_left` is the worker's own estimate, while it runs and once it has one; `pausing` says that a stop is meant
    as a pause. `wants` is the device that was chosen for it (None: any), `place` the one that its attempt has.
    """

    id: str
    kind: JobKind
    subject_id: str
    state: JobState
    wish: Wish
    attempt: int
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    phase: str = ""
    done: int = 0
    total: int = 0
    message: str = ""
    fix: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    pid: int | None = None
    seconds_left: float | None = None
    pausing: bool = False
    wants: str | None = None
    place: str | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_stopping(self) -> bool:
        return self.is_live and self.wish is Wish.STOP

    @property
    def is_paused(self) -> bool:
        """Whether it was stopped in order to go on later."""
        return self.state is JobState.STOPPED and self.pausing

    @property
    def words(self) -> str:
        return words_of(self.state, self.wish, pausing=self.pausing)
