"""A split is checked in a process of its own, and what a person reads of it never breaks the seal."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.job import JobKind, JobState
from studio.domain.leakage import Twin
from studio.domain.run import Run
from studio.domain.split import Bin, SplitChoices
from studio.domain.study import Study
from studio.flows import leakage, split, train
from studio.flows.studio import Studio
from studio.store import jobs
from tests.flows.conftest import PATIENCE
from tests.flows.test_split import rows_of


@pytest.fixture
def check(working: Studio, dataset: Dataset) -> leakage.Check:
    asked = leakage.look(working, dataset.id)
    if asked.job is not None:
        train.wait(working, asked.job.id, seconds=PATIENCE)
    return leakage.look(working, dataset.id)


def test_looking_starts_one_check_of_the_split_and_another_split_has_its_own(quiet: Studio, trained: Run):
    split.choose(quiet, trained.dataset_id, SplitChoices(held_out=0.3))
    first = leakage.look(quiet, trained.dataset_id)
    assert first.found is None and first.job is not None and first.job.is_live
    assert leakage.look(quiet, trained.dataset_id).job == first.job
    split.choose(quiet, trained.dataset_id, SplitChoices(held_out=0.4, seed=8))
    other = leakage.look(quiet, trained.dataset_id).job
    assert other is not None and other.id != first.job.id


def test_the_check_measures_both_deals_and_lists_what_to_read(working: Studio, check: leakage.Check):
    held = len(check.split.rows(Bin.VALIDATION)) + len(check.split.rows(Bin.TEST))
    assert check.job is None and check.found is not None
    assert check.found.after.held_out == check.found.before.held_out == held and check.found.after.twins == 0
    pairs = leakage.reading_list(working, check)
    assert len(pairs) == min(15, len(check.split.rows(Bin.VALIDATION)))
    for pair in pairs:
        assert pair.row is not None and check.split.bins[pair.row.number] is Bin.VALIDATION
        assert check.split.bins[pair.twin.number] is Bin.TRAIN and 0 <= pair.likeness < 0.7


def test_the_reading_list_can_be_downloaded(working: Studio, dataset: Dataset, check: leakage.Check):
    pairs = leakage.reading_list(working, check)
    table = rows_of(leakage.reading_lines(working, dataset.id))
    lines = [
        json.loads(line) for line in b"".join(leakage.reading_lines(working, dataset.id, kind="jsonl")).splitlines()
    ]
    assert [line["training_question"] for line in lines] == [pair.twin.question for pair in pairs]
    assert [int(row["line"]) for row in table] == [line["line"] for line in lines]
    with pytest.raises(DatasetError):
        leakage.reading_lines(working, dataset.id, kind="xlsx")


def test_a_test_row_with_a_twin_stays_under_seal_until_a_study_opens_it(
    quiet: Studio, trained: Run, opened: Callable[..., Study], check: leakage.Check
):
    test, other, kept = (
        check.split.rows(Bin.TEST)[0],
        check.split.rows(Bin.VALIDATION)[0],
        check.split.rows(Bin.TRAIN)[0],
    )
    assert check.found is not None
    found = replace(check.found, twins=(Twin(test, kept, 0.9), Twin(other, kept, 0.8)))
    leaky = replace(check, found=found)
    assert [pair.row and pair.row.number for pair in leakage.twins(quiet, leaky)] == [None, other]
    opened()
    assert [pair.row and pair.row.number for pair in leakage.twins(quiet, leaky)] == [test, other]


def test_nothing_is_listed_before_the_check_and_a_failed_one_can_be_tried_again(quiet: Studio, trained: Run):
    split.choose(quiet, trained.dataset_id, SplitChoices(held_out=0.4, seed=8))
    waiting = leakage.look(quiet, trained.dataset_id)
    assert waiting.job is not None
    assert leakage.reading_list(quiet, waiting) == leakage.twins(quiet, waiting) == []
    with pytest.raises(DatasetError, match="not been checked"):
        leakage.reading_lines(quiet, trained.dataset_id)
    assert jobs.claim(quiet.store, kinds=[JobKind.CHECK_SPLIT])
    jobs.move(quiet.store, waiting.job.id, attempt=1, to=JobState.FAILED, message="It failed.")
    assert leakage.check_again(quiet, waiting.job.id).is_live
