"""What all tests share."""

import shutil
from pathlib import Path

import pytest

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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if shutil.which("nvidia-smi"):
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))
