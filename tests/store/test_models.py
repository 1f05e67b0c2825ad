"""Model folders that people added are remembered once each, until they are removed."""

from pathlib import Path

import pytest

from studio.domain.errors import RecipeError
from studio.domain.job import JobKind, JobState
from studio.store import jobs, models
from studio.store.database import Store


def test_added_folders_are_listed_in_their_order(store: Store):
    models.add(store, id="model-2", title="Second to none", path=Path("/models/b"))
    models.add(store, id="model-1", title="Other", path=Path("/models/a"))
    assert [(model.id, model.title, model.path) for model in models.all(store)] == [
        ("model-2", "Second to none", Path("/models/b")),
        ("model-1", "Other", Path("/models/a")),
    ]


def test_a_folder_added_twice_is_one_model(store: Store):
    first = models.add(store, id="model-1", title="Mine", path=Path("/models/a"))
    assert models.add(store, id="model-2", title="Mine again", path=Path("/models/a")) == first
    assert models.all(store) == [first]


def test_a_removed_model_is_forgotten(store: Store):
    models.add(store, id="model-1", title="Mine", path=Path("/models/a"))
    with store.write() as connection:
        models.forget(connection, "model-1")
    assert models.all(store) == []
    with pytest.raises(RecipeError, match="no added model called model-1"):
        models.get(store, "model-1")


def test_a_model_of_a_hub_is_remembered_once_with_one_download(store: Store):
    first = from_hub(store, "model-1")
    assert from_hub(store, "model-2") == first
    assert first.job is not None and (first.job.kind, first.job.state) == (JobKind.DOWNLOAD, JobState.QUEUED)
    assert jobs.spec(store, first.job.id) == {"to": "/models/model-1"}
    assert [job.id for job in jobs.live(store)] == [first.job.id]


def test_another_revision_is_another_model(store: Store):
    assert from_hub(store, "model-1") != from_hub(store, "model-2", revision="v2")
    assert [model.revision for model in models.all(store)] == ["", "v2"]


def test_a_model_that_is_downloaded_again_has_a_new_job_however_often_that_is_asked(store: Store):
    first = from_hub(store, "model-1")
    again = models.download_again(store, first, {"to": "/models/model-1"})
    assert again.job is not None and first.job is not None and again.job.id != first.job.id
    assert models.download_again(store, first, {"to": "/models/model-1"}) == again == models.all(store)[0]


def from_hub(store: Store, id: str, *, revision: str = "") -> models.AddedModel:
    path = Path("/models") / id
    spec = {"to": str(path)}
    return models.add_from_hub(
        store, id=id, title="Pebble", path=path, hub_id="assay/Pebble", revision=revision, spec=spec
    )
