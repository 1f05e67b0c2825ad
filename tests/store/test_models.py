"""Model folders that people added are remembered once each, until they are removed."""

from pathlib import Path

import pytest

from studio.domain.errors import RecipeError
from studio.store import models
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
    models.remove(store, "model-1")
    assert models.all(store) == []
    with pytest.raises(RecipeError, match="no added model called model-1"):
        models.remove(store, "model-1")
