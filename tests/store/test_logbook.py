"""What is kept of a run beside its curves, and how it goes away and comes back."""

from studio.domain.event import EventKind
from studio.domain.job import JobKind
from studio.domain.logbook import Entry
from studio.store import jobs, logbook, runs
from studio.store.database import Store
from tests.store.examples import Examples


def test_who_started_a_run_and_with_what_is_written_once(store: Store, examples: Examples):
    run = examples.run()
    assert logbook.entry(store, run.id) == Entry()
    logbook.open_entry(store, run.id, owner="mira", versions={"torch": "2.13.0"})
    logbook.open_entry(store, run.id, owner="somebody else", versions={})
    assert logbook.entry(store, run.id) == Entry(owner="mira", versions={"torch": "2.13.0"})


def test_notes_and_tags_change_apart_also_of_a_run_from_before_the_logbook(store: Store, examples: Examples):
    run = examples.run()
    logbook.write(store, run.id, notes="The first that kept the format.\x00")
    assert logbook.write(store, run.id, tags=["format", "try"]).tags == ("format", "try")
    assert logbook.entry(store, run.id).notes == "The first that kept the format.\N{REPLACEMENT CHARACTER}"


def test_a_forgotten_run_takes_all_that_it_reported_with_it(store: Store, examples: Examples):
    run = examples.running_run()
    examples.report(run.job, (EventKind.METRIC, {"step": 1, "epoch": 0.1, "loss": 2.0}))
    with store.write() as connection:
        runs.forget(connection, run.id)
    assert runs.all(store) == [] and runs.metrics(store, run.id) == [] and logbook.entries(store) == {}
    assert jobs.live(store, kinds=[JobKind.TRAIN]) == []


def test_a_run_on_which_a_study_rests_keeps_its_place(store: Store, examples: Examples):
    study = examples.study()
    with store.write() as connection:
        runs.forget(connection, study.run_id)
    assert runs.get(store, study.run_id)
