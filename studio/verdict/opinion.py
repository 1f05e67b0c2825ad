"""Opinion: what follows from a judge's replies, and how far it says what people said; it never turns a verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from statistics import fmean

import numpy as np

from studio.domain.asking import as_given
from studio.domain.opinion import RUBRIC, Alike, Criterion, Graded, Opinion, OpinionTally, Order, Reply
from studio.domain.study import Side
from studio.domain.verdict import Judged, Outcome
from studio.verdict.agreement import agreement

JUDGE = "\0judge"  # no rater can have this name
ENOUGH_PAIRS = 10
RESAMPLES = 2000

Tuned = Mapping[str, str]  # by pair, which of its answers is the fine-tuned model's: "first" or "second"


def opinions(pairs: Sequence[str], replies: Sequence[Reply]) -> list[Opinion]:
    """One for each pair, in their order; of two replies to the same question the later one holds."""
    by_place = {(reply.pair, reply.order): reply for reply in replies}
    return [Opinion(pair, by_place.get((pair, Order.GIVEN)), by_place.get((pair, Order.SWAPPED))) for pair in pairs]


def tally(given: Sequence[Opinion], tuned: Tuned) -> OpinionTally:
    """Every pair in one count, and every failed reply by its reason."""
    ends = Counter(_outcome(each, tuned) or ("failed" if len(each.replies) == 2 else "waiting") for each in given)
    replies = [reply for each in given for reply in each.replies]
    failures = Counter(reply.failure for reply in replies if reply.failure)
    shown = Counter(as_given(reply.said, reply.order) for reply in replies if reply.said in ("first", "second"))
    return OpinionTally(
        pairs=len(given),
        tuned=ends["tuned"],
        other=ends["base"],
        tie=ends["tie"],
        both_bad=ends["both_bad"],
        failed=ends["failed"],
        waiting=ends["waiting"],
        disagreed=sum(each.is_whole and not each.is_consistent for each in given),
        replies=len(replies),
        failed_replies=sum(failures.values()),
        failures=tuple(sorted(failures.items(), key=lambda each: (-each[1], each[0]))),
        sides=(shown["first"], shown["second"]),
        tokens_in=sum(reply.tokens_in for reply in replies),
        tokens_out=sum(reply.tokens_out for reply in replies),
    )


def graded(given: Sequence[Opinion], tuned: Tuned, *, seed: int = 0) -> tuple[Graded, ...]:
    """What grades both sides got, over the pairs with both replies; empty where there is none.

    A pair's grade is the mean of its two orders. The range is a percentile bootstrap over pairs, from 10 on.
    """
    whole = [each for each in given if each.is_whole]
    return tuple(_graded(criterion, whole, tuned, seed=seed) for criterion in RUBRIC) if whole else ()


def alike(given: Sequence[Opinion], tuned: Tuned, *, primary: Sequence[Judged], everybody: Sequence[Judged]) -> Alike:
    """The judge beside the people, by model and not by side; `prompt_id` of a rating is the pair that it is of.

    `primary` is one rating for each pair, `everybody` all of them: what two people rated says what can be expected.
    """
    said: dict[str, Outcome] = {each.pair: outcome for each in given if (outcome := _outcome(each, tuned))}
    both = [rating for rating in primary if rating.prompt_id in said]
    judge = [Judged(rating.prompt_id, JUDGE, said[rating.prompt_id], Side.LEFT) for rating in both]
    one_voice = [replace(rating, rater="people") for rating in both]
    mine, theirs = agreement([*one_voice, *judge]), agreement(everybody)
    return Alike(
        prompts=mine.prompts if mine else 0,
        same=mine.same if mine else 0,
        alpha=mine.alpha if mine else None,
        people=theirs.prompts if theirs else 0,
        people_same=theirs.same if theirs else 0,
        people_alpha=theirs.alpha if theirs else None,
    )


def _outcome(opinion: Opinion, tuned: Tuned) -> Outcome | None:
    match opinion.said:
        case "first" | "second":
            return "tuned" if opinion.said == tuned[opinion.pair] else "base"
        case other:
            return other


def _graded(criterion: Criterion, whole: Sequence[Opinion], tuned: Tuned, *, seed: int) -> Graded:
    sides: dict[str, list[list[int]]] = {"tuned": [], "other": []}
    for each in whole:
        other = "second" if tuned[each.pair] == "first" else "first"
        for side, place in (("tuned", tuned[each.pair]), ("other", other)):
            scores = [getattr(reply, place) for reply in each.replies]
            sides[side].append([asdict(score)[criterion.name] for score in scores])
    means = {side: [fmean(grades) for grades in held] for side, held in sides.items()}
    differences = np.subtract(means["tuned"], means["other"])
    low = high = None
    if len(whole) >= ENOUGH_PAIRS:
        drawn = np.random.default_rng(seed).choice(differences, size=(RESAMPLES, len(differences)))
        low, high = (float(bound) for bound in np.quantile(drawn.mean(axis=1), [0.025, 0.975]))
    return Graded(
        criterion=criterion.name,
        title=criterion.title,
        tuned=_counts(sides["tuned"]),
        other=_counts(sides["other"]),
        tuned_mean=fmean(means["tuned"]),
        other_mean=fmean(means["other"]),
        difference=float(differences.mean()),
        low=low,
        high=high,
    )


def _counts(grades: Sequence[Sequence[int]]) -> tuple[int, ...]:
    counted = Counter(grade for pair in grades for grade in pair)
    return tuple(counted[grade] for grade in range(1, 6))
