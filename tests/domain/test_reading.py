"""What the curves of a run say, in words that are true of them."""

import math
import random
from dataclasses import replace

import pytest

from studio.domain.reading import Tone, best_check, read_curves, read_end, smoothed
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
    ([7.42, 0.53, 0.49, 0.403, 0.424, 0.412, 0.404], "It has levelled off.", Tone.GOOD),
])  # fmt: skip
def test_the_checks_are_read_as_a_person_would(checks: list[float], title: str, tone: Tone):
    reading = read_curves(curves(checks))
    assert (reading.title, reading.tone) == (title, tone)
    assert reading.text


def test_what_has_not_become_better_is_not_called_improving():
    assert "is still improving" in read_curves(curves([3.0, 1.0, 0.80])).text
    said = read_curves(curves([3.0, 1.0, 0.80, 0.805])).text
    assert "improving" not in said and "lowest was 0.80 at step 20" in said
    for checks in ([3.0, 1.0, 0.80, 0.805], [7.42, 0.53, 0.49, 0.403, 0.424, 0.412, 0.404]):
        assert "more passes may help" not in read_end(curves(checks), title="Finished early.").text


def test_a_short_run_that_was_slowed_before_it_learned_much_has_no_broken_answers():
    falling = curves([7.42, 7.42, 5.74, 4.50, 3.68, 3.17, 3.02])  # two passes over 19 sound rows of the triage sample
    assert "broken" not in read_curves([*falling, Metric(step=0, epoch=0.0, chance_loss=3.28)]).title
    staying = curves([7.42, 5.0, 3.4, 3.3, 3.25, 3.22])
    assert "broken" in read_curves([*staying, Metric(step=0, epoch=0.0, chance_loss=3.28)]).title


def test_where_nothing_is_left_to_learn_more_passes_are_not_advised():
    assert "more passes" not in read_end(curves([0.693, 0.02, 0.004]), title="Finished.").text


def test_a_run_that_gained_hardly_anything_does_not_end_well():
    for checks, said in (([7.42, 7.42], "Nothing was gained"), ([3.0, 2.96], "Little was gained")):
        ended = read_end(curves(checks), title="Finished.")
        assert ended.tone is Tone.WARNING and said in ended.text and "which is kept" in ended.text


def test_who_trains_what_was_better_before_is_not_told_to_train_longer():
    longer = curves([0.50, 0.52, 0.55, 0.60, 0.66])
    said, ended = read_curves(longer), read_end(longer, title="Finished early.")
    assert said.title == "It has begun to memorise." and "What it began from was better" in said.text
    assert "Nothing was gained" in ended.text and "Use what it began from." in ended.text


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


def noisy(seed: int, *, steps: int = 400, spread: float = 0.25) -> list[Metric]:
    """A run that goes well on very unlike rows: each step's loss is off its course by a quarter."""
    chance, points = random.Random(seed), [Metric(step=0, epoch=0.0, validation_loss=2.0)]
    for step in range(1, steps + 1):
        course = 1 + math.exp(-8 * step / steps)
        checked = course if step % 50 == 0 else None
        loss = course * math.exp(chance.gauss(0, spread))
        points.append(Metric(step=step, epoch=step / steps, loss=loss, validation_loss=checked))
    return points


@pytest.mark.parametrize("seed", range(5))
def test_unlike_rows_are_no_jump_of_the_loss(seed: int):
    run = noisy(seed)
    said = {read_curves(run[:length]).title for length in range(2, len(run) + 1, 7)}
    assert not said & {"The learning rate is too high.", "It is getting worse."}
    thrown = [replace(point, loss=(point.loss or 0) + 3.0) for point in noisy(seed)[200:]]
    assert read_curves(run[:200] + thrown).title in ("The learning rate is too high.", "It is getting worse.")


def test_smoothing_keeps_a_level_and_follows_a_step():
    assert smoothed([2.0] * 5) == pytest.approx([2.0] * 5)
    followed = smoothed([1.0] * 3 + [0.0] * 50)
    assert followed[2] == pytest.approx(1.0) and 0 < followed[-1] < 0.01
    assert smoothed([]) == []
