"""Meaning: a comparison is a job that a person starts, stops and looks at; nothing is left out by it."""

import pytest

from studio.domain.errors import DatasetError
from studio.domain.job import JobState
from studio.domain.meaning import PACKAGE
from studio.flows import bring, meaning, train


def test_the_rows_of_a_file_are_compared_when_asked(working, dataset):
    if not meaning.is_installed():
        pytest.skip(f"{PACKAGE} is not installed")
    assert meaning.look(working, dataset.id).job is None and meaning.groups(working, dataset.id) is None

    job = meaning.compare(working, dataset.id)
    assert meaning.compare(working, dataset.id).id == job.id
    train.wait(working, job.id, seconds=240)

    found = meaning.look(working, dataset.id)
    assert found.job is not None and found.job.state is JobState.DONE
    assert found.meant is not None and found.meant.questions > 50
    wide = meaning.groups(working, dataset.id, at_least=found.meant.floor)
    assert wide is not None and wide.groups
    assert bring.dataset(working, dataset.id).mending.removed == {}


def test_without_the_package_one_sentence_says_how_to_get_it(working, dataset, monkeypatch):
    monkeypatch.setattr(meaning, "find_spec", lambda name: None)

    with pytest.raises(DatasetError) as refused:
        meaning.compare(working, dataset.id)
    assert "not installed" in refused.value.message and f"pip install {PACKAGE}" in str(refused.value.fix)
