"""Case: one hostile thing from outside that is no file of rows: what it is, and what has to become of it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from tests.data.hostile.case import Verdict

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(Generic[Made]):
    """`made` is what comes, or what makes it; `says` is a pattern found in the refusal of what is not accepted."""

    number: str
    about: str
    made: Made
    verdict: Verdict
    says: str = ""

    @property
    def id(self) -> str:
        return f"{self.number} {self.about}"


def accept(number: str, about: str, made: Made) -> Case[Made]:
    return Case(number=number, about=about, made=made, verdict=Verdict.ACCEPT)


def refuse(number: str, about: str, made: Made, says: str) -> Case[Made]:
    return Case(number=number, about=about, made=made, verdict=Verdict.REJECT, says=says)
