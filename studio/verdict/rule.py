"""Rule: what has to hold before a model is shipped, fixed before the first rating.

`reason` decides against one opponent; `obstacles` decides over all of them and the gates.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from studio.domain.light import Light, Lit
from studio.domain.verdict import Decision, Evidence, Tally
from studio.verdict.sequential import e_better

FEWEST_DECISIVE = 20
MOST_BOTH_BAD = 0.20
ROUNDING = 1e-9  # .50 + .05 is not exact in binary, and 11 of 20 does win .55


class Reason(StrEnum):
    """The line of the rule that decided."""

    CLEARLY_BETTER = "clearly_better"
    CLEARLY_WORSE = "clearly_worse"
    LEAD_RULED_OUT = "lead_ruled_out"
    ALL_JUDGED = "all_judged"
    SKIPPED = "skipped"
    TOO_FEW_PLANNED = "too_few_planned"
    STILL_OPEN = "still_open"


DECISIONS = {
    Reason.CLEARLY_BETTER: Decision.SHIP,
    Reason.CLEARLY_WORSE: Decision.DONT_SHIP,
    Reason.LEAD_RULED_OUT: Decision.DONT_SHIP,
    Reason.ALL_JUDGED: Decision.DONT_SHIP,
    Reason.SKIPPED: Decision.NOT_YET,
    Reason.TOO_FEW_PLANNED: Decision.NOT_YET,
    Reason.STILL_OPEN: Decision.NOT_YET,
}


def reason(tally: Tally, evidence: Evidence, *, target: float, planned: int, alpha: float) -> Reason:
    """The first line that applies; evidence against the fine-tuned model comes before all else.

    A skip says nothing: the plan has run out only where no answer to the skipped prompts could have shipped the model.
    """
    if evidence.worse_at is not None:
        return Reason.CLEARLY_WORSE
    if evidence.band.high < target:
        return Reason.LEAD_RULED_OUT
    if evidence.better_at is not None and _is_enough(tally, target):
        return Reason.CLEARLY_BETTER
    if planned < FEWEST_DECISIVE:
        return Reason.TOO_FEW_PLANNED
    if tally.rated + tally.skipped < planned:
        return Reason.STILL_OPEN
    return Reason.SKIPPED if _could_still_ship(tally, evidence, target=target, alpha=alpha) else Reason.ALL_JUDGED


def _is_enough(tally: Tally, target: float) -> bool:
    return tally.decisive >= FEWEST_DECISIVE and leads(tally, target) and not has_too_many_bad(tally)


def _could_still_ship(tally: Tally, evidence: Evidence, *, target: float, alpha: float) -> bool:
    """Whether the model would ship if every skipped prompt had gone to it; always so where nothing was judged."""
    best = replace(tally, tuned=tally.tuned + tally.skipped, skipped=0)
    reaches = evidence.better_at is not None or e_better(best.tuned, best.base) >= 1 / alpha
    return tally.skipped > 0 and (tally.rated == 0 or (reaches and _is_enough(best, target)))


def leads(tally: Tally, target: float) -> bool:
    """Whether the fine-tuned model wins at least the target share of the decisive ratings."""
    return tally.decisive > 0 and tally.tuned >= target * tally.decisive - ROUNDING


def has_too_many_bad(tally: Tally) -> bool:
    """Whether both answers were bad on more than one prompt in five."""
    return tally.both_bad > MOST_BOTH_BAD * tally.rated + ROUNDING


class Obstacle(StrEnum):
    """What keeps a model from shipping; without any, it ships."""

    NOT_BETTER = "not_better"
    GATE_RED = "gate_red"
    NO_OPPONENT = "no_opponent"
    STILL_OPEN = "still_open"
    GATE_AMBER = "gate_amber"
    GATE_MISSING = "gate_missing"


FINAL = (Obstacle.NOT_BETTER, Obstacle.GATE_RED)


def obstacles(
    contests: Sequence[Decision], lights: Sequence[Lit], *, gates: Sequence[str] = ()
) -> tuple[Obstacle, ...]:
    """Everything that stands in the way, given the decision against each opponent and what the gates show.

    The fine-tuned model has to be clearly better than every opponent: each contest may be wrong with its alpha, and a
    false "ship" needs all of them to be won, so alpha holds for the whole without dividing it (intersection-union).
    Every required gate has to be green; `gates` are the kinds that the protocol requires, and each needs its light.
    """
    required = {light.light for light in lights if light.is_required}
    found = {
        Obstacle.NOT_BETTER: Decision.DONT_SHIP in contests,
        Obstacle.GATE_RED: Light.RED in required,
        Obstacle.NO_OPPONENT: not contests,
        Obstacle.STILL_OPEN: Decision.NOT_YET in contests,
        Obstacle.GATE_AMBER: Light.AMBER in required,
        Obstacle.GATE_MISSING: bool(missing_gates(lights, gates)),
    }
    return tuple(obstacle for obstacle, stands in found.items() if stands)


def decision_of(found: Sequence[Obstacle]) -> Decision:
    """Ship without an obstacle; don't ship with one that no more ratings remove; otherwise not yet."""
    if any(obstacle in FINAL for obstacle in found):
        return Decision.DONT_SHIP
    return Decision.NOT_YET if found else Decision.SHIP


def missing_gates(lights: Sequence[Lit], gates: Sequence[str]) -> tuple[str, ...]:
    """The kinds that the protocol requires and no light was measured for; a kind named twice needs two."""
    return tuple((Counter(gates) - Counter(light.kind for light in lights if light.is_required)).elements())
