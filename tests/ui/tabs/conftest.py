"""A studio that a test may fill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.flows.studio import Studio, open_studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspace")
    yield opened
    opened.store.close()
