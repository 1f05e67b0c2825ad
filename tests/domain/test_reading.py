"""What the curves of a run say, in words that are true of them."""

import math

import pytest

from studio.domain.reading import Tone, best_check, read_curves, smoothed
from studio.domain.run import Best, Metric


def curves(checks: list[float], losses: list[float] | None = None) -> list[Metric]:
    """A check before the first step and after every ten, and the training loss of every step."""
    steps = 10 * (len(checks) - 1)
    told = losses or [2.0 - step / 100 for step in range(steps)]
    points = [Metric(step=step, epoch=0.0, loss=loss) for step, loss in enumerate(told, start=1)]
    return points + [Metric(step=10 * n, epoch=0.0, validation_loss=loss) for n, loss in enumerate(checks)]


@pytest.mark.parametrize("checks, title, tone", [
    ([3.0, 2.0, 1.5, 1.2], "Going well.", Tone.GOOD),
    ([3.0, 1.0, 0.80, 0.80, 0.80], "It has levelled off.", Tone.GOOD),
    ([3.0, 1.0, 0.80, 0.83], "Good, and past its best.", Tone.GOOD),
    ([3.0, 1.0, 0.80, 0.85, 0.90, 0.95], "It has begun to memorise.", Tone.WARNING),
    ([3.0, 2.99, 2.98], "Little learned so far.", Tone.WARNING),
    ([3.0, 3.2, 3.4], "Little learned so far.", Tone.WARNING),
    ([3.0, 0.010, 0.008, 0.011, 0.010, 0.012], "It has levelled off.", Tone.GOOD),
])  # fmt: skip
def test_the_checks_are_read_as_a_person_would(checks: list[float], title: str, tone: Tone):
    reading = read_curves(curves(checks))
    assert (reading.title, reading.tone) == (title, tone)
    assert reading.text


def test_before_there_is_anything_to_say_nothing_is_claimed():
    assert read_curves([]).tone is Tone.QUIET
    assert read_curves(curves([3.0])).tone is Tone.QUIET
    assert read_curves([Metric(step=1, epoch=0.0, loss=2.0)]).title == "Just started."


def test_a_loss_that_is_no_number_and_one_that_climbs_are_named():
    assert read_curves(curves([3.0, 2.0], [2.0, 1.9, math.nan])).title == "The loss broke."
    climbing = read_curves(curves([3.0, 2.0], [1.0] * 10 + [1.0 + step / 5 for step in range(15)]))
    assert (climbing.title, climbing.tone) == ("It is getting worse.", Tone.BAD)


def test_the_best_check_is_the_lowest_after_the_start_and_of_equals_the_first():
    assert best_check(curves([3.0, 1.0, 1.0, 2.0])) == Best(step=10, loss=1.0)
    assert best_check(curves([1.0, 3.0, 2.0])) == Best(step=20, loss=2.0)
    assert best_check(curves([1.0])) is None
    assert best_check([]) is None


def test_smoothing_keeps_a_level_and_follows_a_step():
    assert smoothed([2.0] * 5) == pytest.approx([2.0] * 5)
    followed = smoothed([1.0] * 3 + [0.0] * 50)
    assert followed[2] == pytest.approx(1.0) and 0 < followed[-1] < 0.01
    assert smoothed([]) == []
