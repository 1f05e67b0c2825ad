"""A run keeps its recipe and plan; its curves, checkpoints and answers are what its attempts reported, merged."""

import math
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from studio.domain.errors import RunError
from studio.domain.event import Event, EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.plan import Light
from studio.domain.reading import best_check
from studio.domain.run import Best, Checkpoint, Metric, Origin, Run
from studio.store import jobs, runs
from studio.store.database import Store
from tests.failing import KILLED
from tests.store.examples import PLAN, Examples
from tests.supervised import fork

METRIC, CHECKPOINT, ANSWERS = EventKind.METRIC, EventKind.CHECKPOINT, EventKind.ANSWERS


def test_a_run_comes_back_with_its_recipe_its_plan_and_its_job(store: Store, examples: Examples):
    added = examples.run(name="triage-1")
    found = runs.get(store, added.id)
    assert found == added
    assert (found.recipe.rank, found.recipe.learning_rate) == (32, 4e-3)
    assert found.plan == PLAN and found.plan.light is Light.AMBER
    assert (found.job.kind, found.job.subject_id, found.job.state) == (JobKind.TRAIN, found.id, JobState.QUEUED)
    assert jobs.spec(store, found.job.id) == {"train": [0, 1]}


def test_the_same_key_is_the_same_run(store: Store, examples: Examples):
    first = examples.run(key="click-1")
    assert examples.run(key="click-1", name="another") == first
    assert len(runs.all(store)) == 1


def test_twenty_starts_of_one_click_make_one_run_and_one_job(store: Store, examples: Examples):
    split = examples.split(examples.dataset().id)
    together = threading.Barrier(20)

    def start(_: int) -> str:
        together.wait(30)
        return examples.run(key="click-1", split=split).id

    with ThreadPoolExecutor(20) as pool:
        started = set(pool.map(start, range(20)))
    assert [run.id for run in runs.all(store)] == list(started)
    assert len(jobs.live(store, kinds=[JobKind.TRAIN])) == 1


def test_a_start_that_is_killed_at_any_statement_makes_no_run_and_after_the_last_exactly_one(
    store: Store, examples: Examples
):
    split = examples.split(examples.dataset().id)

    def start_and_die(at: int) -> None:
        left = iter(range(at))

        def step(*_: object) -> None:
            if next(left, None) is None:
                os._exit(KILLED)

        for name in ("before_cursor_execute", "commit"):
            event.listen(store.engine, name, step)
        examples.run(key="click-1", split=split)

    for at in range(100):
        child = fork()
        if child == 0:
            try:
                start_and_die(at)
                os._exit(0)  # killed before it could say so
            finally:
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        listed, waiting = runs.all(store), jobs.live(store, kinds=[JobKind.TRAIN])
        if status == 0:
            break
        assert (status, listed, waiting) == (KILLED, [], []), f"statement {at}"
    assert at > 4 and len(listed) == len(waiting) == 1
    assert examples.run(key="click-1", split=split).id == listed[0].id == runs.all(store)[0].id


def test_a_run_of_a_split_that_is_not_there_leaves_no_job_behind(store: Store, examples: Examples):
    split = examples.split(examples.dataset().id)
    with pytest.raises(IntegrityError):
        examples.run(split=type(split)("split-0", split.dataset_id, split.choices, split.bins, {}))
    assert jobs.live(store, kinds=[JobKind.TRAIN]) == []


def test_runs_are_listed_with_the_newest_first(store: Store, examples: Examples):
    made = [examples.run().id for _ in range(3)]
    assert [run.id for run in runs.all(store)] == made[::-1]


def test_a_run_can_be_renamed(store: Store, examples: Examples):
    assert runs.rename(store, examples.run().id, "the good one").name == "the good one"


def test_an_unknown_run_is_named(store: Store):
    with pytest.raises(RunError, match="no run called run-0"):
        runs.get(store, "run-0")
    with pytest.raises(RunError, match="no run called run-0"):
        runs.rename(store, "run-0", "x")


def test_a_run_that_reported_nothing_has_empty_curves(store: Store, examples: Examples):
    run = examples.run()
    assert (runs.metrics(store, run.id), runs.checkpoints(store, run.id)) == ([], [])
    assert (runs.answers(store, run.id), runs.notes(store, run.id)) == ([], [])


