"""Study: a frozen blind comparison, its prompts, answers, cards and ratings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from studio.domain.job import Job
from studio.domain.protocol import Protocol, Source
from studio.domain.row import Message, records_of

TUNED = "tuned"  # the contestant that every opponent is compared with
STUDY = "study"  # the set of the prompts that people judge; the others are shipped with the studio


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Choice(StrEnum):
    """What a rater says of two answers."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    SKIP = "skip"


class Guessed(StrEnum):
    """What a rater answers to “Which side do you think was the new model?”"""

    LEFT = "left"
    RIGHT = "right"
    UNSURE = "unsure"


class Criterion(StrEnum):
    """What a rater may give marks for, to each side apart."""

    ACCURACY = "accuracy"
    TONE = "tone"
    FORMAT = "format"


class StudyState(StrEnum):
    WRITING = "writing"
    OPEN = "open"
    CLOSED = "closed"
    FAILED = "failed"


class LinkKind(StrEnum):
    """What a link gives a right to: to join as a rater, to go on as one, or to read the verdict."""

    INVITATION = "invitation"
    RATER = "rater"
    VERDICT = "verdict"


@dataclass(frozen=True, slots=True)
class Study:
    """A comparison frozen before the first rating; `fingerprint` is that of its protocol, `seed` deals its cards."""

    id: str
    name: str
    run_id: str
    checkpoint_step: int
    protocol: Protocol
    fingerprint: str
    seed: int
    state: StudyState
    created_at: datetime
    job: Job
    closed_at: datetime | None = None
    note: str = ""

    @property
    def contestants(self) -> tuple[str, ...]:
        return (TUNED, *(opponent.rival.value for opponent in self.protocol.opponents))


@dataclass(frozen=True, slots=True)
class Ask:
    """One prompt of a study by its fingerprint; `row_number` is that of its sealed row, None for somebody's own."""

    key: str
    position: int
    prompt: tuple[Message, ...]
    reference: str = ""
    tools: str = ""
    row_number: int | None = None

    @property
    def source(self) -> Source:
        return Source.OWN if self.row_number is None else Source.SEALED

    @property
    def question(self) -> str:
        """The last thing that the user says."""
        return next((m.content for m in reversed(self.prompt) if m.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one contestant said to one prompt of one set, and the proof of who said it.

    `is_cut` where it ran into the limit of new tokens; `identity` has the model, the adapter's hash, and whether it
    was on.
    """

    key: str
    contestant: str
    text: str
    tokens: int = 0
    is_cut: bool = False
    set: str = STUDY
    identity: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Card:
    """All that a rater may see of a card: an opaque id, the question, the prompt, two texts and the way through.

    `position` to `seconds_left` are this rater's own, of at most `total`; `together` of the `needed` judgements have
    been given by everybody.
    """

    id: str
    question: str
    prompt: tuple[Message, ...]
    left: str
    right: str
    position: int
    total: int
    rated: int
    seconds_left: float | None
    rubric: str = ""
    together: int = 0
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """What comes next for a rater: a card to judge, the question which side of `asked_about` they suspect, or neither.

    `asked_about` is the card that they have just judged. Without either, `is_waiting` says that more may come, once
    what others hold is judged or given back. `last` is the card that they judged last, which they may take back.
    `rated` and `total` are their own, `together` and `needed` everybody's, as on a card.
    """

    card: Card | None = None
    asked_about: str = ""
    is_waiting: bool = False
    rated: int = 0
    total: int = 0
    last: str = ""
    together: int = 0
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Rating:
    """One judgement of one card by the rater who holds it.

    `marks` are 1 to 5 by side and criterion, such as {"left": {"tone": 4}}; a criterion without a mark is left out.
    """

    card_id: str
    study_id: str
    rater: str
    choice: Choice
    at: datetime
    seconds: float | None = None
    comment: str = ""
    marks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PastRating:
    """A rating that no longer counts, since when, and whether its rater replaced it or took it back."""

    rating: Rating
    left_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Which side a rater took for the new model, on the card that they had just judged."""

    card_id: str
    rater: str
    guessed: Guessed
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """An address with rights of its own to one study; without rights once revoked. A rater is known by their link."""

    id: str
    study_id: str
    kind: LinkKind
    token: str
    label: str
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def is_revoked(self) -> bool:
        return self.revoked_at is not None


def references_fingerprint(asks: Sequence[Ask]) -> str:
    """SHA-256 of the reference answers of all prompts that have one, each by its prompt; "" without any."""
    told = sorted([ask.key, ask.reference] for ask in asks if ask.row_number is not None)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest() if told else ""


def prompt_key(messages: Sequence[Message], tools: str = "") -> str:
    """The fingerprint of a prompt: SHA-256 of its turns and tools, shortened to 32 hexadecimal digits."""
    told = json.dumps([records_of(messages), tools], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()[:32]
