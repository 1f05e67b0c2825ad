"""The line of runs that wait: what people are told of it, and what they can change. Nothing is trained here."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from studio.domain.errors import RunError
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.line import NOW, Span
from studio.domain.machine import Gpu
from studio.domain.run import Run
from studio.flows import queue, train
from studio.flows.studio import Studio
from studio.store import jobs
from tests.store.examples import PLAN, Examples

TIMED = replace(PLAN, seconds_low=100.0, seconds_high=200.0)
TWO = tuple(Gpu(f"H100 {name}", 80_000_000_000, 70_000_000_000, f"GPU-{name}") for name in "ab")


@pytest.fixture
def line_of(resting: Studio):
    """Three runs of 100 to 200 s, of which the first is running."""
    examples = Examples(resting.store)
    made = [examples.run(name=f"triage-{number}", plan=TIMED) for number in (1, 2, 3)]
    jobs.claim(resting.store, kinds=[JobKind.TRAIN], place=queue.PROCESSOR)
    return made


def names(studio: Studio) -> list[str]:
    return [place.name for place in queue.line(studio, gpus=()).waiting]


def test_every_run_that_waits_knows_its_position_who_is_before_it_and_when_it_begins(
    resting: Studio, line_of: list[Run]
):
    begun = train.run(resting, line_of[0].id).job.started_at
    assert begun is not None
    found = queue.line(resting, gpus=(), now=begun + timedelta(seconds=40))
    told = [(place.name, place.position, place.before, place.begins) for place in found.waiting]
    assert told == [("triage-2", 1, "triage-1", Span(60, 160)), ("triage-3", 2, "triage-2", Span(160, 360))]
    assert (found.waiting[0].dataset, found.waiting[0].model, found.has_choice) == ("Triage", "Pebble (starter)", False)
    said = queue.place_words(found.waiting[1], found)
    assert said == "Number 2 in the line, after triage-2. It begins in about 3 to 6 minutes."


def test_the_running_one_is_believed_once_it_tells_its_own_time(resting: Studio, line_of: list[Run]):
    first = train.run(resting, line_of[0].id).job
    Examples(resting.store).report(first, (EventKind.PROGRESS, {"done": 5, "total": 10, "seconds_left": 30.0}))
    assert queue.line(resting, gpus=()).waiting[0].begins == Span(30, 30)


def test_a_time_that_cannot_be_known_is_not_made_up(resting: Studio, line_of: list[Run]):
    begun = train.run(resting, line_of[0].id).job.started_at
    assert begun is not None
    late = queue.line(resting, gpus=(), now=begun + timedelta(seconds=201))
    assert [place.begins for place in late.waiting] == [None, None]
    assert "It begins at a time not known yet." in queue.place_words(late.waiting[0], late)


def test_a_run_is_moved_and_taken_out_and_comes_back_at_the_end(resting: Studio, line_of: list[Run]):
    assert queue.move(resting, line_of[2].id, to=1).before == "triage-1"
    assert names(resting) == ["triage-3", "triage-2"]
    assert queue.leave(resting, line_of[2].id).job.state is JobState.STOPPED
    assert names(resting) == ["triage-2"]
    train.resume(resting, line_of[2].id)
    assert names(resting) == ["triage-2", "triage-3"]


def test_what_runs_has_no_place_in_the_line(resting: Studio, line_of: list[Run]):
    with pytest.raises(RunError, match="does not wait"):
        queue.leave(resting, line_of[0].id)
    with pytest.raises(RunError, match="does not wait any more"):
        queue.move(resting, line_of[0].id, to=2)
    with pytest.raises(RunError, match="no position 0"):
        queue.move(resting, line_of[1].id, to=0)


def test_on_several_gpus_each_may_be_chosen_and_tells_its_own_time(resting: Studio):
    examples = Examples(resting.store)
    first, second, third = (examples.run(name=f"triage-{number}", plan=TIMED) for number in (1, 2, 3))
    jobs.claim(resting.store, kinds=[JobKind.TRAIN], place="GPU-a")
    queue.choose(resting, second.id, "0", gpus=TWO)
    found = queue.line(resting, gpus=TWO, now=train.run(resting, first.id).job.started_at)
    assert [place.begins for place in found.waiting] == [Span(100, 200), NOW]
    assert [place.before for place in found.waiting] == ["triage-1", ""]
    assert queue.place_words(found.waiting[0], found).endswith("It waits for GPU 0, H100 a.")
    queue.choose(resting, second.id, queue.ANY, gpus=TWO)
    assert train.run(resting, second.id).job.wants is None
    with pytest.raises(RunError, match="no GPU 2 here") as refused:
        queue.choose(resting, third.id, "2", gpus=TWO)
    assert "0 (H100 a), 1 (H100 b)" in refused.value.fix


def test_each_names_who_is_before_it_on_its_own_gpu(resting: Studio):
    made = [Examples(resting.store).run(name=f"triage-{number}", plan=TIMED) for number in range(6)]
    for place in ("GPU-a", "GPU-b"):
        jobs.claim(resting.store, kinds=[JobKind.TRAIN], place=place)
    for run, gpu in zip(made[2:], ("1", "0", "1", "any"), strict=True):
        queue.choose(resting, run.id, gpu, gpus=TWO)
    found = queue.line(resting, gpus=TWO, now=train.run(resting, made[0].id).job.started_at)
    assert [(place.name, place.before) for place in found.waiting] == [
        ("triage-2", "triage-1"), ("triage-3", "triage-0"), ("triage-4", "triage-2"), ("triage-5", "triage-3"),
    ]  # fmt: skip
    late = queue.line(resting, gpus=TWO, now=datetime.now(UTC) + timedelta(days=1))
    assert late.waiting[-1].before == "triage-3 and triage-4"  # which one ends first is not known


def test_a_gpu_that_is_gone_is_told(resting: Studio):
    run = Examples(resting.store).run(plan=TIMED)
    jobs.want(resting.store, run.job.id, "GPU-gone")
    found = queue.line(resting, gpus=TWO)
    assert found.waiting[0].begins is None
    assert "It waits for a GPU that is not here any more." in queue.place_words(found.waiting[0], found)
