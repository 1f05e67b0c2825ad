"""What a recipe takes is tried, kept and told."""

import pytest

from studio.domain.job import JobState
from studio.domain.machine import Gpu, Machine
from studio.domain.plan import Light
from studio.domain.run import Run
from studio.flows import choose, machine, measured, queue, train, trying
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import jobs
from studio.ui.parts import forms
from studio.ui.training import trying as screen
from tests.flows.conftest import PATIENCE, RECIPE


def test_a_run_is_set_against_its_plan_and_the_next_plan_starts_from_it(working: Studio, trained: Run):
    found = measured.compared(trained)
    assert found and found.memory == trained.job.result["peak_memory"]
    assert "planned" in found.sentence and " held (" in found.sentence and found.sentence.endswith("from that.")
    known = measured.known(working, STARTER, "qlora", trained.plan.device)
    assert any(trained.name in one.words for one in known)
    assert measured.known(working, STARTER, "full", trained.plan.device) == []
    assert measured.known(working, STARTER, "qlora", "another machine") == []


def test_two_steps_are_tried_and_the_plan_rests_on_them(working: Studio, trained: Run):
    recipe = RECIPE.model_copy(update={"batch_size": 4, "micro_batch": 4, "rank": 4})
    before = choose.plan(working, trained.dataset_id, STARTER, recipe)
    job = trying.start(working, trained.dataset_id, STARTER, recipe, key="a trial")
    assert trying.start(working, trained.dataset_id, STARTER, recipe, key="a trial").id == job.id
    train.wait(working, job.id, seconds=PATIENCE)
    job = trying.job(working, job.id)
    assert job.state is JobState.DONE, job.message
    after = choose.plan(working, trained.dataset_id, STARTER, recipe)
    assert "two steps were tried" in after.rests_on and "two steps" not in before.rests_on
    assert after.memory_needed == pytest.approx(job.result["peak_memory"], rel=0.05)
    assert after.light is Light.GREEN and after.estimate == before.estimate
    assert job.result["tokens_per_second"] > 0 and (job.done, job.total) == (2, 2)
    assert not list(working.workspace.run("x").parent.glob("try-*"))


def test_of_several_gpus_two_steps_are_tried_on_the_one_that_is_chosen_on_the_screen(
    quiet: Studio, trained: Run, monkeypatch: pytest.MonkeyPatch
):
    cards = [Gpu(f"Card {name}", 10**11, free, f"GPU-{name}") for name, free in (("a", 10**10), ("b", 9 * 10**10))]
    here = Machine(8, 10**11, 10**11, 10**11, gpus=tuple(cards))
    monkeypatch.setattr(machine, "measure_machine", lambda _: here)
    monkeypatch.setattr(queue, "usable_gpus", lambda: here.gpus)
    for card in cards:
        screen.begin(quiet, trained.dataset_id, STARTER, card.uuid, *forms.values_of(RECIPE))
        job = trying.live(quiet, trained.dataset_id)
        assert job and (job.wants, jobs.spec(quiet.store, job.id)["about"]["device"]) == (card.uuid, card.name)
        trying.stop(quiet, job.id)


def test_a_trial_that_waits_can_be_given_up(quiet: Studio, trained: Run):
    job = trying.start(quiet, trained.dataset_id, STARTER, RECIPE, key="given up")
    assert trying.live(quiet, trained.dataset_id) == job
    trying.stop(quiet, job.id)
    assert trying.job(quiet, job.id).state is JobState.STOPPED
    assert trying.live(quiet, trained.dataset_id) is None
