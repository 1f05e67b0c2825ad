"""Exact: whether an answer is the reference answer, after a normalisation that is stated.

Always: composed characters (NFC), line ends, and blanks around lines and around the whole. By choice: capitals,
punctuation at the edges of words, or equality as JSON values.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from studio.domain.gate import ExactMatch
from studio.domain.gate_result import Answered, GateResult, Mark, Unjudged
from studio.verdict.gates.results import pairs_of, passing
from studio.verdict.gates.structured import NotJson, parsed

_EDGES = re.compile(r"(?<!\w)[^\w\s]+|[^\w\s]+(?!\w)")


def judge(gate: ExactMatch, answers: Sequence[Answered]) -> GateResult:
    """How many answers of each side equal their reference."""
    unjudged = [found for each in answers if (found := _unusable(gate, each))]
    out = {each.prompt_id for each in unjudged}
    usable = [each for each in answers if each.prompt_id not in out]
    return passing(gate, pairs_of(usable, lambda text, reference: mark(gate, text, reference)), unjudged=unjudged)


def mark(gate: ExactMatch, answer: str, reference: str) -> Mark:
    """Whether one answer equals its reference."""
    if gate.as_json:
        try:
            equal = same_json(parsed(answer), parsed(reference))
        except NotJson as error:
            return Mark(0.0, "not JSON", str(error))
    else:
        equal = normalised(gate, answer) == normalised(gate, reference)
    return Mark(1.0, "equal") if equal else Mark(0.0, "different")


def normalised(gate: ExactMatch, text: str) -> str:
    """A text as it is compared."""
    text = unicodedata.normalize("NFC", text)
    if gate.ignore_case:
        text = text.casefold()
    if gate.ignore_punctuation:
        text = " ".join(_EDGES.sub(" ", text).split())
    return "\n".join(line.strip() for line in text.strip().splitlines())


def same_json(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 and 1.0 are the same number, 1 and true are not the same value."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return one == other


def _unusable(gate: ExactMatch, each: Answered) -> Unjudged | None:
    if not each.reference.strip():
        return Unjudged(each.prompt_id, "This prompt has no reference answer to compare with.")
    if gate.as_json:
        try:
            parsed(each.reference)
        except NotJson as error:
            return Unjudged(each.prompt_id, f"The reference answer is not JSON: {error}")
    return None
