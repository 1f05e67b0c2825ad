"""A run starts once, explains itself, keeps its best, and survives the death of its worker."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gradio as gr
import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import RecipeError, RunError
from studio.domain.event import Event, EventKind
from studio.domain.fault import FaultCode
from studio.domain.job import JobKind, JobState
from studio.domain.method import Method
from studio.domain.reading import Tone
from studio.domain.recipe import Recipe
from studio.domain.run import Run
from studio.domain.split import SplitChoices
from studio.engine.checkpoints import set_aside
from studio.flows import faults, follow, split, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import jobs
from studio.ui.tabs.train import VIEWED, Drawn, show
from tests.flows.conftest import PATIENCE, RECIPE

LONG_RUN = RECIPE.model_copy(update={"epochs": 60.0, "evaluations": 100})


def test_a_run_ends_with_its_best_checkpoint_kept(working: Studio, trained: Run):
    assert trained.job.state is JobState.DONE, trained.job.message
    kept, best = train.checkpoints(working, trained.id), train.best_checkpoint(working, trained.id)
    assert best in kept and best.validation_loss == trained.job.result["best_validation_loss"]
    assert best.step == trained.job.result["best_step"]
    assert (working.workspace.run(trained.id) / best.path / "adapter_model.safetensors").exists()


def test_a_run_shows_what_it_learned_from_its_first_step_on(working: Studio, trained: Run):
    points = follow.metrics(working, trained.id)
    assert [point.step for point in points if point.loss is not None] == list(range(1, trained.plan.steps + 1))
    checks = [point.validation_loss for point in points if point.validation_loss is not None]
    assert len(checks) == 3 and checks[-1] < checks[0]
    said = follow.answers(working, trained.id)
    assert said[0].step == 0 and len(said) == 3
    assert {prompt for prompt, _ in said[0].items} == {prompt for prompt, _ in said[-1].items}


def test_a_finished_run_has_no_time_left_and_says_so_in_words(working: Studio, trained: Run):
    points = follow.metrics(working, trained.id)
    far = follow.progress(trained, points, follow.stretches(working, trained))
    assert (far.step, far.share, far.seconds_left) == (trained.plan.steps, 1.0, None)
    assert far.elapsed > 0 and far.tokens_per_second and far.best
    reading = follow.reading(trained, points)
    assert reading.title == "Finished." and reading.tone in (Tone.GOOD, Tone.WARNING)
    assert f"step {far.best.step}" in reading.text


def test_finished_is_said_together_with_the_curve_and_the_answers_of_the_last_check(working: Studio, trained: Run):
    first, last = trained.id, trained.plan.steps
    while_it_ran = Drawn(
        run=(first, JobState.RUNNING),
        viewed=(0,) * VIEWED,
        curves=(first, (1, 3), "Loss", True),
        answers=(first, (1, 2), None, False),
    )
    shown = show(working, trained.id, while_it_ran)
    picture, table, now, *_ = shown[VIEWED:]
    lines = {line["name"]: line["x"] for line in json.loads(picture["figure"])["data"]}
    assert "Finished." in shown[1] and lines["smoothed"][-1] == lines["validation loss"][-1] == last
    assert f"Step {last}" in table
    again = show(working, trained.id, now)
    assert [part for part in again if part != gr.skip()] == [now], "nothing is sent that stands there already"
    picture, table, *_ = show(working, trained.id, now, "Memory")[VIEWED:]
    assert "Memory" in picture["words"] and table == gr.skip()


def test_a_run_begins_from_the_adapter_of_an_earlier_one_and_says_so(copied: Studio, trained: Run):
    assert trained.id in {run.id for run in train.first_stages(copied, STARTER)}
    recipe = train.of_the_same_adapter(RECIPE.model_copy(update={"rank": 64, "epochs": 0.2}), trained)
    run = train.start(copied, trained.dataset_id, STARTER, recipe, begin=trained.id, key="the second stage")
    train.wait(copied, run.job.id, seconds=PATIENCE)
    best = train.best_checkpoint(copied, trained.id)
    (said,) = (choice.value for choice in run.plan.choices if choice.name == "Begins from")
    assert said == f"{trained.name}, step {best.step}"
    first = follow.metrics(copied, run.id)[0]
    assert first.step == 0 and first.validation_loss == pytest.approx(best.validation_loss, rel=1e-3)


def test_a_run_with_another_kind_of_adapter_cannot_begin_from_it(working: Studio, trained: Run):
    for recipe in (RECIPE.model_copy(update={"rank": 64}), Recipe(method="full", max_length=128)):
        with pytest.raises(RecipeError, match="another kind of adapter"):
            train.start(working, trained.dataset_id, STARTER, recipe, begin=trained.id, key="another")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("full", "left a whole model. Choose full fine-tuning as well"),
        ("prefix", "left a prefix, which can answer but"),
    ],
)
def test_what_a_run_left_that_a_recipe_cannot_train_further_is_told_with_a_way_out(
    working: Studio, trained: Run, monkeypatch, method: Method, said: str
):
    left = replace(trained, recipe=trained.recipe.by(method))
    monkeypatch.setattr(train, "run", lambda *_: left)
    with pytest.raises(RecipeError) as refused:
        train.order(working, trained.dataset_id, STARTER, RECIPE, begin=trained.id)
    assert said in refused.value.sentence


def test_the_same_start_twice_is_one_run(quiet: Studio, dataset: Dataset):
    first = train.start(quiet, dataset.id, STARTER, RECIPE, key="a click")
    assert train.start(quiet, dataset.id, STARTER, RECIPE, key="a click") == first
    assert [job.id for job in jobs.live(quiet.store, kinds=[JobKind.TRAIN])] == [first.job.id]
    assert first.name == "support-desk-2"


def test_a_run_that_waits_says_so_and_can_be_called_off(quiet: Studio, dataset: Dataset):
    run = train.start(quiet, dataset.id, STARTER, RECIPE, name="Try", key="a click")
    assert (run.name, follow.reading(run, []).title) == ("Try", "Waiting.")
    stopped = train.stop(quiet, run.id)
    assert stopped.job.state is JobState.STOPPED
    with pytest.raises(RunError, match="not running"):
        train.stop(quiet, run.id)
    with pytest.raises(RunError, match="no checkpoint"):
        train.best_checkpoint(quiet, run.id)
    assert train.resume(quiet, run.id).job.state is JobState.QUEUED


def test_a_cut_off_that_no_row_fits_is_refused_before_anything_starts(quiet: Studio, dataset: Dataset):
    before = len(train.runs(quiet))
    with pytest.raises(RecipeError) as refused:
        train.start(quiet, dataset.id, STARTER, RECIPE.model_copy(update={"max_length": 16}), key="a click")
    assert refused.value.field == "max_length"
    assert len(train.runs(quiet)) == before


def test_a_run_names_the_rows_of_its_own_split_only(quiet: Studio, dataset: Dataset):
    run = train.start(quiet, dataset.id, STARTER, RECIPE, key="a click")
    spec = jobs.spec(quiet.store, run.job.id)
    dealt = split.current(quiet, dataset.id)
    split.choose(quiet, dataset.id, SplitChoices(held_out=0.3))
    assert set(spec["train"]) <= set(dealt.rows(split.Bin.TRAIN))
    assert set(spec["watch"]) <= set(spec["validation"]) <= set(dealt.rows(split.Bin.VALIDATION))
    assert train.run(quiet, run.id).split_id == dealt.id


def test_a_run_can_be_renamed_but_not_to_nothing(quiet: Studio, trained: Run):
    assert train.rename(quiet, trained.id, "  Second try ").name == "Second try"
    with pytest.raises(RunError) as refused:
        train.rename(quiet, trained.id, " ")
    assert refused.value.field == "name"


def test_a_finished_run_is_not_resumed_and_a_step_without_a_checkpoint_is_refused(quiet: Studio, trained: Run):
    with pytest.raises(RunError, match="has finished"):
        train.resume(quiet, trained.id)
    with pytest.raises(RunError, match="no checkpoint at step 9999"):
        train.checkpoint_at(quiet, trained.id, 9999)


def test_a_damaged_checkpoint_is_listed_with_its_reason_and_never_used(quiet: Studio, trained: Run):
    best, folder = train.best_checkpoint(quiet, trained.id), quiet.workspace.run(trained.id)
    others = [each for each in train.checkpoints(quiet, trained.id) if each != best]
    with (folder / best.path / "adapter_model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    assert train.checkpoints(quiet, trained.id) == others
    (damaged,) = (each for each in train.saved(quiet, trained.id) if each.harm)
    assert (damaged.step, damaged.harm) == (best.step, "adapter_model.safetensors is not as it was written")
    for choose_it in (train.checkpoint_at, train.use):
        with pytest.raises(RunError, match=f"step {best.step} is damaged: adapter_model.safetensors is not as"):
            choose_it(quiet, trained.id, best.step)
    set_aside(folder / best.path)
    (damaged,) = (each for each in train.saved(quiet, trained.id) if each.harm)
    assert damaged.harm == "MANIFEST.json is missing or cannot be read"  # moved by hand, which no run told
    for each in others:
        set_aside(folder / each.path)
    with pytest.raises(RunError, match="Every checkpoint of this run is damaged"):
        train.best_checkpoint(quiet, trained.id)


def test_a_checkpoint_that_was_set_aside_stays_in_the_list(quiet: Studio, trained: Run):
    best, folder = train.best_checkpoint(quiet, trained.id), quiet.workspace.run(trained.id)
    (folder / best.path / "optimizer.pt").unlink()
    set_aside(folder / best.path)
    told = Event(seq=9_000, at=9.0, kind=EventKind.CHECKPOINT, data={"step": best.step, "removed": True})
    jobs.add_events(quiet.store, trained.job.id, 1, [told], offset=10**9)
    (damaged,) = (each for each in train.saved(quiet, trained.id) if each.harm)
    assert damaged.harm == "optimizer.pt is missing; it was set aside when the run went on"
    assert damaged.validation_loss == best.validation_loss


def test_the_log_of_a_run_can_be_read_to_its_end(working: Studio, trained: Run):
    path = working.workspace.attempt(trained.job.id, 1) / "log.txt"
    path.write_text(path.read_text() + "the last line\n")
    assert follow.log_tail(working, trained.id, lines=1).endswith("\nthe last line")
    told = follow.log_tail(working, trained.id)
    assert "loading the model" in told and "checkpoint of step 10 saved, validation loss" in told


def test_a_killed_run_goes_on_by_itself_and_a_paused_one_when_it_is_resumed(
    working: Studio, dataset: Dataset, eventually: Callable[..., Any]
):
    recipe = RECIPE.model_copy(update={"epochs": 3.0, "evaluations": 3})
    run = train.start(working, dataset.id, STARTER, recipe, key="to be killed")

    def first_checkpoint() -> int | None:
        return train.run(working, run.id).job.pid if train.checkpoints(working, run.id) else None

    os.kill(eventually(first_checkpoint), signal.SIGKILL)
    [survived] = eventually(lambda: faults.survived(working, train.run(working, run.id)))
    assert survived.code is FaultCode.KILLED and "signal 9" in survived.happened
    assert survived.done == "It went on by itself from the last checkpoint."
    eventually(lambda: train.run(working, run.id).job.phase == "training")

    assert train.pause(working, run.id).job.words == "pausing"
    train.wait(working, run.job.id, seconds=PATIENCE)
    paused = train.run(working, run.id)
    assert (paused.job.state, paused.job.words) == (JobState.STOPPED, "paused")
    reading = follow.reading(paused, follow.metrics(working, run.id))
    step = max(point.step for point in follow.metrics(working, run.id))
    assert reading.title == "Paused."
    assert reading.text == f"It stands after step {step} of {paused.plan.steps}; Resume goes on exactly from there."
    assert train.checkpoints(working, run.id)[-1].step == step

    assert train.resume(working, run.id).is_live
    train.wait(working, run.job.id, seconds=PATIENCE)
    ended = train.run(working, run.id)
    assert (ended.job.state, ended.job.attempt) == (JobState.DONE, 3), ended.job.message
    steps = [point.step for point in follow.metrics(working, run.id) if point.loss is not None]
    assert steps == list(range(1, ended.plan.steps + 1))


def test_a_stopped_run_keeps_its_best_and_tells_how_long_it_would_have_taken(
    working: Studio, dataset: Dataset, eventually: Callable[..., Any]
):
    run = train.start(working, dataset.id, STARTER, LONG_RUN, key="to be stopped")
    eventually(lambda: train.checkpoints(working, run.id))
    running = eventually(lambda: (found := train.run(working, run.id)).job.seconds_left and found)
    far = follow.progress(running, follow.metrics(working, run.id), follow.stretches(working, running))
    assert far.seconds_left and far.seconds_left > 0 and 0 < far.share < 1
    assert train.stop(working, run.id).job.is_stopping
    train.wait(working, run.job.id, seconds=PATIENCE)
    stopped = train.run(working, run.id)
    assert stopped.job.state is JobState.STOPPED
    kept = train.checkpoints(working, run.id)
    losses = [p.validation_loss for p in follow.metrics(working, run.id) if p.step and p.validation_loss is not None]
    assert train.best_checkpoint(working, run.id).validation_loss == min(losses)
    assert max(checkpoint.step for checkpoint in kept) < stopped.plan.steps
    assert follow.reading(stopped, follow.metrics(working, run.id)).title == "Stopped by you."
