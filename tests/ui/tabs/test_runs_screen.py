"""Runs: what is listed, overlaid and told of runs, and what happens to them by a press."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from studio.domain.errors import RunError
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.logbook import Entry, differences
from studio.domain.recipe import Recipe
from studio.domain.run import Best, Listed, Run
from studio.flows.logbook import Kept, Page
from studio.flows.studio import Studio, open_studio
from studio.store import jobs
from studio.ui.runs import space
from studio.ui.runs.overlay import lying_words, overlay
from studio.ui.runs.tables import differences_table, runs_table
from studio.ui.tabs import recipe, runs
from tests.store.examples import Examples
from tests.ui import examples
from tests.ui.markup import words


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspace")
    yield opened
    opened.store.close()


def ended(studio: Studio, name: str) -> Run:
    """A run that was checked once and has ended."""
    made = Examples(studio.store)
    run = made.run(name=name)
    claimed = jobs.claim(studio.store, kinds=[JobKind.TRAIN])
    assert claimed is not None
    made.report(claimed[0], (EventKind.METRIC, {"step": 4, "epoch": 1.0, "loss": 2.0, "validation_loss": 1.5}))
    assert jobs.move(studio.store, run.job.id, attempt=1, to=JobState.DONE)
    return run


KEPT = Kept(
    run=Listed("run-1", "triage-1", "data-1", "starter", examples.AT, examples.AT, "job-1", JobState.DONE, "finished"),
    entry=Entry(owner="mira", notes="It kept <b>the format</b>.", tags=("format", "first")),
    dataset="Triage",
    best=Best(40, 1.6),
    studies=1,
)


def test_a_run_is_listed_with_its_state_its_best_and_what_people_said() -> None:
    said = words(runs_table(Page((KEPT,), 1)))
    assert "finished, 1 study" in said and "1.600 at step 40" in said
    assert "mira" in said and "format, first" in said and "It kept <b>the format</b>." in said
    assert "<b>the" not in runs_table(Page((KEPT,), 1))
    assert "No run yet." in words(runs_table(Page((), 0)))


def test_runs_are_overlaid_with_both_their_losses_in_one_colour_each() -> None:
    pair = [(replace(examples.run(), id=f"run-{n}", name=f"triage-{n}"), examples.CURVE) for n in (1, 2)]
    value = overlay(pair)
    assert value is not None
    lines = json.loads(value["figure"])["data"]
    assert [line["name"] for line in lines] == ["triage-1, training", "triage-1", "triage-2, training", "triage-2"]
    assert len({line["line"]["color"] for line in lines}) == 2
    assert "triage-2: lowest validation loss 1.600 at step 40" in value["words"]
    assert overlay([(examples.run(), [])]) is None


def test_a_curve_that_would_hide_another_is_dashed_and_said_to_lie_on_it() -> None:
    apart = [replace(p, validation_loss=p.validation_loss and p.validation_loss + 0.2) for p in examples.CURVE]
    named = {"first": examples.CURVE, "same": examples.CURVE, "begun": examples.CURVE[:1], "apart": apart}
    found = [(replace(examples.run(), id=name, name=name), points) for name, points in named.items()]
    value = overlay(found)
    assert value is not None
    dashes = {line["name"]: line["line"]["dash"] for line in json.loads(value["figure"])["data"]}
    assert dashes["first"] == dashes["apart"] == "solid" and dashes["same"] == "dash"
    assert "The curve of same lies on that of first; it is dashed" in words(lying_words(found))
    assert lying_words([found[0], found[3]]) == ""


def test_the_column_of_tags_and_notes_is_there_once_somebody_wrote_some() -> None:
    silent = replace(KEPT, entry=Entry(owner="mira"))
    assert "Tags and notes" not in runs_table(Page((silent,), 1))
    said = runs_table(Page((silent, KEPT), 2))
    assert "Tags and notes" in said and "–" not in words(said)


def test_only_what_differs_is_shown() -> None:
    other = Recipe(method="lora", learning_rate=1e-3, dora=True)
    said = words(differences_table(["one", "two"], differences([Recipe(), other])))
    assert "Learning rate 0.0002 0.001" in said and "no yes" in said and "QLoRA LoRA" in said and "Seed" not in said
    assert "only chance tells them apart" in words(differences_table(["one", "two"], []))


def test_one_picked_run_can_be_noted_and_repeated_and_two_are_compared(studio: Studio) -> None:
    one, two = ended(studio, "one"), ended(studio, "two")
    picture, facts, _, _, papers, text, written, _, again, delete = runs.show_picked(studio, [one.id])
    assert picture and "What it was made from" in words(facts) and papers.visible
    assert "learning_rate: 0.004" in text and "SFTTrainer" in written
    assert again.interactive and delete.interactive
    _, facts, *_, again, delete = runs.show_picked(studio, [one.id, two.id])
    assert "What differs" in words(facts) and not again.interactive and delete.interactive
    *_, again, delete = runs.show_picked(studio, [])
    assert not again.interactive and not delete.interactive


def test_notes_are_listed_at_once(studio: Studio) -> None:
    one = ended(studio, "one")
    table = runs.note(studio, [one.id], "", "It kept the format.", "format, first")[0]
    assert "format, first · It kept the format." in words(table)
    with pytest.raises(RunError, match="one run at a time"):
        runs.note(studio, [], "", "nothing", "")


def test_a_run_is_gone_at_a_press_and_back_at_the_next(studio: Studio) -> None:
    one, two = ended(studio, "one"), ended(studio, "two")
    table, picked, some, _, undo, hidden, picker = runs.hide(studio, [one.id], "", False, one.id)
    assert some.visible
    assert "one" not in words(table).split() and undo.visible and hidden == [one.id]
    assert picked.value == [] and picker.value == two.id
    table, _, _, _, undo, hidden, _ = runs.bring_back(studio, hidden, [two.id], "", two.id)
    assert "one" in words(table).split() and not undo.visible and hidden == []


def test_while_nothing_was_tried_there_is_nothing_to_press(studio: Studio) -> None:
    *_, some, many = runs.show(studio, [])
    assert not some.visible and not many.visible


def test_the_same_again_opens_the_recipe_with_the_values_of_the_run(studio: Studio) -> None:
    one = ended(studio, "one")
    _, _, wanted, tabs = runs.same_again(studio, [one.id])
    assert wanted.recipe == one.recipe and tabs.selected == "recipe"
    assert runs.same_again(studio, [one.id])[2] != wanted  # so that a second press brings the values back again
    assert recipe._wanted(wanted, one.dataset_id, one.model_id) == one.recipe
    assert recipe._wanted(wanted, "other data", one.model_id) is None
    assert recipe._wanted(None, one.dataset_id, one.model_id) is None


def test_what_is_moved_to_the_bin_is_shown_there_with_its_size_and_comes_back(studio: Studio) -> None:
    one = ended(studio, "one")
    folder = studio.workspace.run(one.id)
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(bytes(3_000_000))
    *_, offered, bin, hidden, empty = space.show(studio, [], [])
    assert ("Run one · 3.0 MB", one.id) in offered.choices and not empty.interactive and "empty" in bin
    *_, offered, bin, hidden, empty, changes = space.put_away(studio, [one.id], [], 0)
    assert one.id not in [id for _, id in offered.choices] and empty.interactive and changes == 1
    assert "Run one" in words(bin) and "3.0 MB" in words(bin) and hidden.choices == [("Run one · 3.0 MB", one.id)]
    *_, offered, bin, hidden, empty, changes = space.bring_back(studio, [], [one.id], changes)
    assert one.id in [id for _, id in offered.choices] and hidden.choices == [] and changes == 2
    space.put_away(studio, [one.id], [], changes)
    *_, hidden, empty, _ = space.remove_for_good(studio, [], [one.id], changes)
    assert hidden.choices == [] and not empty.interactive and not folder.exists()


def test_the_budget_and_the_days_of_the_bin_are_kept(studio: Studio) -> None:
    shares, budget, days, *_ = space.limit(studio, "2 GB", 7, [], [])
    assert "2.0 GB at most" in words(shares) and (budget, days) == ("2.0 GB", 7)
    shares, budget, *_ = space.limit(studio, "", 7, [], [])
    assert "no limit but the disk" in words(shares) and budget == ""
