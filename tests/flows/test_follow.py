"""What a run tells is shown also where there is too much of it, or where a clock was set back."""

from datetime import timedelta

from studio.domain.job import Stretch
from studio.flows import follow
from studio.flows.studio import Studio
from tests.store.examples import Examples


def test_of_a_log_of_any_size_and_kind_the_end_is_shown(resting: Studio):
    run = Examples(resting.store).running_run()
    folder = resting.workspace.attempt(run.job.id, 1)
    folder.mkdir(parents=True)
    (folder / "log.txt").write_bytes(b"\xff\x00 no line " * 1_000_000 + b"\nIts last words.\n")
    shown = follow.log_tail(resting, run.id)
    assert shown.endswith("Its last words.") and len(shown) < 300_000


def test_no_run_has_taken_less_than_no_time(resting: Studio):
    run = Examples(resting.store).running_run()
    assert run.job.started_at
    earlier = run.job.started_at - timedelta(hours=2)
    assert follow.progress(run, [], follow.stretches(resting, run), now=earlier).elapsed == 0.0


def test_the_time_of_a_run_is_that_of_all_its_attempts_and_what_lay_between_is_told_apart(resting: Studio):
    run = Examples(resting.store).running_run()
    minute, at = timedelta(minutes=1), run.created_at
    at_work = [Stretch(at, at + 2 * minute), Stretch(at + 12 * minute, at + 15 * minute), Stretch(at + 20 * minute)]
    far = follow.progress(run, [], at_work, now=at + 24 * minute)
    assert (far.elapsed, far.between) == (9 * 60, 15 * 60)
    waiting = follow.progress(run, [], at_work[:2], now=at + 24 * minute)
    assert (waiting.elapsed, waiting.between) == (5 * 60, 19 * 60)
