"""A run that failed is tried again with one change, and one that ended is trained longer, always on the same rows."""

from dataclasses import replace
from typing import Any

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import RunError
from studio.domain.event import Event, EventKind
from studio.domain.fault import Fault, FaultCode
from studio.domain.job import JobKind, JobState
from studio.domain.recipe import Recipe
from studio.domain.release import Form
from studio.domain.run import Origin, Run
from studio.domain.split import SplitChoices
from studio.flows import again, chat, compare, deliver, faults, split, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.recipes.planner import steps_of
from studio.store import jobs
from tests.flows.conftest import RECIPE
from tests.saved import save_checkpoint
from tests.ui import examples

BROKEN = Fault(
    code=FaultCode.NOT_FINITE,
    happened="The loss stopped being a number at step 9 of 18.",
    change={"learning_rate": 1.3e-3},
    proposal="Go on from the checkpoint of step 5 with a third of the learning rate (0.0013 instead of 0.004)",
    step=5,
)


@pytest.mark.parametrize(("passes", "a_pass"), [(3, 3), (3, 7), (0.3, 45), (17, 45), (1, 1)])
def test_what_is_left_of_a_run_is_as_many_steps_as_are_left(passes: float, a_pass: int):
    recipe = Recipe(epochs=passes)
    failed = replace(examples.run(recipe=recipe), plan=replace(examples.PLAN, steps_per_epoch=a_pass))
    rows = a_pass * recipe.batch_size
    steps, _ = steps_of(rows, recipe)
    for step in range(1, steps):
        rest, _ = steps_of(rows, again.for_the_rest(recipe, failed, step))
        assert rest == steps - step, step


def broken(studio: Studio, dataset: Dataset, fault: Fault, *, begin: str | None = None) -> Run:
    """A run that ended as its worker would end it, with a checkpoint at step 5."""
    run = train.start(studio, dataset.id, STARTER, RECIPE, begin=begin, key="a click")
    claimed = jobs.claim(studio.store, kinds=[JobKind.TRAIN])
    assert claimed is not None and claimed[0].id == run.job.id
    save_checkpoint(studio.workspace.run(run.id), step=5)
    saved: dict[str, Any] = {
        "step": 5, "epoch": 1.0, "validation_loss": 2.0, "path": "checkpoints/step-5", "sha256": "ab" * 32, "bytes": 9,
    }  # fmt: skip
    event = Event(seq=1, at=1.0, kind=EventKind.CHECKPOINT, data=saved)
    jobs.add_events(studio.store, run.job.id, 1, [event], offset=10)
    told = {"fault": fault.model_dump(mode="json")}
    jobs.move(studio.store, run.job.id, attempt=1, to=JobState.FAILED, message=fault.sentence, result=told)
    return train.run(studio, run.id)


def test_a_retry_goes_on_from_the_last_good_checkpoint_for_the_rest_with_the_change(quiet: Studio, dataset: Dataset):
    run = broken(quiet, dataset, BROKEN)
    dealt = split.current(quiet, dataset.id)
    split.choose(quiet, dataset.id, SplitChoices(held_out=0.3))
    retried = again.retry(quiet, run.id, key="retry")
    assert again.retry(quiet, run.id, key="retry") == retried
    assert (retried.recipe.learning_rate, retried.name) == (1.3e-3, f"{run.name}-retry-1")
    assert retried.recipe.epochs == pytest.approx(RECIPE.epochs - 5 / run.plan.steps_per_epoch)
    assert retried.plan.steps == run.plan.steps - 5
    assert retried.origin == Origin(run.id, 5, "retry")
    assert again.origin_words(quiet, retried) == f"retry of {run.name} from step 5"
    spec = jobs.spec(quiet.store, retried.job.id)
    assert spec["begin"] == str(quiet.workspace.run(run.id) / "checkpoints" / "step-5")
    assert retried.split_id == dealt.id and spec["train"] == jobs.spec(quiet.store, run.job.id)["train"]


def test_a_retry_without_a_checkpoint_begins_where_its_run_began(quiet: Studio, dataset: Dataset, trained: Run):
    fault = BROKEN.model_copy(update={"step": None})
    run = broken(quiet, dataset, fault, begin=trained.id)
    retried = again.retry(quiet, run.id, key="retry")
    assert retried.origin == Origin(run.id, None, "retry")
    assert retried.recipe.epochs == RECIPE.epochs
    first = train.best_checkpoint(quiet, trained.id)
    assert jobs.spec(quiet.store, retried.job.id)["begin_sha256"] == first.sha256
    assert again.origin_words(quiet, retried) == f"retry of {run.name}"


def test_without_a_change_there_is_nothing_to_retry(quiet: Studio, dataset: Dataset, trained: Run):
    run = broken(quiet, dataset, Fault(code=FaultCode.CRASH, happened="It broke."))
    for run_id in (run.id, trained.id):
        with pytest.raises(RunError, match="no change to try"):
            again.retry(quiet, run_id, key="retry")


def test_a_run_that_ended_is_trained_longer_from_any_of_its_checkpoints(quiet: Studio, trained: Run):
    first = train.checkpoints(quiet, trained.id)[0]
    longer = again.longer(quiet, trained.id, step=first.step, passes=1.5, key="longer")
    assert (longer.origin, longer.recipe.epochs) == (Origin(trained.id, first.step, "longer"), 1.5)
    assert longer.recipe == trained.recipe.model_copy(update={"epochs": 1.5})
    assert jobs.spec(quiet.store, longer.job.id)["begin_sha256"] == first.sha256
    assert again.origin_words(quiet, longer) == f"{trained.name} trained longer from step {first.step}"
    with pytest.raises(RunError, match="still training"):
        again.longer(quiet, longer.id, passes=1, key="too early")


def test_a_job_that_ended_without_a_fault_is_told_by_its_sentence(quiet: Studio, dataset: Dataset, trained: Run):
    assert faults.fault_of(trained) is None
    run = train.start(quiet, dataset.id, STARTER, RECIPE, key="a click")
    jobs.claim(quiet.store, kinds=[JobKind.TRAIN])
    jobs.move(quiet.store, run.job.id, attempt=1, to=JobState.FAILED, message="No process.", fix="Start it again.")
    fault = faults.fault_of(train.run(quiet, run.id))
    assert fault is not None and (fault.code, fault.happened, fault.next_step) == (
        FaultCode.CRASH, "No process.", "Start it again.",
    )  # fmt: skip


def test_the_checkpoint_that_was_chosen_is_the_one_that_is_compared_asked_and_delivered(quiet: Studio, trained: Run):
    first = train.checkpoints(quiet, trained.id)[0]
    assert train.best_checkpoint(quiet, trained.id) != first
    assert train.use(quiet, trained.id, first.step) == first
    assert deliver.make(quiet, trained.id, Form.ADAPTER, key="adapter").step == first.step
    assert compare.create(quiet, trained.id, prompts=2, key="study").checkpoint_step == first.step
    assert chat.usual_choice(quiet, STARTER, trained.id) == f"{trained.id}:{first.step}"
    with pytest.raises(RunError, match="no checkpoint at step 9999"):
        train.use(quiet, trained.id, 9999)
    assert train.use(quiet, trained.id, None) == train.best_checkpoint(quiet, trained.id)
    assert train.checkpoint_at(quiet, trained.id, None) == train.best_checkpoint(quiet, trained.id)
