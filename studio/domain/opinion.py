"""Opinion: what a model says of two answers, as advice beside the people's verdict; it never turns it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from studio.domain.row import Message, messages_from, records_of


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is graded 1 to 5; `levels` say what each grade means, from 1 on."""

    name: str
    title: str
    levels: tuple[str, str, str, str, str]


RUBRIC = (
    Criterion(
        "accuracy",
        "Accuracy",
        (
            "wrong or invented throughout",
            "mostly wrong, or the one thing that was asked is wrong",
            "partly right, with an error that matters",
            "right, with a small slip or omission",
            "right and complete",
        ),
    ),
    Criterion(
        "tone",
        "Tone",
        (
            "offensive, or plainly out of place",
            "off-putting: too harsh, too familiar or too stiff for this request",
            "acceptable, but not how one would say it here",
            "fitting, with a word or two that jars",
            "exactly how one would say it here",
        ),
    ),
    Criterion(
        "format",
        "Format",
        (
            "unusable: another shape than was asked for, cut off, or garbled",
            "the shape is there in part and has to be redone by hand",
            "usable after some mending",
            "as asked, with a small flaw",
            "exactly the shape that was asked for, or plainly readable where none was",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class TwoAnswers:
    """One prompt with two answers, which a judge sees in both orders; whose they are is not known here."""

    pair: str
    prompt: tuple[Message, ...]
    first: str
    second: str
    reference: tuple[Message, ...] = ()


def two_answers_record(pair: TwoAnswers) -> dict[str, Any]:
    """As one line of pairs.jsonl."""
    reference = records_of(pair.reference) if pair.reference else None
    return {
        "pair": pair.pair, "prompt": records_of(pair.prompt), "reference": reference,
        "first": pair.first, "second": pair.second,
    }  # fmt: skip


def two_answers_from(record: Mapping[str, Any]) -> TwoAnswers:
    return TwoAnswers(
        pair=record["pair"],
        prompt=messages_from(record["prompt"]),
        first=record["first"],
        second=record["second"],
        reference=messages_from(record.get("reference") or ()),
    )


class Order(StrEnum):
    """How the two answers of a pair stand before the judge."""

    GIVEN = "given"
    SWAPPED = "swapped"


Said = Literal["first", "second", "tie", "both_bad"]
SAYINGS: tuple[Said, ...] = ("first", "second", "tie", "both_bad")


class Failure(StrEnum):
    """Why a judge's reply is no opinion; each is counted and shown."""

    UNREACHED = "unreached"
    REFUSED = "refused"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    CUT_OFF = "cut_off"
    NOT_JSON = "not_json"
    NO_REASON = "no_reason"
    REASON_LATE = "reason_late"
    NO_SCORES = "no_scores"
    NO_CHOICE = "no_choice"

    @property
    def words(self) -> str:
        return FAILURE_WORDS[self]


FAILURE_WORDS = {
    Failure.UNREACHED: "no reply came, however often it was asked",
    Failure.REFUSED: "the endpoint refused to judge this pair",
    Failure.TOO_LONG: "the pair is longer than the judge can read",
    Failure.EMPTY: "the reply was empty",
    Failure.CUT_OFF: "the reply was cut off before its end",
    Failure.NOT_JSON: "the reply was not the one JSON object that was asked for",
    Failure.NO_REASON: "the reply gave no reason",
    Failure.REASON_LATE: "the reply chose before it gave a reason",
    Failure.NO_SCORES: "a grade was missing, or not a whole number from 1 to 5",
    Failure.NO_CHOICE: "the reply chose nothing, or something that was not offered",
}


@dataclass(frozen=True, slots=True)
class Scores:
    """Grades of one answer, 1 to 5, by the rubric's names."""

    accuracy: int
    tone: int
    format: int


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply about one pair in one order, told of the pair's own first and second; parsed, or failed with why.

    `raw` is the reply as it came; `detail` what the endpoint said where it refused.
    """

    pair: str
    order: Order
    raw: str
    said: Said | None = None
    first: Scores | None = None
    second: Scores | None = None
    reason: str = ""
    failure: Failure | None = None
    detail: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True, slots=True)
class Opinion:
    """Both replies about one pair; one that is still missing is None."""

    pair: str
    given: Reply | None
    swapped: Reply | None

    @property
    def replies(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in (self.given, self.swapped) if reply is not None)

    @property
    def is_whole(self) -> bool:
        """Whether both replies could be read."""
        return len(self.replies) == 2 and all(reply.failure is None for reply in self.replies)

    @property
    def is_consistent(self) -> bool:
        """Whether it said the same in both orders."""
        return self.is_whole and len({reply.said for reply in self.replies}) == 1

    @property
    def said(self) -> Said | None:
        """What counts: the same in both orders, else no preference; None where a reply is missing or failed."""
        if not self.is_whole:
            return None
        return self.replies[0].said if self.is_consistent else "tie"


@dataclass(frozen=True, slots=True)
class Graded:
    """One criterion over all pairs: how often each grade was given, 1 to 5, and the means.

    `low` to `high` holds the true difference of the means (fine-tuned minus the other) in 95 of 100 cases.
    """

    criterion: str
    title: str
    tuned: tuple[int, ...]
    other: tuple[int, ...]
    tuned_mean: float
    other_mean: float
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class OpinionTally:
    """What became of every pair: each of `pairs` is in one of the counts, and failures are never left out.

    `disagreed` are the ties in which it said otherwise in the other order. `waiting` were not asked in both orders yet.
    """

    pairs: int
    tuned: int
    other: int
    tie: int
    both_bad: int
    failed: int
    waiting: int
    disagreed: int
    replies: int
    failed_replies: int
    failures: tuple[tuple[Failure, int], ...]
    sides: tuple[int, int]
    tokens_in: int
    tokens_out: int

    @property
    def whole(self) -> int:
        """Pairs with both replies read."""
        return self.tuned + self.other + self.tie + self.both_bad

    @property
    def consistency(self) -> float | None:
        """Share of those in which the order of the answers changed nothing; None before the first."""
        return 1 - self.disagreed / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Alike:
    """How far the judge says what people said, and beside it how far people say what other people said.

    `prompts` both judged, on `same` of them alike; `people` and `people_same` are of those that two people rated.
    """

    prompts: int
    same: int
    alpha: float | None
    people: int
    people_same: int
    people_alpha: float | None

    @property
    def share(self) -> float | None:
        return self.same / self.prompts if self.prompts else None

    @property
    def people_share(self) -> float | None:
        return self.people_same / self.people if self.people else None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What asking a judge would do, to be read before it is done; `cost` is about what and at most what it costs."""

    judge: str
    requests: int
    tokens_in: int
    tokens_out: int
    most_tokens_out: int
    leaves_to: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    cost: tuple[float, float] | None = None
