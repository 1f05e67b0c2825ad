"""A look at a run shows all that it has told, of which only what is new is read again."""

import pytest

from studio.domain.errors import RunError
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.run import Run
from studio.store import jobs, runs
from studio.store.database import Store
from studio.store.told import Reports
from tests.store.examples import Examples

METRIC, START, NOTE, ANSWERS, CHECKPOINT = (
    EventKind.METRIC, EventKind.START, EventKind.NOTE, EventKind.ANSWERS, EventKind.CHECKPOINT,
)  # fmt: skip


def step(number: int, loss: float = 1.0) -> tuple[EventKind, dict]:
    return METRIC, {"step": number, "epoch": number / 4, "loss": loss}


def saved(number: int) -> tuple[EventKind, dict]:
    about = {"epoch": 1.0, "validation_loss": 1.0, "path": f"checkpoints/step-{number}", "sha256": "a", "bytes": 1}
    return CHECKPOINT, {"step": number, **about}


def as_read_anew(store: Store, run_id: str) -> list[object]:
    return [
        runs.metrics(store, run_id),
        runs.answers(store, run_id),
        runs.checkpoints(store, run_id),
        runs.checkpoints(store, run_id, ever=True),
    ]


def as_looked_at(store: Store, run_id: str) -> list[object]:
    look = runs.look(store, run_id)
    return [look.reported.metrics, look.reported.answers, list(look.saved), list(look.ever)]


def another_attempt(store: Store, run: Run) -> Run:
    assert jobs.move(store, run.job.id, attempt=1, to=JobState.INTERRUPTED)
    jobs.requeue(store, run.job.id)
    assert jobs.claim(store, kinds=[JobKind.TRAIN]) is not None
    return runs.get(store, run.id)


def test_whatever_comes_is_there_at_the_next_look_as_if_all_were_read_anew(store: Store, examples: Examples):
    run = examples.running_run()
    assert as_looked_at(store, run.id) == as_read_anew(store, run.id) == [[], [], [], []]
    said = (ANSWERS, {"step": 2, "items": [{"prompt": "p", "answer": "a"}]})
    for told in ([(START, {"step": 0}), step(1)], [step(2), said, saved(2)], [step(3)], [(NOTE, {"text": "a word"})]):
        examples.report(run.job, *told)
        assert as_looked_at(store, run.id) == as_read_anew(store, run.id)
    assert [point.step for point in runs.look(store, run.id).reported.metrics] == [1, 2, 3]
    again = another_attempt(store, run)
    examples.report(again.job, (START, {"step": 2}), step(3, 0.5), step(4, 0.4), saved(4))
    examples.report(again.job, step(3, 0.7), attempt=1)  # told by the first attempt and read late
    look = runs.look(store, run.id)
    assert as_looked_at(store, run.id) == as_read_anew(store, run.id)
    assert [point.loss for point in look.reported.metrics] == [1.0, 1.0, 0.5, 0.4]
    assert look.run.job.attempt == 2 and len(look.at_work) == 2


def test_while_nothing_comes_it_is_the_same_and_what_is_new_is_told_apart(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, (START, {"step": 0}), *(step(number) for number in range(1, 50)))
    first = runs.look(store, run.id).reported
    examples.report(run.job, (EventKind.PROGRESS, {"done": 1, "total": 9}))
    assert runs.look(store, run.id).reported is first
    examples.report(run.job, step(50))
    now = runs.look(store, run.id).reported
    assert now is not first and now.measured > first.measured and now.answered == first.answered
    assert len(first.metrics) == 49 and len(now.metrics) == 50, "what somebody holds already stays as it was"


def test_of_a_run_that_is_gone_nothing_is_shown_whatever_was_kept_of_it(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, step(1))
    assert runs.look(store, run.id).reported.metrics
    with store.write() as connection:
        runs.forget(connection, run.id)
    with pytest.raises(RunError, match="no run"):
        runs.look(store, run.id)


def test_only_so_many_events_are_kept_and_always_those_of_the_run_that_was_looked_at_last(
    store: Store, examples: Examples
):
    reports = Reports(most=10)
    found = [examples.run(split=examples.split(examples.dataset().id)) for _ in range(3)]
    for _ in found:
        assert jobs.claim(store, kinds=[JobKind.TRAIN]) is not None
    for run in found:
        job = runs.get(store, run.id).job
        examples.report(job, *(step(number) for number in range(1, 9)))
        with store.read() as connection:
            assert len(reports.of(connection, job.id, {}).metrics) == 8
        assert list(reports._held) == [job.id]
