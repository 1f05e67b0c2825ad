"""Decide: ship, don't ship, or not yet, by a rule that was fixed before the first rating."""

from collections import Counter
from collections.abc import Sequence
from math import ceil
from statistics import median

from studio.domain.errors import StudyError
from studio.domain.verdict import HEADLINES, Evidence, Judged, Outcome, SideBias, Tally, Verdict
from studio.verdict.agreement import agreement
from studio.verdict.caveats import caveats
from studio.verdict.fixed import clopper_pearson, sign_test_p, trinomial_p, wilson
from studio.verdict.planning import more_ratings_needed, more_until_ruled_out
from studio.verdict.rule import DECISIONS, FEWEST_DECISIVE, Reason, has_too_many_bad, leads, reason
from studio.verdict.sequential import (
    always_valid_band,
    always_valid_p,
    e_better,
    e_worse,
    evidence_path,
    first_crossing,
)
from studio.verdict.wording import Standing, next_step, sentence, side_sentence

STEPS: dict[Outcome, int] = {"tuned": 1, "base": -1, "tie": 0, "both_bad": 0}


def decide(
    judged: Sequence[Judged],
    *,
    skipped: int = 0,
    planned: int,
    margin: float = 0.05,
    alpha: float = 0.05,
    opponent: str = "the base model",
) -> Verdict:
    """The verdict against one opponent from its ratings, in the order in which they were given.

    The unit is the prompt: its first rating counts, later ones serve agreement only. Ties and "both bad" place no bet.
    `skipped` counts prompts that were only ever skipped; with the rated ones they use up the `planned` prompts, but say
    nothing themselves.

    Ship: the evidence for better reached 1/alpha at some moment, the fine-tuned model wins .50 + `margin` of at least
    20 decisive prompts, and both answers were bad on at most one prompt in five. Don't ship: the evidence for worse
    reached 1/alpha, or the always-valid band lies below .50 + `margin`, or every planned prompt is judged and it is
    not shipped, nor would it be if every skipped one had gone to it. Otherwise not yet. A plan of fewer than 20
    prompts can end in don't ship by evidence, never in ship.

    "At some moment" is sound: under "no better" the chance that the evidence ever reaches 1/alpha is at most alpha
    (Ville), so ratings after the crossing cannot make the error likelier. The path depends on the order of ratings.
    """
    primary = first_ratings(judged)
    _check(rated=len(primary), skipped=skipped, planned=planned, margin=margin, alpha=alpha)
    tally = count(primary, skipped=skipped)
    evidence = _evidence(primary, tally, alpha=alpha)
    target = 0.5 + margin
    why = reason(tally, evidence, target=target, planned=planned, alpha=alpha)
    more = _more_needed(tally, target=target, alpha=alpha) if why is Reason.STILL_OPEN else None
    standing = Standing(
        reason=why,
        tally=tally,
        evidence=evidence,
        side_bias=side_bias(judged),
        raters=len({rating.rater for rating in primary}),
        planned=planned,
        target=target,
        alpha=alpha,
        more_needed=more,
        minutes_needed=_minutes(judged, tally, more),
        length_ratio=_length_ratio(primary),
        agreement=agreement(judged),
        usual_seconds=_usual_seconds(judged),
        opponent=opponent,
    )
    return Verdict(
        decision=DECISIONS[why],
        headline=HEADLINES[DECISIONS[why]],
        sentence=sentence(standing),
        next_step=next_step(standing),
        tally=tally,
        evidence=evidence,
        side_bias=standing.side_bias,
        length_ratio=standing.length_ratio,
        more_needed=more,
        caveats=caveats(standing),
        raters=standing.raters,
        prompts=tally.rated,
        minutes_needed=standing.minutes_needed,
        agreement=standing.agreement,
    )


def first_ratings(judged: Sequence[Judged]) -> tuple[Judged, ...]:
    """The rating that counts for each prompt: the first one given."""
    first: dict[str, Judged] = {}
    for rating in judged:
        first.setdefault(rating.prompt_id, rating)
    return tuple(first.values())


def count(primary: Sequence[Judged], *, skipped: int = 0) -> Tally:
    """How the prompts ended."""
    counts = Counter(rating.outcome for rating in primary)
    return Tally(counts["tuned"], counts["base"], counts["tie"], counts["both_bad"], skipped)


def side_bias(judged: Sequence[Judged]) -> SideBias:
    """Whether raters leaned to one side, over all ratings with a preference, second ratings included."""
    picks = [(rating.outcome == "tuned") == (rating.tuned_side == "left") for rating in judged if STEPS[rating.outcome]]
    left, right = picks.count(True), picks.count(False)
    p = sign_test_p(left, right)
    return SideBias(left=left, right=right, p=p, sentence=side_sentence(left, right, p))


def _check(*, rated: int, skipped: int, planned: int, margin: float, alpha: float) -> None:
    if planned < 1 or skipped < 0 or not 0 <= margin < 0.5 or not 0 < alpha < 1:
        raise StudyError(
            "The rule of this study makes no sense.",
            fix="Plan at least one prompt, a margin from 0 to below 0.5 and an alpha between 0 and 1.",
        )
    if rated > planned:
        raise StudyError(
            f"{rated} prompts are rated, but the study planned {planned}.",
            fix="Judge the ratings of one study by the plan of that study.",
        )


def _evidence(primary: Sequence[Judged], tally: Tally, *, alpha: float) -> Evidence:
    steps = [STEPS[rating.outcome] for rating in primary]
    better = evidence_path(steps)
    worse = evidence_path([-step for step in steps])
    return Evidence(
        e_better=e_better(tally.tuned, tally.base),
        e_worse=e_worse(tally.tuned, tally.base),
        band=always_valid_band(tally.tuned, tally.base, level=1 - alpha),
        wilson=wilson(tally.tuned, tally.decisive),
        exact=clopper_pearson(tally.tuned, tally.decisive),
        sign_test_p=sign_test_p(tally.tuned, tally.base),
        trinomial_p=trinomial_p(tally.tuned, tally.base, tally.equal),
        always_valid_p=always_valid_p(better),
        better_at=first_crossing(better, alpha=alpha),
        worse_at=first_crossing(worse, alpha=alpha),
    )


def _more_needed(tally: Tally, *, target: float, alpha: float) -> int | None:
    """About how many more decisive ratings settle it, in the direction in which the ratings point so far."""
    if not leads(tally, target):
        return more_until_ruled_out(tally.tuned, tally.base, target=target, alpha=alpha)
    more = more_ratings_needed(tally.tuned, tally.base, alpha=alpha)
    return None if more is None or has_too_many_bad(tally) else max(more, FEWEST_DECISIVE - tally.decisive)


def _usual_seconds(judged: Sequence[Judged]) -> float | None:
    seconds = [rating.seconds for rating in judged if rating.seconds is not None]
    return median(seconds) if seconds else None


def _minutes(judged: Sequence[Judged], tally: Tally, more: int | None) -> int | None:
    """Rating time of `more` decisive ratings at the usual pace and the usual share of ties."""
    seconds = _usual_seconds(judged)
    if more is None or seconds is None:
        return None
    return ceil(seconds * more * tally.rated / tally.decisive / 60)


def _length_ratio(primary: Sequence[Judged]) -> float | None:
    ratios = [r.tuned_chars / r.base_chars for r in primary if r.tuned_chars and r.base_chars]
    return median(ratios) if ratios else None
