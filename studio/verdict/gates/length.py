"""Length: whether answers are neither too short nor too long, by fixed bounds or beside their reference."""

from collections.abc import Sequence
from statistics import median

from studio.domain.gate import Length
from studio.domain.gate_result import Answered, GateResult, Mark, Table, Unjudged
from studio.verdict.gates.results import pairs_of, passing

NO_REFERENCE = "This prompt has no reference answer to compare its length with."


def judge(gate: Length, answers: Sequence[Answered]) -> GateResult:
    """How many answers of each side are as long as asked for."""
    needs_reference = gate.times_reference is not None
    unjudged = [
        Unjudged(each.prompt_id, NO_REFERENCE) for each in answers if needs_reference and not size(gate, each.reference)
    ]
    out = {each.prompt_id for each in unjudged}
    usable = [each for each in answers if each.prompt_id not in out]
    pairs = pairs_of(usable, lambda text, reference: mark(gate, text, reference))
    return passing(gate, pairs, unjudged=unjudged, tables=[typical(gate, usable)] if usable else [])


def mark(gate: Length, answer: str, reference: str) -> Mark:
    """Whether one answer is as long as asked for."""
    low, high = bounds(gate, reference)
    long = size(gate, answer)
    if long < low:
        return Mark(0.0, "too short", f"{long} {gate.unit}; at least {low:g} are asked for.")
    if long > high:
        return Mark(0.0, "too long", f"{long} {gate.unit}; at most {high:g} are asked for.")
    return Mark(1.0, "fits", f"{long} {gate.unit}.")


def bounds(gate: Length, reference: str) -> tuple[float, float]:
    """The shortest and the longest that one answer may be."""
    low, high = float(gate.shortest or 0), float("inf") if gate.longest is None else float(gate.longest)
    if gate.times_reference is not None:
        beside = size(gate, reference)
        low, high = max(low, beside / gate.times_reference), min(high, beside * gate.times_reference)
    return low, high


def size(gate: Length, text: str) -> int:
    return len(text.split()) if gate.unit == "words" else len(text.strip())


def typical(gate: Length, answers: Sequence[Answered]) -> Table:
    """The middle length of the references and of both sides."""
    sides = {
        "reference": [each.reference for each in answers],
        "base": [each.base for each in answers],
        "tuned": [each.tuned for each in answers],
    }
    middles = [f"{median([size(gate, text or '') for text in texts]):g}" for texts in sides.values()]
    return Table(f"Middle length in {gate.unit}", tuple(sides), (tuple(middles),))
