"""Marks: what a rater gives each side for each criterion, 1 to 5."""

from collections.abc import Mapping

from studio.domain.errors import StudyError
from studio.domain.study import Criterion, Side

Marks = Mapping[str, Mapping[str, int]]


def checked(marks: Marks) -> Marks:
    """The marks without sides that got none; StudyError where one is no mark."""
    for side, given in marks.items():
        if side not in set(Side) or not all(_is_mark(criterion, mark) for criterion, mark in given.items()):
            raise StudyError(
                "This is no mark.", fix="Give 1 to 5 for accuracy, tone or format of the left or the right answer."
            )
    return {side: dict(given) for side, given in marks.items() if given}


def _is_mark(criterion: str, mark: object) -> bool:
    return criterion in set(Criterion) and type(mark) is int and 1 <= mark <= 5
