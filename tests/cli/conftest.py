"""A command line on a folder of its own, and one with a dataset in it that all tests here share."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest

from studio.flows.studio import open_studio
from studio.jobs.launcher import Launcher
from studio.jobs.presence import is_supervised
from tests.command_line import CommandLine, InThisProcess
from tests.supervised import supervised


@contextmanager
def carrying_out(studio: CommandLine, bearing: Launcher) -> Iterator[None]:
    """What verbs ask for is carried out until the block ends, by who is there already or by one of its own."""
    opened = open_studio(studio.workspaces)
    with nullcontext() if is_supervised(opened.workspace) else supervised(opened.store, bearing):
        yield
    opened.store.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return InThisProcess(tmp_path_factory.mktemp("cli") / "workspaces")


@pytest.fixture(scope="module", autouse=True)
def carried_out(studio: CommandLine, bearing: Launcher) -> Iterator[None]:
    """No longer than the tests of a file run: it would look for work until the last one."""
    with carrying_out(studio, bearing):
        yield


@pytest.fixture(scope="session")
def dataset(studio: CommandLine, bearing: Launcher) -> str:
    """The id of the sample with problems."""
    with carrying_out(studio, bearing):
        return studio.json("import", "messy", "--name", "Messy")["dataset"]


@pytest.fixture
def empty(tmp_path: Path) -> CommandLine:
    """A command line on a folder that is not there yet."""
    return InThisProcess(tmp_path / "workspaces")
