"""A sweep from its plan to the comparison; its runs report what a worker would, and nothing is trained."""

from typing import Any

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import RecipeError, RunError
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.sweep import Sweep
from studio.flows import deleted, logbook, queue, sweep, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import jobs
from studio.ui.parts import forms
from studio.ui.runs.sweeps import comparison
from studio.ui.tabs import runs as runs_tab
from studio.ui.training import queue as line_part
from studio.ui.training import sweep as part
from tests.flows.conftest import RECIPE
from tests.store.examples import Examples
from tests.ui.markup import words

RATES = {"learning_rate": [1e-3, 4e-3]}


@pytest.fixture
def queued(quiet: Studio, dataset: Dataset) -> Sweep:
    return sweep.start(quiet, dataset.id, STARTER, RECIPE, RATES, key="press")


def train_as_told(studio: Studio, losses: list[float], *, message: str = "Done.") -> None:
    """Carry out the next run of the line: a check for each loss, and it is done."""
    claimed = jobs.claim(studio.store, kinds=[JobKind.TRAIN])
    assert claimed is not None
    told = [
        (EventKind.METRIC, {"step": 5 * at, "epoch": at, "validation_loss": loss}) for at, loss in enumerate(losses)
    ]
    Examples(studio.store).report(claimed[0], *told)
    assert jobs.move(studio.store, claimed[0].id, attempt=1, to=JobState.DONE, message=message)


def test_it_is_told_beforehand_how_many_runs_it_makes_and_how_long_they_take(quiet: Studio, dataset: Dataset):
    asked = sweep.planned(quiet, dataset.id, STARTER, RECIPE, RATES | {"rank": [4, 8]})
    assert [changes for changes, _ in asked.each][1] == {"learning_rate": 1e-3, "rank": 8}
    assert asked.takes and asked.takes.low == pytest.approx(sum(plan.seconds_low for _, plan in asked.each))
    assert asked.sentence.startswith("4 runs, one after another: ") and asked.sentence.endswith(" in all.")


@pytest.mark.parametrize(
    ("typed", "says", "field"),
    [
        (["rank=8,9999"], "Adapter rank: must be at most 256, not 9999.", "rank"),
        (["rank=8,many"], "“many” is not a whole number", "rank"),
        (["schedule=cosine,often"], "“often” is not one of linear, cosine, constant", "schedule"),
        (["deepness=1,2"], "no “deepness”", "deepness"),
        (["rank"], "“rank” names no values", ""),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_knob_and_nothing_is_queued(
    quiet: Studio, dataset: Dataset, typed: list[str], says: str, field: str
):
    with pytest.raises(RecipeError) as refused:
        sweep.start(quiet, dataset.id, STARTER, RECIPE, sweep.knobs_of(typed), key="press")
    assert says in refused.value.message and refused.value.field == field
    assert queue.line(quiet, gpus=()).waiting == () and sweep.sweeps(quiet) == []


def test_one_action_queues_every_run_and_pressed_twice_it_is_one_sweep(quiet: Studio, dataset: Dataset, queued: Sweep):
    assert sweep.start(quiet, dataset.id, STARTER, RECIPE, RATES, key="press") == queued
    waiting = queue.line(quiet, gpus=()).waiting
    assert [place.run.recipe.learning_rate for place in waiting if place.run] == [1e-3, 4e-3]
    assert waiting[1].name == f"{queued.name}: learning rate 0.004" and waiting[1].begins is not None
    assert logbook.entry(quiet, queued.run_ids[1]).owner
    assert f"Stop the whole sweep {queued.name}" in line_part.line_page(queue.line(quiet, gpus=()))


def test_one_press_stops_all_that_waits_or_runs(quiet: Studio, queued: Sweep):
    jobs.claim(quiet.store, kinds=[JobKind.TRAIN])
    line_part.pressed(quiet, queued.id, act="sweep", value="")
    assert [train.run(quiet, run_id).job.words for run_id in queued.run_ids] == ["stopping", "stopped"]
    jobs.move(quiet.store, train.run(quiet, queued.run_ids[0]).job.id, attempt=1, to=JobState.STOPPED)
    with pytest.raises(RunError, match="is not running"):
        sweep.stop(quiet, queued.id)


def test_the_comparison_names_the_best_and_its_recipe_can_be_used(quiet: Studio, queued: Sweep):
    train_as_told(quiet, [2.0, 1.0, 0.9, 0.85, 0.82, 0.8])
    soon = sweep.compared(quiet, queued.id)
    assert soon.ranking.said.title == "Nothing to compare yet."
    train_as_told(quiet, [2.0, 0.7, 0.6, 0.55, 0.52, 0.5])
    found = sweep.compared(quiet, queued.id)
    assert found.best and found.best.id == queued.run_ids[1]
    assert [line.mark for line in found.lines] == ["", "best"]
    said = words(comparison(found))
    assert "Learning rate 0.004 is best." in said and "0.001 0.800 25" in said
    shown = runs_tab.show_picked(quiet, [queued.id])
    assert "learning rate 0.004" in shown[0]["words"] and shown[-2].value == "Use the best one's recipe"
    assert runs_tab.same_again(quiet, [queued.id])[2].recipe == train.run(quiet, queued.run_ids[1]).recipe


def test_a_sweep_is_a_row_of_the_runs_with_its_tries_and_its_best(quiet: Studio, queued: Sweep):
    def drawn() -> str:
        return runs_tab.show(quiet, [])[0]

    assert f"Sweep {queued.name}: 2 tries 2 waiting –" in words(drawn())
    train_as_told(quiet, [2.0, 0.8])
    train_as_told(quiet, [2.0, 0.5])
    said = words(drawn())
    assert f"Sweep {queued.name}: 2 tries 2 finished 0.500 with learning rate 0.004" in said
    assert said.index(f"Sweep {queued.name}") < said.index(
        train.run(quiet, queued.run_ids[1]).name, said.index("tries")
    )
    assert f'data-pick="{queued.id}"' in drawn() and f'data-pick="{queued.run_ids[0]}"' in drawn()
    deleted.delete(quiet, [queued.run_ids[1]])
    assert "1 try 1 finished 0.800 with learning rate 0.001" in words(drawn())


def test_a_sweep_is_deleted_and_brought_back_with_its_runs(quiet: Studio, queued: Sweep):
    with pytest.raises(RunError, match="still going"):
        runs_tab.hide(quiet, [queued.id], "", False, None)
    sweep.stop(quiet, queued.id)
    values = runs_tab.hide(quiet, [queued.id], "", False, None)
    assert sweep.sweeps(quiet) == [] and {each.thing.id for each in deleted.listed(quiet)} == set(queued.run_ids)
    assert set(queued.run_ids).isdisjoint(run.id for run in train.runs(quiet))
    runs_tab.bring_back(quiet, values[5], [], "", None)
    assert sweep.sweeps(quiet) == [queued]


def test_the_recipe_screen_tells_what_a_sweep_means_and_what_is_wrong_with_it(quiet: Studio, dataset: Dataset):
    def said(*typed: Any) -> tuple[str, bool]:
        page, start = part.show(quiet, dataset.id, STARTER, None, *typed, *forms.values_of(RECIPE))
        return words(page), start.interactive

    assert said("rank", "4, 8", "", "")[0].startswith("✓ 2 runs, one after another:")
    assert said("rank", "4, 9999", "", "") == (
        "✕ Adapter rank: must be at most 256, not 9999. Change that value.",
        False,
    )
    assert "Both knobs are the same." in said("rank", "4, 8", "rank", "16")[0]
    assert said("rank", "", "", "") == ("", False)
