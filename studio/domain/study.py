"""Study: a frozen blind comparison, its answers and its ratings."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from studio.domain.job import Job
from studio.domain.row import Message


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"


class Choice(StrEnum):
    """What a rater says of two answers."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"


class StudyState(StrEnum):
    WRITING = "writing"
    OPEN = "open"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How both contestants answer; the same for both."""

    max_new_tokens: int = 160
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Study:
    """A comparison frozen before the first rating; `protocol` is the fingerprint of all that was fixed."""

    id: str
    name: str
    run_id: str
    checkpoint_step: int
    prompts: int
    question: str
    sampling: Sampling
    margin: float
    seed: int
    protocol: str
    rating_token: str
    state: StudyState
    created_at: datetime
    job: Job
    closed_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One prompt with both answers and the drawn side of the tuned one; never leaves the server before closing."""

    id: str
    study_id: str
    position: int
    row_number: int
    prompt: tuple[Message, ...]
    reference: str
    base_answer: str
    tuned_answer: str
    tuned_side: Side


@dataclass(frozen=True, slots=True)
class Card:
    """All that a rater may see of an item: an opaque id, the question, the prompt, two texts and the way through."""

    item_id: str
    question: str
    prompt: tuple[Message, ...]
    left: str
    right: str
    position: int
    total: int
    rated: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class Rating:
    """One judgement of one item by one rater."""

    item_id: str
    study_id: str
    rater: str
    choice: Choice
    at: datetime
    seconds: float | None = None
    comment: str = ""
