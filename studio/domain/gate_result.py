"""Gate result: what a gate found for each prompt and over all of them, base against fine-tuned."""

from dataclasses import dataclass
from typing import Literal

from studio.domain.light import Light
from studio.domain.verdict import Interval

Change = Literal["better", "worse", "same"]


@dataclass(frozen=True, slots=True)
class Answered:
    """One prompt with both answers; None is an answer that was never given, which fails every gate."""

    prompt_id: str
    reference: str
    base: str | None
    tuned: str | None


@dataclass(frozen=True, slots=True)
class Timing:
    """How long one answer took, from the request to its last token, and how many tokens it had."""

    seconds: float
    tokens: int


@dataclass(frozen=True, slots=True)
class Timed:
    prompt_id: str
    base: Timing
    tuned: Timing


@dataclass(frozen=True, slots=True)
class Scored:
    """What the `tokens` of one held-out answer cost each model: summed negative log-likelihoods in nats."""

    prompt_id: str
    tokens: int
    base_nll: float
    tuned_nll: float


@dataclass(frozen=True, slots=True)
class Mark:
    """What a gate says of one answer: its score (1 and 0 for passed and failed), its class, and why."""

    score: float
    found: str
    note: str = ""

    @property
    def is_passed(self) -> bool:
        return self.score == 1.0


@dataclass(frozen=True, slots=True)
class Pair:
    """One prompt as a gate sees it."""

    prompt_id: str
    base: Mark
    tuned: Mark
    change: Change


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A prompt that a gate could not judge, and why; it counts for neither side."""

    prompt_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Class:
    """How many answers of each side a gate put into one class."""

    name: str
    base: int
    tuned: int


@dataclass(frozen=True, slots=True)
class Table:
    """Figures to read beside the light."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Base, tuned and what lies between them, with its paired interval.

    `unit` is "share" (0 to 1, tuned - base), "points" (tuned - base) or "times" (tuned / base). `source` is where the
    interval comes from; `p` is the exact McNemar test where each answer passes or fails.
    """

    base: float
    tuned: float
    value: float
    interval: Interval
    unit: Literal["share", "points", "times"]
    source: str
    p: float | None = None


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate's light, the sentence that says why, and everything to check it by.

    `difference` is None where there was nothing to compare.
    """

    kind: str
    title: str
    light: Light
    sentence: str
    is_required: bool
    difference: Difference | None
    better: int
    worse: int
    same: int
    pairs: tuple[Pair, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    classes: tuple[Class, ...] = ()
    tables: tuple[Table, ...] = ()
    note: str = ""

    @property
    def prompts(self) -> int:
        return self.better + self.worse + self.same

    @property
    def holds_back(self) -> bool:
        """Whether this keeps the model from shipping."""
        return self.is_required and self.light is not Light.GREEN
