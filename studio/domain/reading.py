"""Reading: what the curves of a run say, in one or two sentences."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from studio.domain.run import Metric

# Nats; where almost everything has been learned, one share of almost nothing would call every wobble a trend.
NOISE = 0.005


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


@dataclass(frozen=True, slots=True)
class Best:
    step: int
    loss: float


def best_check(metrics: Sequence[Metric]) -> Best | None:
    """The check with the lowest validation loss, the earliest where equal; the base model's own at step 0 is none."""
    checks = [Best(m.step, m.validation_loss) for m in metrics if m.step and m.validation_loss is not None]
    return min(checks, key=lambda check: check.loss, default=None)


def read_curves(metrics: Sequence[Metric]) -> Reading:
    """Say how a run is going from its points alone, in the order that matters to a reader."""
    losses = [m.loss for m in metrics if m.loss is not None]
    checks = [(m.step, m.validation_loss) for m in metrics if m.validation_loss is not None]
    best = best_check(metrics)
    if not losses:
        return Reading(Tone.QUIET, "Not learning yet.", "The first steps have not been reported.")
    if any(not _finite(loss) for loss in losses[-3:]):
        return Reading(
            Tone.BAD, "The loss broke.", "It is no longer a number: the learning rate is too high or a row is damaged."
        )
    if len(losses) >= 20 and _mean(losses[-5:]) > 1.5 * _mean(losses[:5]):
        return Reading(
            Tone.BAD,
            "It is getting worse.",
            "Training loss is well above where it began: try a third of the learning rate.",
        )
    if best is None or len(checks) < 2:
        return Reading(Tone.QUIET, "Just started.", "Validation loss needs two checks before it says anything.")
    return _read_checks(checks, best)


def _read_checks(checks: list[tuple[int, float]], best: Best) -> Reading:
    first, last = checks[0][1], checks[-1][1]
    since_best = sum(step > best.step for step, _ in checks)
    risen = last - best.loss
    if best.loss > first * 0.98:
        return Reading(
            Tone.WARNING,
            "Little learned so far.",
            f"Validation loss is {last:.2f} after {first:.2f} at the start. "
            "If it stays there, train longer or raise the learning rate.",
        )
    if since_best >= 3 and risen > max(0.05 * best.loss, NOISE):
        return Reading(
            Tone.WARNING,
            "It has begun to memorise.",
            f"Validation loss was lowest at step {best.step:,} ({best.loss:.2f}) and has risen for {since_best} checks."
            " That checkpoint is kept, so you may stop here.",
        )
    if since_best >= 1 and risen > max(0.02 * best.loss, NOISE):
        return Reading(
            Tone.GOOD,
            "Good, and past its best.",
            f"Validation loss was lowest at step {best.step:,} ({best.loss:.2f}) and has risen a little since. "
            "That checkpoint is kept.",
        )
    if len(checks) >= 4 and abs(checks[-3][1] - last) < max(0.01 * best.loss, NOISE):
        return Reading(
            Tone.GOOD,
            "It has levelled off.",
            f"Validation loss has stayed near {last:.2f}; more passes would change little.",
        )
    return Reading(
        Tone.GOOD,
        "Going well.",
        f"Validation loss fell from {first:.2f} to {last:.2f} and is still improving on rows that it never trains on.",
    )


def smoothed(values: Sequence[float], *, weight: float = 0.85) -> list[float]:
    """Exponential moving average with bias correction (Kingma and Ba 2015, section 3), one value per point."""
    average, result = 0.0, []
    for count, value in enumerate(values, start=1):
        average = weight * average + (1 - weight) * value
        result.append(average / (1 - weight**count))
    return result


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _finite(value: float) -> bool:
    return value == value and abs(value) != float("inf")
