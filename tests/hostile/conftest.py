"""A studio of its own for all that is hostile: it is pressed, filled and asked for what is not there."""

from collections.abc import Iterator

import pytest

from studio.flows import compare
from studio.flows.studio import open_studio
from studio.web.access.gate import AccessGate
from studio.web.app import build_app
from tests.command_line import CommandLine, InThisProcess
from tests.hostile.screens import Screens
from tests.hostile.serving import Server, served
from tests.supervised import end_supervisor
from tests.web.conftest import Kept, keep_in


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    made = keep_in(open_studio(tmp_path_factory.mktemp("hostile") / "workspace"))
    yield made
    end_supervisor(made.studio.workspace)
    made.studio.store.close()


@pytest.fixture(scope="module")
def server(kept: Kept) -> Iterator[Server]:
    """For the tests of one file: idle, it looks a hundred times a second for what was pressed."""
    with served(kept.studio) as running:
        yield running


@pytest.fixture(scope="session")
def command_line(kept: Kept) -> CommandLine:
    return InThisProcess(kept.studio.workspace.root)


@pytest.fixture(scope="session")
def pages(kept: Kept) -> dict[str, Screens]:
    """The studio ("") and the rating page ("/rate")."""
    app = build_app(kept.studio)
    (gate,) = [each for each in app.user_middleware if each.cls is AccessGate]
    chosen = {"Examples": kept.dataset.id, "Model": "starter", "Run": kept.run.id}
    query = {"t": compare.invitation(kept.studio, kept.open.id).token}
    return {path: Screens(events.__self__, chosen, query) for path, events in gate.kwargs["events"].items()}
