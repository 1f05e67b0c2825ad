"""A command line on a folder of its own, and one with a dataset in it that all tests here share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.store.workspace import Workspace
from tests.command_line import CommandLine, InThisProcess
from tests.supervised import end_supervisor


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return InThisProcess(tmp_path_factory.mktemp("cli") / "workspaces")


@pytest.fixture(scope="module", autouse=True)
def nobody_stays(studio: CommandLine) -> Iterator[None]:
    """The supervisor that verbs have started leaves with the tests of a file: it would look for work until the last one."""
    yield
    end_supervisor(Workspace(studio.workspaces))


@pytest.fixture(scope="session")
def dataset(studio: CommandLine) -> str:
    """The id of the sample with problems."""
    return studio.json("import", "messy", "--name", "Messy")["dataset"]


@pytest.fixture
def empty(tmp_path: Path) -> CommandLine:
    """A command line on a folder that is not there yet."""
    return InThisProcess(tmp_path / "workspaces")
