"""Rule: what has to hold before a model is shipped, fixed before the first rating."""

from enum import StrEnum

from studio.domain.verdict import Decision, Evidence, Tally

FEWEST_DECISIVE = 20
MOST_BOTH_BAD = 0.20
ROUNDING = 1e-9  # .50 + .05 is not exact in binary, and 11 of 20 does win .55


class Reason(StrEnum):
    """The line of the rule that decided."""

    CLEARLY_BETTER = "clearly_better"
    CLEARLY_WORSE = "clearly_worse"
    LEAD_RULED_OUT = "lead_ruled_out"
    ALL_JUDGED = "all_judged"
    TOO_FEW_PLANNED = "too_few_planned"
    STILL_OPEN = "still_open"


DECISIONS = {
    Reason.CLEARLY_BETTER: Decision.SHIP,
    Reason.CLEARLY_WORSE: Decision.DONT_SHIP,
    Reason.LEAD_RULED_OUT: Decision.DONT_SHIP,
    Reason.ALL_JUDGED: Decision.DONT_SHIP,
    Reason.TOO_FEW_PLANNED: Decision.NOT_YET,
    Reason.STILL_OPEN: Decision.NOT_YET,
}


def reason(tally: Tally, evidence: Evidence, *, target: float, planned: int) -> Reason:
    """The first line that applies; evidence against the fine-tuned model comes before all else."""
    if evidence.worse_at is not None:
        return Reason.CLEARLY_WORSE
    if evidence.band.high < target:
        return Reason.LEAD_RULED_OUT
    enough = tally.decisive >= FEWEST_DECISIVE and leads(tally, target) and not has_too_many_bad(tally)
    if evidence.better_at is not None and enough:
        return Reason.CLEARLY_BETTER
    if planned < FEWEST_DECISIVE:
        return Reason.TOO_FEW_PLANNED
    if tally.rated + tally.skipped >= planned:
        return Reason.ALL_JUDGED
    return Reason.STILL_OPEN


def leads(tally: Tally, target: float) -> bool:
    """Whether the fine-tuned model wins at least the target share of the decisive ratings."""
    return tally.decisive > 0 and tally.tuned >= target * tally.decisive - ROUNDING


def has_too_many_bad(tally: Tally) -> bool:
    """Whether both answers were bad on more than one prompt in five."""
    return tally.both_bad > MOST_BOTH_BAD * tally.rated + ROUNDING
