"""Whether a chosen tracker can be told of a run is found out before it starts, and keys stay where they are."""

import io
import zipfile
from pathlib import Path

import pytest

from studio.domain.errors import RecipeError, RunError
from studio.domain.recipe import Recipe
from studio.flows import choose, trackers
from studio.flows.studio import Studio
from studio.jobs.launcher import worker_environment

KEYS = {
    "WANDB_API_KEY": "k1",
    "MLFLOW_TRACKING_TOKEN": "k2",
    "TRACKIO_WRITE_TOKEN": "k3",
    "HF_TOKEN": "k4",
    "PATH": "/bin",
}


@pytest.fixture
def all_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "installed", lambda: trackers.TRACKERS)


def test_a_tracker_that_is_not_installed_is_refused_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trackers, "installed", lambda: ())
    with pytest.raises(RecipeError, match="MLflow is not installed") as refused:
        trackers.check(Recipe(trackers=("mlflow",)), environ={})
    assert "pip install mlflow" in refused.value.fix and refused.value.field == "trackers"
    trackers.check(Recipe(), environ={})


@pytest.mark.usefixtures("all_installed")
def test_a_missing_login_is_told_before_the_start_and_a_key_is_never_asked_for(tmp_path: Path):
    home = {"HOME": str(tmp_path)}
    with pytest.raises(RecipeError, match="does not know who you are") as refused:
        trackers.check(Recipe(trackers=("wandb",)), environ=home)
    assert "wandb login" in refused.value.fix
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password a-key\n")
    (tmp_path / ".netrc").chmod(0o600)
    trackers.check(Recipe(trackers=("wandb",)), environ=home)
    with pytest.raises(RecipeError, match="does not know"):
        trackers.check(Recipe(trackers=("wandb",)), environ=home | {"WANDB_BASE_URL": "https://wandb.example.org"})
    for known in ({"WANDB_API_KEY": "a-key"}, {"WANDB_MODE": "offline"}):
        trackers.check(Recipe(trackers=("wandb",)), environ=known)


@pytest.mark.usefixtures("all_installed")
def test_mlflow_needs_to_be_told_where_its_server_is():
    with pytest.raises(RecipeError, match="where its server is"):
        trackers.check(Recipe(trackers=("mlflow",)), environ={})
    trackers.check(Recipe(trackers=("mlflow", "trackio")), environ={"MLFLOW_TRACKING_URI": "http://localhost:5000"})


def test_a_worker_has_the_keys_of_the_trackers_that_its_run_chose_and_no_others():
    assert not set(worker_environment(KEYS)) & (KEYS.keys() - {"PATH"})
    chosen = worker_environment(KEYS | {"HTTPS_PROXY": "p"}, trackers=("wandb",))
    assert set(chosen) & KEYS.keys() == {"PATH", "WANDB_API_KEY"} and chosen["HTTPS_PROXY"] == "p"


def test_who_is_told_changes_nothing_of_what_is_learned_and_is_kept_in_the_recipe():
    told = Recipe(trackers=("wandb", "mlflow"))
    assert told.fingerprint == Recipe().fingerprint
    assert choose.recipe_from_yaml(choose.recipe_yaml("starter", told))[1] == told
    assert choose.changed(Recipe(), {"trackers": "wandb, mlflow"}) == told
    with pytest.raises(RecipeError, match="Also tell"):
        choose.recipe_from({"trackers": ["somewhere"]})


def test_the_files_for_tensorboard_are_one_download(resting: Studio):
    with pytest.raises(RunError, match="no files for TensorBoard"):
        trackers.event_files(resting, "run-1")
    folder = trackers.event_folder(resting, "run-1")
    folder.mkdir(parents=True)
    (folder / "events.out.tfevents.1.host.1").write_bytes(b"events")
    name, parts = trackers.event_files(resting, "run-1")
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        assert name == "run-1-tensorboard.zip" and archive.namelist() == ["run-1/events.out.tfevents.1.host.1"]
