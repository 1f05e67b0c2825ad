"""A dataset is what its job read; it is forgotten only when nobody needs it any more."""

import pytest
from sqlalchemy.exc import IntegrityError

from studio.domain.dataset import Guess, Layout, Mapping
from studio.domain.errors import DatasetError, StudioError
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState, Wish
from studio.store import datasets, jobs, splits
from studio.store.database import Store
from studio.store.ids import new_id
from tests.store.examples import Examples

READ = {
    "rows": 240,
    "rejects": 3,
    "lines": 245,
    "blank_lines": 2,
    "fingerprint": "ab12",
    "bytes": 5,
    "guess": {
        "layout": "prompt_completion",
        "fields": {"prompt": "question", "completion": "answer"},
        "reason": "240 of 243 rows have both.",
        "columns": ["question", "answer", "id"],
        "fits": 240,
        "seen": 243,
    },
    "reject_reasons": {"not JSON": 3},
    "duplicates": 4,
}


def test_a_new_dataset_waits_to_be_read(store: Store, examples: Examples):
    added = examples.dataset(name="Triage")
    assert (added.name, added.source_name, added.bytes, added.state) == ("Triage", "triage.jsonl", 5, "queued")
    assert (added.rows, added.guess, added.problem, added.is_ready) == (0, None, "", False)
    job = jobs.get(store, added.job_id)
    assert (job.kind, job.subject_id) == (JobKind.INGEST, added.id)
    assert jobs.spec(store, job.id) == {"source": "triage"}


def test_a_dataset_that_was_read_knows_what_is_in_it(store: Store, examples: Examples):
    added = examples.dataset()
    examples.finish(added.job_id, **READ)
    found = datasets.get(store, added.id)
    assert found.is_ready
    assert (found.rows, found.rejects, found.lines, found.blank_lines) == (240, 3, 245, 2)
    assert (found.fingerprint, found.reject_reasons) == ("ab12", {"not JSON": 3})
    assert found.guess == Guess(
        mapping=Mapping(Layout.PROMPT_COMPLETION, {"prompt": "question", "completion": "answer"}),
        reason="240 of 243 rows have both.",
        columns=("question", "answer", "id"),
        fits=240,
        seen=243,
    )


def test_a_dataset_that_is_being_read_says_how_far(store: Store, examples: Examples):
    added = examples.dataset()
    assert added.share_read == 0
    claimed = jobs.claim(store, kinds=[JobKind.INGEST])
    assert claimed is not None
    examples.report(claimed[0], (EventKind.PROGRESS, {"done": 30, "total": 120, "seconds_left": 9.0}))
    assert datasets.get(store, added.id).share_read == 0.25
    jobs.move(store, added.job_id, attempt=1, to=JobState.DONE, result=READ)
    assert datasets.get(store, added.id).share_read == 1


def test_a_file_that_could_not_be_read_says_why(store: Store, examples: Examples):
    added = examples.dataset()
    examples.finish(added.job_id, to=JobState.FAILED, message="It is a picture.")
    found = datasets.get(store, added.id)
    assert (found.state, found.problem, found.is_ready) == ("failed", "It is a picture.", False)


def test_while_a_dataset_is_read_its_progress_is_not_taken_for_its_content(store: Store, examples: Examples):
    added = examples.dataset()
    claimed = jobs.claim(store, kinds=[JobKind.INGEST])
    assert claimed is not None
    assert datasets.get(store, added.id).state == "running"
    assert datasets.get(store, added.id).guess is None


def test_datasets_are_listed_with_the_newest_first(store: Store, examples: Examples):
    made = [examples.dataset().id for _ in range(3)]
    assert [found.id for found in datasets.all(store)] == made[::-1]


def test_a_dataset_keeps_the_sample_it_came_from(store: Store):
    datasets.add(store, id="data-1", name="Cafe", source_name="cafe.jsonl", bytes=1, sample="cafe", spec={})
    assert datasets.get(store, "data-1").sample == "cafe"


def test_a_dataset_without_its_job_is_never_left_behind(store: Store, examples: Examples):
    known = examples.dataset()
    with pytest.raises(IntegrityError):
        datasets.add(store, id=known.id, name="Again", source_name="x", bytes=1, spec={})
    assert [job.subject_id for job in jobs.live(store)] == [known.id]


def test_a_file_name_that_is_not_unicode_is_kept_readable(store: Store):
    added = datasets.add(store, id="data-1", name="a\udcffb", source_name="a\udcffb.jsonl", bytes=1, spec={})
    assert added.source_name == "a?b.jsonl"


def test_a_dataset_can_be_renamed(store: Store, examples: Examples):
    added = examples.dataset(name="Triage")
    assert datasets.rename(store, added.id, "Triage, May").name == "Triage, May"
    assert datasets.get(store, added.id).name == "Triage, May"


def test_an_unknown_dataset_is_named(store: Store):
    for ask in (datasets.get, lambda s, id: datasets.rename(s, id, "x")):
        with pytest.raises(DatasetError, match="no dataset called data-0"):
            ask(store, "data-0")


def test_a_forgotten_dataset_takes_its_splits_and_jobs_with_it(store: Store, examples: Examples):
    kept, gone = examples.dataset(), examples.dataset()
    jobs.wish(store, kept.job_id, Wish.STOP)
    examples.finish(gone.job_id, **READ)
    split = examples.split(gone.id)
    with store.write() as connection:
        datasets.forget(connection, [gone])
    assert [found.id for found in datasets.all(store)] == [kept.id]
    with pytest.raises(DatasetError):
        splits.get(store, split.id)
    with pytest.raises(StudioError):
        jobs.get(store, gone.job_id)


def test_a_dataset_that_a_run_learned_from_is_not_forgotten(store: Store, examples: Examples):
    dataset = datasets.get(store, examples.run().dataset_id)
    with pytest.raises(IntegrityError), store.write() as connection:
        datasets.forget(connection, [dataset])
    assert datasets.get(store, dataset.id)


def test_ids_of_other_things_are_no_datasets(store: Store, examples: Examples):
    run = examples.run()
    with pytest.raises(DatasetError):
        datasets.get(store, run.id)
    with pytest.raises(DatasetError):
        datasets.get(store, new_id("data"))
