"""Which bases there are, and why one cannot be used here."""

import shutil
from pathlib import Path

import pytest

from studio.domain.errors import RecipeError
from studio.flows import models
from studio.flows.studio import Studio


def test_the_starter_comes_first_and_needs_nothing(resting: Studio):
    first = models.models(resting)[0]
    assert (first.id, first.starter, first.is_usable) == (models.STARTER, True, True)
    assert models.usable(resting, models.STARTER) == first


def test_what_cannot_be_used_here_says_why(resting: Studio):
    missing = next(found for found in models.models(resting) if found.path is None)
    assert missing.reason
    with pytest.raises(RecipeError, match="cannot be used here"):
        models.usable(resting, missing.id)
    with pytest.raises(RecipeError, match="no model called other"):
        models.model(resting, "other")


def test_a_folder_is_added_once_however_often_it_is_named(resting: Studio, tmp_path: Path):
    folder = tmp_path / "Pebble-copy"
    shutil.copytree(resting.assets / "starter", folder)
    added = models.add_model(resting, folder)
    assert models.add_model(resting, folder / ".." / "Pebble-copy") == added
    assert (added.title, added.path, added.starter, added.is_usable) == ("Pebble-copy", folder, False, True)
    assert [found.id for found in models.models(resting)].count(added.id) == 1


def test_a_folder_without_a_model_is_refused(resting: Studio, tmp_path: Path):
    with pytest.raises(RecipeError) as refused:
        models.add_model(resting, tmp_path)
    assert refused.value.fix
    assert not any(found.path == tmp_path for found in models.models(resting))
