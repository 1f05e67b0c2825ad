"""Closing: what is told of a closed study beside its verdict; right for one look, at the end."""

from dataclasses import dataclass
from enum import StrEnum

from studio.domain.verdict import Interval, Tally


class Guess(StrEnum):
    """What a rater answers to “Which side do you think was the new model?”, once the side is lifted."""

    CORRECT = "correct"
    MISTAKEN = "mistaken"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Blinding:
    """Bang's index of the guesses: 1 all correct, 0 as many correct as mistaken, -1 all mistaken; None without any.

    `held` is None where the guesses are too few to tell.
    """

    correct: int
    mistaken: int
    unsure: int
    index: float | None
    interval: Interval | None
    held: bool | None
    sentence: str

    @property
    def guesses(self) -> int:
        return self.correct + self.mistaken + self.unsure


@dataclass(frozen=True, slots=True)
class IdenticalPairs:
    """What was said of pairs that showed one answer on both sides; any preference there is noise."""

    left: int
    right: int
    equal: int
    sentence: str

    @property
    def shown(self) -> int:
        return self.left + self.right + self.equal


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The mean score (a tie is one half) as it was, and as it would be at equal length and with neutral sides."""

    raw: float
    share: float
    interval: Interval
    differs: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What one rater gave both answers to a prompt for one criterion, 1 to 5."""

    prompt_id: str
    criterion: str
    tuned: int
    other: int


@dataclass(frozen=True, slots=True)
class Marked:
    """The mean marks of both models for one criterion, over prompts of which both answers were marked.

    `interval` is that of the difference; None with fewer than ten prompts or where all differ alike.
    """

    criterion: str
    prompts: int
    tuned: float
    other: float
    interval: Interval | None


class Standing(StrEnum):
    """How the fine-tuned model does on one topic or label."""

    WORSE = "worse"
    PERHAPS_WORSE = "perhaps_worse"
    NOT_WORSE = "not_worse"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True)
class Place:
    """One topic or label; `evidence` is that for worse, and `sentence` claims no more than it bears."""

    label: str
    tally: Tally
    evidence: float
    standing: Standing
    sentence: str


@dataclass(frozen=True, slots=True)
class Details:
    """Figures of the end against one opponent, for whoever wants to check them.

    `score` is the mean over prompts (a preference counts 1 or 0, equal ½, several ratings of a prompt their mean);
    `interval` its BCa bootstrap over prompts, `error` its standard error clustered by prompt, from all ratings.
    """

    score: float | None
    interval: Interval | None
    error: float | None
    adjusted: Adjusted | None