def test_what_was_measured_at_one_step_is_one_point(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(
        run.job,
        (METRIC, {"step": 1, "epoch": 0.1, "loss": 2.5, "learning_rate": 1e-4, "grad_norm": 1.5, "tokens": 99}),
        (METRIC, {"step": 2, "epoch": 0.2, "loss": 2.0, "tokens_per_second": 700.5, "memory": 5}),
        (METRIC, {"step": 2, "epoch": 0.2, "validation_loss": 2.25, "loss": None}),
    )
    assert runs.metrics(store, run.id) == [
        Metric(step=1, epoch=0.1, loss=2.5, learning_rate=1e-4, grad_norm=1.5),
        Metric(step=2, epoch=0.2, loss=2.0, validation_loss=2.25, tokens_per_second=700.5, memory=5),
    ]


def test_steps_that_a_later_attempt_repeated_are_as_it_measured_them(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(
        run.job,
        (METRIC, {"step": 0, "epoch": 0.0, "validation_loss": 3.0}),
        *((METRIC, {"step": step, "epoch": step / 4, "loss": 2.0, "grad_norm": 9.0}) for step in (1, 2, 3, 4)),
    )
    second = _second_attempt(store, run)
    examples.report(
        second.job,
        (METRIC, {"step": 3, "epoch": 0.75, "loss": 1.5}),
        (METRIC, {"step": 3, "epoch": 0.75, "validation_loss": 1.75}),
    )
    points = {point.step: point for point in runs.metrics(store, run.id)}
    assert list(points) == [0, 1, 2, 3, 4]
    assert points[3] == Metric(step=3, epoch=0.75, loss=1.5, validation_loss=1.75)
    assert points[4].loss == 2.0 and points[0].validation_loss == 3.0


def test_news_of_an_earlier_attempt_that_comes_late_does_not_replace_a_later_one(store: Store, examples: Examples):
    run = examples.running_run()
    second = _second_attempt(store, run)
    examples.report(second.job, (METRIC, {"step": 1, "epoch": 0.25, "loss": 1.5}))
    examples.report(run.job, (METRIC, {"step": 1, "epoch": 0.25, "loss": 9.0}), attempt=1)
    assert [point.loss for point in runs.metrics(store, run.id)] == [1.5]


def test_a_loss_that_broke_is_shown_as_broken(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, (METRIC, {"step": 1, "epoch": 0.1, "loss": math.nan}))
    loss = runs.metrics(store, run.id)[0].loss
    assert loss is not None and math.isnan(loss)


def test_curves_of_other_runs_do_not_mix(store: Store, examples: Examples):
    first = examples.running_run()
    second = examples.running_run()
    examples.report(first.job, (METRIC, {"step": 1, "epoch": 0.1, "loss": 1.0}))
    examples.report(second.job, (METRIC, {"step": 1, "epoch": 0.1, "loss": 2.0}))
    assert [point.loss for point in runs.metrics(store, second.id)] == [2.0]


def test_a_curve_of_twenty_thousand_steps_is_read_whole(store: Store, examples: Examples):
    run = examples.running_run()
    told = [
        Event(
            seq=step, at=1.0, kind=METRIC, data={"step": step, "epoch": step / 100, "loss": 2 / step, "grad_norm": 1.5}
        )
        for step in range(1, 20_001)
    ]
    jobs.add_events(store, run.job.id, 1, told, offset=10)
    assert len(runs.metrics(store, run.id)) == 20_000


def test_checkpoints_are_listed_by_step_until_they_are_removed(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, _checkpoint(40), _checkpoint(20), _checkpoint(60), (CHECKPOINT, _removed(40)))
    assert [kept.step for kept in runs.checkpoints(store, run.id)] == [20, 60]
    assert runs.checkpoints(store, run.id)[0] == Checkpoint(
        run_id=run.id, step=20, epoch=0.5, validation_loss=1.25, path="checkpoints/step-20", sha256="20" * 32, bytes=20
    )


def test_a_checkpoint_that_was_removed_and_made_again_is_there(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, _checkpoint(20), (CHECKPOINT, _removed(20)))
    second = _second_attempt(store, run)
    examples.report(second.job, _checkpoint(20))
    assert [kept.step for kept in runs.checkpoints(store, run.id)] == [20]


def test_a_removal_that_is_told_twice_removes_once(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, _checkpoint(20), (CHECKPOINT, _removed(20)), (CHECKPOINT, _removed(20)))
    assert runs.checkpoints(store, run.id) == []


def test_watched_answers_are_listed_by_step_in_their_newest_words(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, (ANSWERS, _answers(0, "odd")), (ANSWERS, _answers(20, "first try")))
    second = _second_attempt(store, run)
    examples.report(second.job, (ANSWERS, _answers(20, "second try")))
    assert runs.answers(store, run.id) == [
        (0, [{"prompt": "Hello?", "answer": "odd"}]),
        (20, [{"prompt": "Hello?", "answer": "second try"}]),
    ]


def test_notes_are_listed_as_they_came(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, (EventKind.NOTE, {"text": "Began."}), (EventKind.NOTE, {"text": "Slow disk."}))
    assert [(note.at.timestamp(), note.text) for note in runs.notes(store, run.id)] == [
        (1.0, "Began."),
        (2.0, "Slow disk."),
    ]


def _second_attempt(store: Store, run: Run) -> Run:
    jobs.move(store, run.job.id, attempt=run.job.attempt, to=JobState.INTERRUPTED)
    jobs.requeue(store, run.job.id)
    assert jobs.claim(store, kinds=[JobKind.TRAIN]) is not None
    return runs.get(store, run.id)


def _checkpoint(step: int) -> tuple[EventKind, dict[str, object]]:
    return CHECKPOINT, {
        "step": step,
        "epoch": step / 40,
        "validation_loss": 1.25,
        "path": f"checkpoints/step-{step}",
        "sha256": f"{step}" * 32,
        "bytes": step,
    }


def test_what_was_told_beyond_the_step_that_a_run_went_on_from_no_longer_holds(store: Store, examples: Examples):
    run = examples.running_run()
    said = (EventKind.ANSWERS, {"step": 70, "items": [{"prompt": "a", "answer": "b"}]})
    examples.report(run.job, _checkpoint(50), _checkpoint(70), (METRIC, {"step": 70, "epoch": 1.0, "loss": 0.1}), said)
    second = _second_attempt(store, run)
    examples.report(second.job, (EventKind.START, {"step": 0}), (METRIC, {"step": 1, "epoch": 0.1, "loss": 3.0}))
    assert runs.checkpoints(store, run.id) == [] and runs.answers(store, run.id) == []
    assert [point.step for point in runs.metrics(store, run.id)] == [1]
    third = _second_attempt(store, second)
    examples.report(third.job, (EventKind.START, {"step": 1}), _checkpoint(60))
    assert [kept.step for kept in runs.checkpoints(store, run.id)] == [60]
    assert [point.step for point in runs.metrics(store, run.id)] == [1]


def _removed(step: int) -> dict[str, object]:
    return {"step": step, "removed": True}


def _answers(step: int, answer: str) -> dict[str, object]:
    return {"step": step, "items": [{"prompt": "Hello?", "answer": answer}]}


def test_a_run_that_went_on_in_itself_forgets_what_it_had_measured_beyond(store: Store, examples: Examples):
    """As it does when memory ran out: one attempt begins twice."""
    run = examples.running_run()
    examples.report(
        run.job,
        (EventKind.START, {"step": 0}),
        *((METRIC, {"step": step, "epoch": step / 4, "loss": 2.0, "grad_norm": 9.0}) for step in (1, 2, 3)),
        (EventKind.START, {"step": 1}),
        (METRIC, {"step": 2, "epoch": 0.5, "loss": 1.5}),
    )
    points = runs.metrics(store, run.id)
    assert [(point.step, point.loss, point.grad_norm) for point in points] == [(1, 2.0, 9.0), (2, 1.5, None)]


def test_the_best_check_of_a_list_is_the_one_of_each_curve(store: Store, examples: Examples):
    """Also where one went on from before its best, one has no check, and one broke."""
    went_on, unchecked, broken = (examples.running_run() for _ in range(3))
    check = {"epoch": 1.0, "validation_loss": 1.0}
    examples.report(
        went_on.job, (METRIC, {"step": 2} | check), (METRIC, {"step": 4} | check | {"validation_loss": 0.5})
    )
    second = _second_attempt(store, went_on)
    examples.report(second.job, (EventKind.START, {"step": 3}), (METRIC, {"step": 6} | check))
    examples.report(unchecked.job, (METRIC, {"step": 1, "epoch": 0.1, "loss": 1.0, "validation_loss": None}))
    examples.report(broken.job, (METRIC, {"step": 3} | check | {"validation_loss": math.nan}))
    found = runs.best(store, [went_on.id, unchecked.id, broken.id, "run-0"])
    curves = {run.id: best_check(runs.metrics(store, run.id)) for run in (went_on, broken)}
    assert found[went_on.id] == curves[went_on.id] == Best(2, 1.0)
    assert found.keys() == {went_on.id, broken.id} and math.isnan(found[broken.id].loss)


def test_a_run_remembers_which_one_it_comes_from(store: Store, examples: Examples):
    assert examples.run().origin is None
    origin = Origin("run-1", 60, "retry")
    assert runs.get(store, examples.run(origin=origin).id).origin == origin
