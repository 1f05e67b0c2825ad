"""Plan: what a recipe means on this hardware, with a reason for each value."""

from dataclasses import dataclass
from enum import StrEnum

from studio.domain.recipe import Recipe


class Light(StrEnum):
    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the memory bar, in bytes."""

    title: str
    bytes: int
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One derived value and the reason for it."""

    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Way:
    """How a recipe is carried out here; none of it changes what is learned.

    `packed` lays the rows of a part end to end instead of padding them. `recomputed` is how many layers are computed
    twice where the recipe asks for recomputing; None for all of them.
    """

    packed: bool = False
    recomputed: int | None = None


PADDED = Way()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the formulas alone say: bytes, and real tokens per second of training steps; zero in older plans."""

    memory: int = 0
    rate: float = 0.0


UNKNOWN = Estimate()


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a run or a trial of two steps took of this machine, beside what the formulas had said of it."""

    estimate: Estimate
    memory: int
    rate: float
    recipe: Recipe
    words: str

    @property
    def memory_factor(self) -> float:
        return self.memory / self.estimate.memory

    @property
    def time_factor(self) -> float:
        return self.estimate.rate / self.rate


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps are optimiser steps; time in seconds with a range that is honest about not having been measured.

    `rows_read` counts a row each time that it is read; zero in older plans. `test_rows` are sealed for the verdict: the
    run never sees them; of plain text (`is_text`) there is none. `rests_on` says where memory and time come from.
    """

    light: Light
    sentence: str
    device: str
    train_rows: int
    validation_rows: int
    steps: int
    steps_per_epoch: int
    accumulation: int
    tokens: int
    seconds_low: float
    seconds_high: float
    memory: tuple[Part, ...]
    memory_free: int
    choices: tuple[Choice, ...]
    rows_read: int = 0
    test_rows: int = 0
    way: Way = PADDED
    estimate: Estimate = UNKNOWN
    rests_on: str = ""
    is_text: bool = False

    @property
    def memory_needed(self) -> int:
        return sum(part.bytes for part in self.memory)
