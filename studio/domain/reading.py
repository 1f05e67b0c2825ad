"""Reading: what the curves of a run say, in one or two sentences, each by a rule that recorded curves hold.

The rules see nothing but the curves of one run. They were settled on runs of the starter model that really went wrong
(tests/domain/curves), and what a curve cannot show they cannot tell: see each rule.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from studio.domain.curves import ABOVE, Curves, best_check
from studio.domain.run import Best, Metric

# Nats; where almost everything has been learned, one share of almost nothing would call every wobble a trend.
NOISE = 0.005

LITTLE = 0.98  # of the loss before the first step: what has not come below it has hardly learned
JUDGE = "Now let people judge it blind."
TOO_HIGH = "The learning rate is too high."
MEMORISING, GOING_WELL = "It has begun to memorise.", "Going well."


class Tone(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Reading:
    """A short title and the reason for it; `tone` is never shown by colour alone."""

    tone: Tone
    title: str
    text: str


def read_curves(metrics: Sequence[Metric]) -> Reading:
    """Say how a run is going from its points alone, in the order that matters to a reader."""
    curves = Curves(metrics)
    if not curves.losses:
        return Reading(Tone.QUIET, "Not learning yet.", "The first steps have not been reported.")
    return next(said for rule in RULES if (said := rule(curves)))


def read_end(metrics: Sequence[Metric], *, title: str, then: str = JUDGE) -> Reading:
    """Say how a run ended that was not cut off: what is kept, what its curves say, and what is next."""
    best, curves = best_check(metrics), read_curves(metrics)
    if best is None:
        return Reading(Tone.WARNING, title, "It ended before its first check, so there is nothing to compare.")
    kept = f"The best checkpoint is step {best.step:,} with a validation loss of {best.loss:.2f}; it is kept."
    if curves.tone in (Tone.BAD, Tone.WARNING) and curves.title != MEMORISING:
        return Reading(Tone.WARNING, title, f"{curves.title} {curves.text} {kept}")
    before = next((loss for step, loss in Curves(metrics).checks if not step), math.inf)
    if best.loss > LITTLE * before:
        return Reading(Tone.WARNING, title, _hardly_gained(before, best, memorised=curves.title == MEMORISING))
    more = ""
    if curves.title == MEMORISING:
        more = " After that it began to memorise, so more passes would not help."
    elif curves.title == GOING_WELL and best.step == Curves(metrics).checks[-1][0] and best.loss > 2 * NOISE:
        more = " It was still improving when it ended, so more passes may help."
    return Reading(Tone.GOOD, title, f"{kept}{more} {then}")


def _hardly_gained(before: float, best: Best, *, memorised: bool) -> str:
    """What is said of an ended run that is no better than what it began from, or hardly."""
    gained = "Nothing" if best.loss >= before else "Little"
    way_on = "Use what it began from." if memorised else "Train longer, or raise the learning rate."
    return (
        f"{gained} was gained: validation loss was {before:.2f} before the first step, and at best {best.loss:.2f}, at "
        f"step {best.step:,}, which is kept. {way_on}"
    )


def _broken(curves: Curves) -> Reading | None:
    """A loss that is no number."""
    if all(map(_finite, curves.losses[-3:])):
        return None
    return Reading(
        Tone.BAD, "The loss broke.", "It is no longer a number: the learning rate is too high or a row is damaged."
    )


def _diverging(curves: Curves) -> Reading | None:
    """Training loss stands far above where it began, or as high and validation loss above it: what it knew is lost.

    It cannot tell a rate that is too high from rows that contradict what the model knows so strongly that it has to
    get worse first; no recorded curve did that.
    """
    if not curves.level:
        return None
    checks = [loss for _, loss in curves.checks]
    lost = len(checks) >= 2 and checks[-1] > 1.1 * checks[0] and curves.level[-1] > 0.95 * curves.begin
    far = max(ABOVE * curves.begin, curves.begin + curves.noise[-1])
    if curves.level[-1] <= far and not lost:
        return None
    return Reading(
        Tone.BAD,
        "It is getting worse.",
        f"Training loss began at {curves.begin:.2f} and is now {curves.level[-1]:.2f}: it diverges, the steps are so "
        "large that the model loses what it knew. Stop it, and start again with a tenth of the learning rate.",
    )


def _rate_too_high(curves: Curves) -> Reading | None:
    """Training loss fell and then jumped back up, and the run has not gone four times as far as that took to mend.

    The middle of five losses jumps, so one odd batch does not count; a run that was thrown above its beginning never
    counts as mended. It cannot tell a rate that is too high for the model from one that is too high for a few very
    unlike rows that came together.
    """
    jump = curves.jump
    if jump is None or (jump.back and jump.high < curves.begin and len(curves.losses) > 4 * jump.back):
        return None
    norms = [m.grad_norm for m in curves.told if m.grad_norm is not None]
    spike = max(norms, default=0.0)
    wild = f" and the gradient norm to {spike:,.0f}" if norms and spike > 10 * median(norms) else ""
    since = " It has come back since, but those steps were lost." if jump.back else ""
    return Reading(
        Tone.WARNING,
        TOO_HIGH,
        f"Training loss jumped from {jump.low:.2f} to {jump.high:.2f} at step {jump.step:,}{wild}.{since} "
        "Start again with a third of the learning rate, or a longer warm-up.",
    )


def _wobbling(curves: Curves) -> Reading | None:
    """Validation loss rose by a twelfth, fell by as much and rose again, or rose by a quarter at once.

    Validation rows are the same at every check, so only steps that are too large to settle can make their loss wobble;
    memorising lifts it slowly. It cannot tell a rate that is too high from batches that are too small.
    """
    losses = [loss for step, loss in curves.checks if step]
    changes = [(now - before) / before for before, now in pairwise(losses) if abs(now - before) > 2 * NOISE]
    turns = [change > 0 for change in changes if abs(change) > 1 / 12]
    ups = [at for at, up in enumerate(turns) if up]
    wobbles = len(ups) >= 2 and not all(turns[ups[0] : ups[-1]])
    if not wobbles and all(change < 1 / 4 for change in changes):
        return None
    return Reading(
        Tone.WARNING,
        TOO_HIGH,
        "Validation loss goes up and down from check to check instead of settling. "
        "Start again with a third of the learning rate, or let it fall with the cosine schedule.",
    )


def _just_started(curves: Curves) -> Reading | None:
    if curves.best is not None and len(curves.checks) >= 2:
        return None
    return Reading(Tone.QUIET, "Just started.", "Validation loss needs two checks before it says anything.")


def _no_order(curves: Curves) -> Reading | None:
    """Loss fell to what guessing by word frequency reaches, and stays there: the answers have no order to learn.

    Three checks must stand there: a run that is so short that its rate has fallen before much was learned slows down
    near there as well, but stays nowhere. It cannot tell answers that stand at the wrong questions: their form is
    learned as well as ever, and the rest looks like memorising.
    """
    chance = next((m.chance_loss for m in curves.metrics if m.chance_loss is not None), None)
    if chance is None or curves.best is None or len(curves.checks) < 4:
        return None
    first, (since, before, last) = curves.checks[0][1], (loss for _, loss in curves.checks[-3:])
    is_falling = before - last > 0.05 * before or since - last > 0.08 * since
    if curves.best.loss < 0.9 * chance or last > 0.75 * first or is_falling:
        return None
    return Reading(
        Tone.BAD,
        "The answers look broken.",
        f"Validation loss stays at {last:.2f}; knowing how often each word occurs would reach {chance:.2f}. There is "
        "no order in the answers: look at a few rows on Inspect for a wrong column or a broken encoding.",
    )


def _worse_than_before(curves: Curves) -> Reading | None:
    """Every check is above the loss before the first step, while its own rows are learned.

    So it is with a run that trains something trained already. It cannot tell memorising from what was forgotten.
    """
    best, first, last = curves.best, curves.checks[0][1], curves.checks[-1][1]
    own = curves.level[-1] if curves.level else curves.losses[-1]
    if best is None or len(curves.checks) < 4 or best.loss < first or last <= 1.05 * first or own > 0.9 * curves.begin:
        return None
    return Reading(
        Tone.WARNING,
        MEMORISING,
        f"Validation loss was {first:.2f} before the first step and has been above that at every check, while its own "
        f"rows are learned better ({own:.2f}). What it began from was better: stop here and use that.",
    )


def _little_learned(curves: Curves) -> Reading | None:
    """Validation loss has hardly moved from where it was."""
    best, first, last = curves.best, curves.checks[0][1], curves.checks[-1][1]
    enough = LITTLE if len(curves.checks) < 4 else 0.95
    if best is None or best.loss <= first * enough:
        return None
    if len(curves.checks) < 3:
        return Reading(Tone.QUIET, "Just started.", f"Validation loss is {last:.2f} after {first:.2f} at the start.")
    return Reading(
        Tone.WARNING,
        "Little learned so far.",
        f"Validation loss is {last:.2f} after {first:.2f} at the start. "
        "If it stays there, train longer or raise the learning rate.",
    )


def _memorising(curves: Curves) -> Reading | None:
    """Validation loss has risen for three checks. Answers at the wrong questions look the same, only sooner."""
    best, risen, since = _since_best(curves)
    if since < 3 or risen <= max(0.05 * best.loss, NOISE):
        return None
    return Reading(
        Tone.WARNING,
        MEMORISING,
        f"Validation loss was lowest at step {best.step:,} ({best.loss:.2f}) and has risen for {since} checks."
        " That checkpoint is kept, so you may stop here. If it came sooner than you expected, look whether each answer "
        "stands at its own question.",
    )


def _past_its_best(curves: Curves) -> Reading | None:
    """Validation loss is a little above its lowest."""
    best, risen, since = _since_best(curves)
    if since < 1 or risen <= max(0.02 * best.loss, NOISE):
        return None
    return Reading(
        Tone.GOOD,
        "Good, and past its best.",
        f"Validation loss was lowest at step {best.step:,} ({best.loss:.2f}) and has risen a little since. "
        "That checkpoint is kept.",
    )


def _since_best(curves: Curves) -> tuple[Best, float, int]:
    """The best check, by how much validation loss is above it now, and how many checks have followed it."""
    best = curves.best
    assert best is not None
    return best, curves.checks[-1][1] - best.loss, sum(step > best.step for step, _ in curves.checks)


def _all_right(curves: Curves) -> Reading | None:
    """Nearly every token of rows that it never trains on is right.

    It cannot tell why: an easy task that was learned, an answer that stands in its question, and one answer for every
    question all end like this. So it raises no alarm, but names what to look at.
    """
    right = next((m.validation_token_accuracy for m in reversed(curves.metrics) if m.validation_token_accuracy), 0.0)
    if right < 0.995:
        return None
    return Reading(
        Tone.GOOD,
        "Nearly everything is right.",
        f"Of the words of the validation answers {100 * right:.1f} % are right. If that is better than you expected, "
        "look on Inspect whether answers stand in their questions, are all the same, or are in the training rows as "
        "well.",
    )


def _levelled_off(curves: Curves) -> Reading | None:
    """The last three checks are the same, or the last four alike and not falling, or none of three was better."""
    losses, (best, risen, since) = [loss for step, loss in curves.checks if step], _since_best(curves)
    last = losses[-1]
    same = len(losses) >= 3 and abs(losses[-3] - last) < max(0.01 * best.loss, NOISE)
    falling = len(losses) >= 2 and losses[-2] - last > max(0.01 * best.loss, NOISE)
    alike = len(losses) >= 4 and max(losses[-4:]) - min(losses[-4:]) < max(0.05 * best.loss, 2 * NOISE)
    stands = since >= 3 and risen <= max(0.02 * best.loss, NOISE)
    if not (same or stands) and (falling or not alike):
        return None
    own = curves.level[-1] if curves.level else curves.losses[-1]
    by_heart = (
        f" Its own rows it knows far better ({own:.2f}): more unlike examples would help, more passes would not."
        if own < 0.5 * last and last - own > 0.1
        else ""
    )
    return Reading(
        Tone.GOOD,
        "It has levelled off.",
        f"Validation loss has stayed near {last:.2f}; more passes would change little.{by_heart} "
        f"The best point was step {best.step:,}, kept.",
    )


def _going_well(curves: Curves) -> Reading:
    first, last = curves.checks[0][1], curves.checks[-1][1]
    best, _, since = _since_best(curves)
    how = f"; the lowest was {best.loss:.2f} at step {best.step:,}, kept" if since else " and is still improving"
    text = f"On rows that it never trains on, validation loss fell from {first:.2f} to {last:.2f}{how}."
    return Reading(Tone.GOOD, GOING_WELL, text)


RULES: tuple[Callable[[Curves], Reading | None], ...] = (
    _broken, _diverging, _rate_too_high, _wobbling, _just_started, _no_order,
    _worse_than_before, _little_learned, _memorising,
    _all_right, _levelled_off, _past_its_best, _going_well,
)  # fmt: skip


def smoothed(values: Sequence[float]) -> list[float]:
    """Exponential moving average with bias correction (Kingma and Ba 2015, section 3), one value per point.

    It looks back over a 25th of the points, between 2 and 20 of them, so that a short curve is not drawn late.
    """
    weight = 1 - 1 / min(max(len(values) / 25, 2), 20)
    average, result = 0.0, []
    for count, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        result.append(average / (1 - weight**count))
    return result


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
