"""Light: what one gate says of a model: green, amber or red, and why in one sentence."""

from dataclasses import dataclass
from enum import StrEnum


class Colour(StrEnum):
    """Green passes, amber passes with a warning that the verdict repeats, red keeps a model from shipping."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Light:
    """One gate's answer; `gate` is its name in the protocol, and the sentence says the figures, cause and next step.

    A gate of the protocol that was not measured has no light at all: nothing ships until it has one.
    """

    gate: str
    colour: Colour
    sentence: str
