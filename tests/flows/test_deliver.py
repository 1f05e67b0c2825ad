"""An adapter is handed out as a folder that works without the studio."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.domain.errors import ExportError
from studio.domain.recipe import Recipe
from studio.domain.run import Run
from studio.domain.study import Choice, Study
from studio.flows import compare, deliver, train
from studio.flows.studio import Studio

FILES = ("README.md", "adapter_config.json", "adapter_model.safetensors", "recipe.json", "run_adapter.py")


def test_the_download_holds_the_five_files_and_no_path_of_this_machine(quiet: Studio, trained: Run):
    release = deliver.adapter(quiet, trained.id)
    assert release.files == FILES
    assert release.step == train.best_checkpoint(quiet, trained.id).step
    with zipfile.ZipFile(release.path) as archive:
        assert sorted(archive.namelist()) == list(FILES)
        texts = [archive.read(name).decode() for name in FILES if not name.endswith(".safetensors")]
    assert release.path.stat().st_size == release.bytes
    for text in texts:
        assert str(quiet.assets.parent) not in text and str(quiet.workspace.root) not in text


def test_the_papers_say_what_it_is_and_whether_it_was_judged(
    quiet: Studio, trained: Run, tmp_path: Path, opened: Callable[..., Study], judge_all: Callable[..., None]
):
    first = deliver.adapter(quiet, trained.id, to=tmp_path / "first")
    card = (first.path / "README.md").read_text()
    for fact in (trained.name, "the best of its run", train.best_checkpoint(quiet, trained.id).sha256, "QLoRA"):
        assert fact in card
    assert "not been judged" in card
    assert json.loads((first.path / "recipe.json").read_text()) == trained.recipe.model_dump()
    study = opened()
    judge_all(study, Choice.TIE)
    compare.close(quiet, study.id)
    second = deliver.adapter(quiet, trained.id, to=tmp_path / "second")
    assert study.protocol in (second.path / "README.md").read_text()


def test_another_checkpoint_than_the_best_does_not_call_itself_the_best(quiet: Studio, trained: Run, tmp_path: Path):
    best = train.best_checkpoint(quiet, trained.id)
    other = next(kept for kept in train.checkpoints(quiet, trained.id) if kept != best)
    release = deliver.adapter(quiet, trained.id, step=other.step, to=tmp_path / "other")
    assert release.step == other.step
    assert "the best of its run" not in (release.path / "README.md").read_text()


def test_a_delivered_adapter_answers_without_the_studio(quiet: Studio, trained: Run, tmp_path: Path):
    release = deliver.adapter(quiet, trained.id, to=tmp_path / "adapter")
    script = str(release.path / "run_adapter.py")
    asked = [sys.executable, "-I", script, str(quiet.assets / "starter"), "Where is my parcel?"]
    done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_what_is_there_already_is_never_written_over(quiet: Studio, trained: Run, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ExportError) as refused:
            deliver.adapter(quiet, trained.id, to=place)
        assert refused.value.field == "to"
    assert (tmp_path / "mine.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    assert deliver.adapter(quiet, trained.id, to=tmp_path / "empty").path == tmp_path / "empty"


def test_a_damaged_checkpoint_is_not_delivered(quiet: Studio, trained: Run, tmp_path: Path):
    best = train.best_checkpoint(quiet, trained.id)
    weights = quiet.workspace.run(trained.id) / best.path / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(ExportError, match="damaged"):
        deliver.adapter(quiet, trained.id, to=tmp_path / "adapter")
    weights.unlink()
    with pytest.raises(ExportError, match="damaged or removed"):
        deliver.adapter(quiet, trained.id, to=tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()


def test_a_folder_that_cannot_be_made_is_told_in_words(quiet: Studio, trained: Run, tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match="could not be written: not a directory"):
        deliver.adapter(quiet, trained.id, to=tmp_path / "file" / "adapter")


def test_a_run_that_changed_the_whole_model_is_refused_in_words(quiet: Studio, trained: Run):
    recipe = Recipe(method="full", max_length=128)
    run = train.start(quiet, trained.dataset_id, trained.model_id, recipe, key="the whole model")
    with pytest.raises(ExportError, match="only adapters can be delivered yet") as refused:
        deliver.adapter(quiet, run.id)
    assert "judged as it is" in refused.value.fix
