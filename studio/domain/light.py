"""Light: green, amber or red, and what the decision needs to know of whatever shows one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Light(StrEnum):
    """Green: shown to hold. Red: shown to be broken. Amber: neither is shown."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Lit(Protocol):
    """What shows a light: the result of a gate, or of the blind; `is_required` where only green lets a model ship."""

    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def light(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def is_required(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sign:
    """The smallest thing that shows a light."""

    kind: str
    title: str
    light: Light
    sentence: str
    is_required: bool = True
