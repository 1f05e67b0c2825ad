"""Checkpoints are whole and unharmed, or are told to be neither."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from studio.domain.errors import RunError
from studio.domain.intact import sha256_of
from studio.engine import checkpoints
from studio.engine.checkpoints import Manifest
from tests.failing import die, each_operation, each_size, in_a_child

BLANK = Manifest(
    step=0,
    epoch=0.0,
    validation_loss=1.0,
    recipe="recipe",
    rows="rows",
    model_id="tiny",
    quantisation="nf4",
    versions={},
    checks=(),
    tokens=0,
    seconds=0.0,
    files=(),
)


def committed(folder: Path, step: int) -> Path:
    stage(folder, step)
    return commit(folder, step)


def stage(folder: Path, step: int) -> None:
    staged = folder / "staging"
    staged.mkdir(parents=True)
    for name in (*checkpoints.ADAPTER_FILES, "README.md", "training_args.bin"):
        (staged / name).write_bytes(f"{name} of {step}".encode() * 40)


def commit(folder: Path, step: int) -> Path:
    return checkpoints.commit(folder / "staging", folder / "checkpoints", BLANK.model_copy(update={"step": step}))


def test_a_committed_checkpoint_holds_its_files_and_nothing_else(tmp_path: Path):
    folder = committed(tmp_path, 6)
    assert folder == tmp_path / "checkpoints" / "step-6"
    assert {path.name for path in folder.iterdir()} == {*checkpoints.ADAPTER_FILES, checkpoints.MANIFEST}
    manifest = checkpoints.verify(folder)
    assert manifest.step == 6
    assert manifest.weights_sha256 == sha256_of(folder / checkpoints.ADAPTER)
    assert manifest.bytes == sum(path.stat().st_size for path in folder.iterdir() if path.name != checkpoints.MANIFEST)


@pytest.mark.parametrize("name", checkpoints.ADAPTER_FILES)
def test_a_truncated_changed_or_missing_file_is_refused_by_name(tmp_path: Path, name: str):
    path = committed(tmp_path, 6) / name
    whole = path.read_bytes()
    for damage in (whole[:-1], b"X" + whole[1:]):
        path.write_bytes(damage)
        with pytest.raises(RunError, match=name):
            checkpoints.verify(path.parent)
    path.unlink()
    with pytest.raises(RunError, match=name):
        checkpoints.verify(path.parent)


@pytest.mark.parametrize("name", checkpoints.ADAPTER_FILES)
def test_harm_is_told_in_words_without_reading_what_nobody_touched(tmp_path: Path, name: str, monkeypatch):
    path = committed(tmp_path, 6) / name
    written = (path.parent / checkpoints.MANIFEST).stat().st_mtime_ns
    for each in checkpoints.ADAPTER_FILES:
        os.utime(path.parent / each, ns=(written - 1, written - 1))
    with monkeypatch.context() as quick:
        quick.setattr(checkpoints, "sha256_of", lambda _: pytest.fail("an untouched file was read"))
        assert checkpoints.harm(path.parent) == ""
    whole = path.read_bytes()
    for damage in (b"X" + whole[1:], whole[:-1]):
        path.write_bytes(damage)
        os.utime(path, ns=(written + len(damage), written + len(damage)))
        assert checkpoints.harm(path.parent) == f"{name} is not as it was written"
    path.unlink()
    assert checkpoints.harm(path.parent) == f"{name} is missing"
    (path.parent / checkpoints.MANIFEST).write_text("{}")
    assert checkpoints.harm(path.parent) == "MANIFEST.json is missing or cannot be read"


def test_a_folder_without_a_manifest_is_no_checkpoint(tmp_path: Path):
    (committed(tmp_path, 6) / checkpoints.MANIFEST).unlink()
    assert checkpoints.newest_verified(tmp_path / "checkpoints") is None
    with pytest.raises(RunError, match="not complete"):
        checkpoints.verify(tmp_path / "checkpoints" / "step-6")


def test_a_manifest_that_lists_fewer_files_is_refused(tmp_path: Path):
    folder = committed(tmp_path, 6)
    manifest = checkpoints.verify(folder)
    (folder / checkpoints.MANIFEST).write_text(
        manifest.model_copy(update={"files": manifest.files[:1]}).model_dump_json()
    )
    with pytest.raises(RunError, match="does not list"):
        checkpoints.verify(folder)


def test_the_newest_is_by_step_and_a_damaged_one_is_passed_over(tmp_path: Path):
    for step in (9, 10, 100):
        committed(tmp_path, step)
    folder = tmp_path / "checkpoints"
    assert [checkpoints.step_of(found) for found in checkpoints.committed(folder)] == [9, 10, 100]
    (folder / "step-100" / "optimizer.pt").write_bytes(b"")
    found = checkpoints.newest_verified(folder)
    assert found is not None
    assert found[1].step == 10
    assert [damaged.name for damaged in checkpoints.damaged(folder)] == ["step-100"]


def test_committing_a_step_again_replaces_it(tmp_path: Path):
    committed(tmp_path, 6)
    assert checkpoints.verify(committed(tmp_path, 6)).step == 6


def test_a_missing_file_leaves_no_checkpoint_behind(tmp_path: Path):
    staged = tmp_path / "staging"
    staged.mkdir()
    (staged / checkpoints.ADAPTER).write_bytes(b"x")
    with pytest.raises(OSError, match=r"adapter_config\.json"):
        checkpoints.commit(staged, tmp_path / "checkpoints", BLANK)
    assert checkpoints.newest_verified(tmp_path / "checkpoints") is None


@pytest.mark.parametrize("fault", ["killed", errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("before", [3, 6], ids=["the one before stays", "the same step is replaced"])
def test_whatever_fails_while_a_checkpoint_is_written_what_is_there_is_whole(
    tmp_path: Path, fault: str | int, before: int
):
    """The first operation on a file fails, the second, and so on; killed, nobody tidies up either."""

    def refuse() -> None:
        raise OSError(fault, os.strerror(int(fault)))

    def prepare() -> None:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
        for step in {2, before}:
            committed(tmp_path / "run", step)
        stage(tmp_path / "run", 6)

    def save() -> None:
        commit(tmp_path / "run", 6)

    prepare()
    tried = 0
    act, instead = (in_a_child(save), die) if fault == "killed" else (save, refuse)
    for tried in each_operation(tmp_path / "run", act, instead=instead):
        newest = checkpoints.newest_verified(tmp_path / "run" / "checkpoints")
        assert newest and newest[1].step in {2, before, 6}, f"operation {tried}"
        assert not checkpoints.damaged(tmp_path / "run" / "checkpoints")
        shutil.rmtree(tmp_path / "run" / "staging", ignore_errors=True)
        committed(tmp_path / "run", 6)
        prepare()
    assert tried > 10
    assert checkpoints.verify(tmp_path / "run" / "checkpoints" / "step-6").step == 6


def test_at_whatever_byte_the_disk_refuses_a_checkpoint_the_one_before_stays(tmp_path: Path):
    committed(tmp_path, 3)
    stage(tmp_path, 6)
    tried = 0
    for tried in each_size(lambda: commit(tmp_path, 6), by=61):
        newest = checkpoints.newest_verified(tmp_path / "checkpoints")
        assert newest and newest[1].step == 3, f"{tried} bytes"
        shutil.rmtree(tmp_path / "staging")
        stage(tmp_path, 6)
    newest = checkpoints.newest_verified(tmp_path / "checkpoints")
    assert newest and newest[1].step == 6 and tried > 500
