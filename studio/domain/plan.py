"""Plan: what a recipe means on this hardware, with a reason for each value."""

from dataclasses import dataclass
from enum import StrEnum


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
class Plan:
    """Steps are optimiser steps; time in seconds with a range that is honest about not having been measured.

    `test_rows` are sealed for the verdict: the run never sees them.
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
    test_rows: int = 0

    @property
    def memory_needed(self) -> int:
        return sum(part.bytes for part in self.memory)
