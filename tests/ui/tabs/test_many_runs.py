"""Many runs: lists take as many questions as with few, validate no recipe, and find every run."""

from collections.abc import Callable
from typing import Any

import pytest

from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.recipe import Recipe
from studio.domain.run import Best
from studio.domain.split import Split
from studio.flows import chat, logbook, queue, sweep, things, train
from studio.flows.logbook import MOST
from studio.flows.studio import Studio
from studio.store import jobs
from studio.ui.parts import pickers
from studio.ui.tabs import runs
from tests.questions import asked
from tests.store.examples import Examples
from tests.store.test_sweeps import made
from tests.ui.markup import words

LISTS: dict[str, Callable[[Studio], Any]] = {
    "all": logbook.kept,
    "a page": logbook.page,
    "what is found": lambda studio: logbook.page(studio, find="triage"),
    "the screen": lambda studio: runs.show(studio, []),
    "the header": lambda studio: pickers.run_labels(studio, None),
    "sweeps": sweep.sweeps,
    "the line": queue.line,
    "all that can be deleted": things.every,
    "who can be asked": lambda studio: chat.contestants(studio, "starter"),
    "who is asked first": lambda studio: chat.usual_choice(studio, "starter", None),
    "who can be trained further": lambda studio: train.first_stages(studio, "starter"),
}


@pytest.fixture
def examples(studio: Studio) -> Examples:
    return Examples(studio.store)


def ended(studio: Studio, examples: Examples, split: Split, *, name: str, to: JobState, **told: Any) -> str:
    """A run that was checked twice and ended."""
    run = examples.run(name=name, split=split)
    jobs.move_in_line(studio.store, run.job.id, kinds=[JobKind.TRAIN], to=1)
    claimed = jobs.claim(studio.store, kinds=[JobKind.TRAIN])
    assert claimed and claimed[0].id == run.job.id
    checks = [{"step": step, "epoch": 1.0, "validation_loss": 2.0 - step / 10} for step in (2, 4)]
    examples.report(claimed[0], *((EventKind.METRIC, check) for check in checks))
    assert jobs.move(studio.store, run.job.id, attempt=1, to=to, result=told)
    return run.id


def of_every_kind(studio: Studio, examples: Examples) -> None:
    """A run that ended well, one that broke off, one that waits, and a sweep of two."""
    split = examples.split(examples.dataset().id)
    ended(studio, examples, split, name="triage-1", to=JobState.DONE, best_step=3, best_validation_loss=1.5)
    ended(studio, examples, split, name="triage-2", to=JobState.FAILED)
    examples.run(split=split, name="triage-3")
    made(studio.store, examples, key=split.id)


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_as_many_questions_of_many_runs_as_of_few(studio: Studio, examples: Examples, name: str) -> None:
    counted = []
    for times in (1, 4):
        for _ in range(times):
            of_every_kind(studio, examples)
        LISTS[name](studio)
        with asked(studio.store) as told:
            LISTS[name](studio)
        counted.append(len(told))
    assert counted[0] == counted[1] and told, told


def test_a_list_validates_no_recipe(studio: Studio, examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    ended(studio, examples, examples.split(examples.dataset().id), name="triage-1", to=JobState.DONE)
    validated: list[Any] = []
    real = Recipe.model_validate
    monkeypatch.setattr(Recipe, "model_validate", lambda values: validated.append(values) or real(values))
    for name, look in LISTS.items():
        if name != "the line":  # of what waits it says how long its plan takes
            look(studio)
    assert validated == []
    train.run(studio, train.runs(studio)[0].id)
    assert len(validated) == 1


def test_the_best_of_a_run_is_what_it_told_or_else_that_of_its_curve(studio: Studio, examples: Examples) -> None:
    split = examples.split(examples.dataset().id)
    ended(studio, examples, split, name="told", to=JobState.DONE, best_step=3, best_validation_loss=1.5)
    ended(studio, examples, split, name="broken", to=JobState.FAILED)
    examples.run(name="waits", split=split)
    best = {kept.run.name: kept.best for kept in logbook.kept(studio)}
    assert best == {"told": Best(3, 1.5), "broken": Best(4, 1.6), "waits": None}


def test_a_run_that_tells_of_a_better_check_is_shown_with_it_at_the_next_look(
    studio: Studio, examples: Examples
) -> None:
    run = examples.running_run()
    for step, loss, best in ((2, 1.8, Best(2, 1.8)), (4, 1.6, Best(4, 1.6)), (6, 1.7, Best(4, 1.6))):
        examples.report(run.job, (EventKind.METRIC, {"step": step, "epoch": 1.0, "validation_loss": loss}))
        assert [kept.best for kept in logbook.page(studio).kept] == [best]


def test_a_screen_shows_the_newest_runs_and_finds_every_other(studio: Studio, examples: Examples) -> None:
    split = examples.split(examples.dataset(name="Ärger").id)
    made_ = [examples.run(name=f"try-{number:03}", split=split) for number in range(MOST + 3)]
    logbook.write(studio, made_[0].id, notes="It kept the format.", tags="first")
    table, picked, some, many = runs.show(studio, [made_[1].id])
    said = words(table)
    newest = f"try-{MOST + 2:03}"
    assert newest in said and "try-003" in said and "try-002" not in said
    assert f"The newest {MOST} of {MOST + 3} are shown" in said and some.visible and many.visible
    assert picked.value == [made_[1].id] and ("try-001", made_[1].id) in picked.choices
    for find in ("try-000", "FORMAT kept", "first ärger", made_[0].id):
        table, picked, _, many = runs.show(studio, [], find)
        assert "try-000" in words(table) and newest not in words(table), find
        assert many.visible and made_[0].id in [id for _, id in picked.choices]
    assert "In no line are all of these words." in words(runs.show(studio, [], "first never")[0])


def test_the_header_offers_the_newest_runs_what_runs_and_what_is_chosen(
    studio: Studio, examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickers, "NEWEST", 2)
    split = examples.split(examples.dataset().id)
    waits = examples.run(name="waits", split=split)
    old = [ended(studio, examples, split, name=f"old-{n}", to=JobState.DONE) for n in range(2)]
    new = [ended(studio, examples, split, name=f"new-{n}", to=JobState.DONE) for n in range(2)]
    _, _, picked = pickers.opened(studio, {"data": "another", "run": old[0]})
    assert picked.value == old[0]
    picked = pickers.run_picker(studio, old[0])
    assert [id for _, id in picked.choices] == [*reversed(new), waits.id, old[0]]
    assert picked.value == old[0] and ("old-0 · finished", old[0]) in picked.choices
