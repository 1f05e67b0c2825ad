"""A workspace knows every path, keeps its folders private, and no id leads out of it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from studio.domain.errors import SetupError, StudioError
from studio.store.workspace import Workspace


def test_the_folders_of_a_new_workspace_are_for_their_owner_alone(tmp_path: Path):
    root = tmp_path / "team"
    Workspace(root).prepare()
    assert {folder.name for folder in root.iterdir()} == {
        "datasets",
        "models",
        "runs",
        "studies",
        "jobs",
        "exports",
        "uploads",
    }
    assert {folder.stat().st_mode & 0o777 for folder in (root, *root.iterdir())} == {0o700}


def test_preparing_again_changes_nothing(tmp_path: Path):
    workspace = Workspace(tmp_path)
    workspace.prepare()
    (workspace.exports / "kept.csv").write_text("1")
    workspace.prepare()
    assert (workspace.exports / "kept.csv").read_text() == "1"


def test_a_place_where_no_folder_can_be_made_is_named_with_what_to_do(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match=r"cannot be made: not a directory") as refused:
        Workspace(tmp_path / "file" / "team").prepare()
    assert "STUDIO_WORKSPACES" in refused.value.fix


def test_a_read_only_folder_is_named_with_what_to_do():
    root = Path(tempfile.mkdtemp())
    Workspace(root).prepare()
    root.chmod(0o555)
    with as_nobody(), pytest.raises(SetupError, match="read-only for you") as refused:
        Workspace(root).prepare()
    shutil.rmtree(root)
    assert "STUDIO_WORKSPACES" in refused.value.fix


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write everywhere, so it steps back for a moment; everyone else stays who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize("id", ["..", "../../etc", "", "/etc", "a/b", ".hidden", "run\n", "run\x00"])
def test_no_id_leads_out_of_the_workspace(id: str):
    workspace = Workspace(Path("/team"))
    for path in (workspace.dataset, workspace.run, workspace.study, workspace.job):
        with pytest.raises(StudioError, match="is not an id"):
            path(id)


def test_models_whose_names_look_alike_as_files_keep_their_lengths_apart():
    workspace = Workspace(Path("/team"))
    ids = ["Qwen/Qwen3-0.6B", "Qwen-Qwen3-0-6B", "Qwen/Qwen3/0.6B", "../../x", "模型"]
    paths = [workspace.lengths("data-1", id) for id in ids]
    assert len(set(paths)) == len(ids)
    assert {path.parent for path in paths} == {Path("/team/datasets/data-1/lengths")}


def test_the_files_of_an_attempt_have_a_folder_of_their_own():
    assert Workspace(Path("/team")).attempt("job-1", 2) == Path("/team/jobs/job-1/attempt-2")
