"""A real workspace for the screens, with no server and no supervisor."""

from collections.abc import Iterator

import pytest

from studio.flows.studio import Studio, open_studio


@pytest.fixture(scope="session")
def empty_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio with nothing in it, for what only reads."""
    studio = open_studio(tmp_path_factory.mktemp("screens") / "workspace")
    yield studio
    studio.store.close()
