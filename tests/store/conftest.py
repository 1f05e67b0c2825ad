"""Both databases for the same tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.store.database import Store, open_store
from studio.store.workspace import Workspace
from tests.store.examples import Examples


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty database as `open_store` takes it: None for the workspace's own SQLite file."""
    return None if request.param == "sqlite" else request.getfixturevalue("new_database")()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store with nothing in it."""
    url = None
    if request.param == "postgresql":
        migrated = request.getfixturevalue("migrated")
        url = request.getfixturevalue("new_database")(template=migrated)
    opened = open_store(Workspace(tmp_path / "workspace"), url=url)
    yield opened
    opened.close()


@pytest.fixture
def examples(store: Store) -> Examples:
    return Examples(store)
