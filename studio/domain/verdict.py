"""Verdict: the decision of a study and the evidence it rests on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from studio.domain.study import Side

Outcome = Literal["tuned", "base", "tie", "both_bad"]


class Decision(StrEnum):
    SHIP = "ship"
    DONT_SHIP = "dont_ship"
    NOT_YET = "not_yet"


HEADLINES = {
    Decision.SHIP: "Ship it.",
    Decision.DONT_SHIP: "Don't ship it.",
    Decision.NOT_YET: "Not yet.",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """One rating with the sides lifted, told from the fine-tuned model's side."""

    prompt_id: str
    rater: str
    outcome: Outcome
    tuned_side: Side | Literal["left", "right"]
    seconds: float | None = None
    tuned_chars: int = 0
    base_chars: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How the prompts ended, one rating each; `skipped` are prompts that nobody could judge."""

    tuned: int
    base: int
    tie: int
    both_bad: int
    skipped: int = 0

    @property
    def decisive(self) -> int:
        """Ratings with a preference."""
        return self.tuned + self.base

    @property
    def equal(self) -> int:
        """Ratings without a preference: equally good or equally bad."""
        return self.tie + self.both_bad

    @property
    def rated(self) -> int:
        return self.decisive + self.equal

    @property
    def tuned_share(self) -> float | None:
        """Share of the decisive ratings that preferred the fine-tuned model; None before the first."""
        return self.tuned / self.decisive if self.decisive else None


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Evidence:
    """The figures behind a verdict.

    The evidence values, `band` and `always_valid_p` hold however often somebody looked; the rest at one look only.
    `always_valid_p` speaks for "the fine-tuned model is preferred more often than not" and rests on the strongest
    moment of the path. `better_at` and `worse_at` are after how many rated prompts the evidence first sufficed.
    """

    e_better: float
    e_worse: float
    band: Interval
    wilson: Interval
    exact: Interval
    sign_test_p: float
    trinomial_p: float
    always_valid_p: float
    better_at: int | None = None
    worse_at: int | None = None


@dataclass(frozen=True, slots=True)
class SideBias:
    """How often raters with a preference chose each side; the sides were drawn, so half is expected."""

    left: int
    right: int
    p: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Prompts that more than one person rated, on how many all of them said the same, and Krippendorff's alpha."""

    prompts: int
    same: int
    alpha: float | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, why in plain words, and everything needed to check it.

    `length_ratio` is the median length of a fine-tuned answer over its base answer. `more_needed` is about how many
    more decisive ratings would settle it if the preference stays as it is; None where it is settled or unlikely to be.
    `minutes_needed` is the rating time that takes at the raters' own pace.
    """

    decision: Decision
    headline: str
    sentence: str
    next_step: str
    tally: Tally
    evidence: Evidence
    side_bias: SideBias
    length_ratio: float | None
    more_needed: int | None
    caveats: tuple[str, ...]
    raters: int
    prompts: int
    minutes_needed: int | None = None
    agreement: Agreement | None = None

    @property
    def is_clearly_worse(self) -> bool:
        """Whether the evidence ever sufficed against the fine-tuned model, which is more than not being better."""
        return self.evidence.worse_at is not None
