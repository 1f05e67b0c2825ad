"""What all tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgresql import cluster, migrated, new_database, server  # noqa: F401
from tests.small_disk import mounted

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root() -> Path:
    """The folder that app.py lies in."""
    return ROOT


@pytest.fixture
def workspace_folder(tmp_path: Path) -> Path:
    """An empty folder to keep a workspace in."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 1 MB."""
    with mounted(tmp_path / "small") as place:
        yield place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The files of this folder take longest for a single file: last, they would leave one of two cores without work.
    items.sort(key=lambda item: item.path.parent != ROOT / "tests")
    if shutil.which("nvidia-smi"):
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))
