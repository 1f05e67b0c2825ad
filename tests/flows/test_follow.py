"""What a run tells is shown also where there is too much of it, or where a clock was set back."""

from datetime import timedelta

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
    assert follow.progress(run, [], now=run.job.started_at - timedelta(hours=2)).elapsed == 0.0
