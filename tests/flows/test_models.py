"""Which bases there are, and why one cannot be used here."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import RecipeError
from studio.domain.job import JobKind
from studio.domain.model import Standing
from studio.flows import choose, deleted, inspect, models, train
from studio.flows.studio import Studio
from studio.jobs.process import kill_group
from studio.store import jobs
from tests.hub import FIRST, Hub, files_of, served


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


@pytest.fixture(autouse=True)
def nobody_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that nobody reaches, unless a test serves one."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")


def test_a_folder_is_added_once_however_often_it_is_named(resting: Studio, tmp_path: Path):
    folder = tmp_path / "Pebble-copy"
    shutil.copytree(resting.assets / "starter", folder)
    added = models.add_model(resting, str(folder))
    assert models.add_model(resting, str(folder / ".." / "Pebble-copy")) == added
    assert (added.title, added.path, added.starter, added.is_usable) == ("Pebble-copy", folder, False, True)
    assert [found.id for found in models.models(resting)].count(added.id) == 1
    deleted.delete(resting, [added.id])
    assert folder.is_dir() and added.id not in {found.id for found in models.models(resting)}
    assert models.add_model(resting, str(folder)) == added and deleted.listed(resting) == []


@pytest.mark.parametrize("named", ["", "nowhere", "/nowhere/at/all", "~nobody-there/x", "a\x00b"])
def test_what_is_neither_a_folder_nor_a_model_of_a_hub_is_refused(resting: Studio, named: str):
    with pytest.raises(RecipeError) as refused:
        models.add_model(resting, named)
    assert refused.value.fix
    assert jobs.live(resting.store) == []


def test_a_folder_without_a_model_is_refused(resting: Studio, tmp_path: Path):
    with pytest.raises(RecipeError) as refused:
        models.add_model(resting, str(tmp_path))
    assert refused.value.fix
    assert not any(found.path == tmp_path for found in models.models(resting))


def test_a_folder_that_is_there_goes_before_a_name_that_looks_like_it(
    resting: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(resting.assets / "starter", tmp_path / "models" / "Mine")
    monkeypatch.chdir(tmp_path)
    assert models.add_model(resting, "models/Mine").path == tmp_path / "models" / "Mine"
    assert models.add_model(resting, "models/Yours").is_downloading


def test_a_model_of_the_hub_is_one_download_however_often_it_is_named(resting: Studio):
    added = models.add_model(resting, "assay/Pebble")
    assert models.add_model(resting, "https://huggingface.co/assay/Pebble") == added
    assert models.download_model(resting, added.id) == added
    (job,) = jobs.live(resting.store)
    spec = jobs.spec(resting.store, job.id)
    assert (job.kind, job.subject_id) == (JobKind.DOWNLOAD, added.id)
    assert (spec["hub_id"], spec["revision"], spec["endpoint"]) == ("assay/Pebble", "", "http://127.0.0.1:9")
    assert Path(spec["to"]).is_relative_to(resting.workspace.root)
    other = models.add_model(resting, "assay/Pebble", revision="v2")
    assert other.id != added.id and other.title == "Pebble @ v2"


def test_a_download_that_was_stopped_goes_on_when_it_is_asked_for_again(resting: Studio):
    added = models.add_model(resting, "assay/Pebble")
    stopped = models.cancel(resting, added.id)
    assert stopped.standing is Standing.CUT_SHORT and stopped.can_be_downloaded
    with pytest.raises(RecipeError, match="is not being downloaded"):
        models.cancel(resting, added.id)
    again = models.add_model(resting, "assay/Pebble")
    assert again.is_downloading and added.download is not None and again.download is not None
    assert again.download.id == added.download.id
    with pytest.raises(RecipeError, match="is being downloaded"):
        deleted.delete(resting, [added.id])


def test_a_model_of_the_catalogue_is_downloaded_to_its_own_place(resting: Studio, monkeypatch: pytest.MonkeyPatch):
    for named in ("qwen3-0.6b", "Qwen/Qwen3-0.6B"):
        added = models.add_model(resting, named)
        assert (added.id, added.standing) == ("qwen3-0.6b", Standing.DOWNLOADING)
    assert len(jobs.live(resting.store)) == 1


def test_a_model_that_cannot_be_used_here_is_not_downloaded(resting: Studio):
    with pytest.raises(RecipeError, match=r"template does not say|Needs about") as refused:
        models.add_model(resting, "llama-3.3-70b")
    assert refused.value.fix == "It was not downloaded."
    assert jobs.live(resting.store) == []


def test_the_starter_comes_from_no_hub(resting: Studio):
    with pytest.raises(RecipeError, match="comes from no hub"):
        models.download_model(resting, models.STARTER)


def test_a_killed_download_goes_on_with_the_rest_and_its_model_can_be_planned_with(
    working: Studio, dataset: Dataset, eventually: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    """The whole way with real processes: half of the weights, a worker that is killed, and the other half."""
    content = files_of(working.assets / "starter")
    half, weights = len(content["model.safetensors"]) // 2, "model.safetensors"
    with served(Hub({FIRST: content})) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        hub.fails(weights, cut_after=half)
        hub.fails(weights, hold=(released := threading.Event()), times=99)  # asked again when it waits too long
        added = models.add_model(working, "assay/Pebble")
        eventually(lambda: len(hub.ranges(weights)) >= 2)
        job = eventually(lambda: found if (found := models.model(working, added.id).download).pid else None)
        kill_group(job.pid)
        eventually(lambda: models.model(working, added.id).standing is Standing.CUT_SHORT)
        released.set()
        assert "Start it again" in models.model(working, added.id).reason
        models.add_model(working, "assay/Pebble")
        here = eventually(lambda: found if (found := models.model(working, added.id)).is_usable else None)
    assert hub.ranges(weights)[0] is None and set(hub.ranges(weights)[1:]) == {f"bytes={half}-"}
    assert here.revision == FIRST and here.download.attempt == 2
    measuring = inspect.look(working, dataset.id, here.id).measuring
    train.wait(working, measuring.id, seconds=240)
    recipe = choose.default_recipe(working, dataset.id, here.id)
    assert choose.plan(working, dataset.id, here.id, recipe).steps > 0
    assert here.path is not None
    (here.path / weights).unlink()
    lost = models.model(working, added.id)
    assert not lost.is_usable and "some of its files are gone" in lost.reason
    deleted.delete(working, [added.id])
    assert added.id not in {each.id for each in models.models(working)} and here.path.exists()
    assert deleted.empty(working, [added.id]) > 0 and not here.path.exists()
