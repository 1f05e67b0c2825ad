"""Pattern: whether an answer matches a regular expression, with a time limit on every match."""

from collections.abc import Sequence
from typing import Any

import regex

from studio.domain.errors import StudyError
from studio.domain.gate import Pattern
from studio.domain.gate_result import Answered, GateResult, Mark
from studio.verdict.gates.results import pairs_of, passing

SECONDS = 0.1


def judge(gate: Pattern, answers: Sequence[Answered]) -> GateResult:
    """How many answers of each side match; StudyError where the pattern is none."""
    compiled = compile_pattern(gate)
    return passing(gate, pairs_of(answers, lambda text, _: mark(gate, compiled, text)))


def compile_pattern(gate: Pattern) -> Any:
    """The pattern, ready to be used; StudyError at the field where it is none."""
    try:
        return regex.compile(gate.pattern, regex.IGNORECASE if gate.ignore_case else 0)
    except regex.error as error:
        raise StudyError(
            f"Regular expression: {error}.",
            fix="Mend it; a backslash before a sign takes it literally.",
            field="pattern",
        ) from error


def mark(gate: Pattern, compiled: Any, answer: str) -> Mark:
    """Whether one answer matches; blanks around it do not matter when it must match as a whole."""
    try:
        found = (
            compiled.fullmatch(answer.strip(), timeout=SECONDS)
            if gate.whole
            else compiled.search(answer, timeout=SECONDS)
        )
    except TimeoutError:
        return Mark(0.0, "too slow", f"Matching took more than {SECONDS} seconds; simplify the pattern.")
    return Mark(1.0, "matches") if found else Mark(0.0, "does not match")
