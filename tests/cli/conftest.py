"""A command line on a folder of its own, and one with a dataset in it that all tests here share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.store.workspace import Workspace
from tests.command_line import CommandLine, InThisProcess
from tests.supervised import end_supervisor


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    workspaces = tmp_path_factory.mktemp("cli") / "workspaces"
    yield InThisProcess(workspaces)
    end_supervisor(Workspace(workspaces))


@pytest.fixture(scope="session")
def dataset(studio: CommandLine) -> str:
    """The id of the sample with problems."""
    return studio.json("import", "messy", "--name", "Messy")["dataset"]


@pytest.fixture
def empty(tmp_path: Path) -> CommandLine:
    """A command line on a folder that is not there yet."""
    return InThisProcess(tmp_path / "workspaces")
