"""What was begun because somebody looked waits in nobody's way once it is not looked at any more."""

from studio.domain.dataset import Dataset
from studio.domain.job import JobState
from studio.flows import leakage, mend, split, topics
from studio.flows.studio import Studio
from studio.store import jobs


def test_what_waits_for_a_version_ends_with_a_newer_one_and_goes_on_when_somebody_looks(
    quiet: Studio, dataset: Dataset
) -> None:
    asked = topics.look(quiet, dataset.id).job
    assert asked is not None and asked.state is JobState.QUEUED
    made = mend.drop(quiet, dataset.id, [0], why="by hand")
    assert jobs.get(quiet.store, asked.id).state is JobState.STOPPED
    newer = topics.look(quiet, made.id).job
    assert newer is not None and newer.state is JobState.QUEUED and newer.id != asked.id
    again = topics.look(quiet, dataset.id).job
    assert again is not None and again.id == asked.id and again.state is JobState.QUEUED


def test_the_check_of_a_split_ends_with_the_next_deal(quiet: Studio, dataset: Dataset) -> None:
    split.choose_some(quiet, dataset.id, {"seed": 11})
    asked = leakage.look(quiet, dataset.id).job
    assert asked is not None and asked.state is JobState.QUEUED
    split.choose_some(quiet, dataset.id, {"seed": 12})
    assert jobs.get(quiet.store, asked.id).state is JobState.STOPPED
