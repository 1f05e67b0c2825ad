"""A file that is replaced is the old one or the new one, whatever fails."""

import errno
from pathlib import Path

import pytest

from studio.data.atomic import replacing
from tests.failing import die, each_operation, in_a_child


@pytest.mark.parametrize("fault", ["killed", errno.ENOSPC])
def test_whatever_fails_the_file_is_the_old_one_or_the_new_one(tmp_path: Path, fault: str | int):
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_bytes(b"old")

    def write() -> None:
        with replacing(path) as file:
            file.write(b"new")

    def refuse() -> None:
        raise OSError(fault, "refused")

    tried = 0
    act, instead = (in_a_child(write), die) if fault == "killed" else (write, refuse)
    for tried in each_operation(path.parent, act, instead=instead):
        assert path.read_bytes() in (b"old", b"new"), f"operation {tried}"
        path.write_bytes(b"old")
    assert path.read_bytes() == b"new" and list(path.parent.iterdir()) == [path]
    assert tried >= 3
