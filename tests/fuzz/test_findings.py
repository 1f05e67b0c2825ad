"""Whatever once broke a reader or a checker is fed to it again, and so is what the fuzzer begins with."""

import warnings
from pathlib import Path

import pytest

from tests.fuzz import __main__ as fuzz
from tests.fuzz.targets import TARGETS

FOUND = sorted(path for path in (fuzz.HERE / "findings").glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}-{path.name[:18]}")
def test_what_was_found_once_does_no_harm_any_more(path: Path, tmp_path: Path) -> None:
    TARGETS[path.parent.name].feed(path.read_bytes(), tmp_path)


@pytest.mark.parametrize("name", TARGETS)
def test_every_promise_holds_for_what_the_fuzzer_begins_with(name: str, tmp_path: Path) -> None:
    for number, seed in enumerate(TARGETS[name].seeds()):
        folder = tmp_path / str(number)
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            TARGETS[name].feed(seed, folder)


def test_every_target_can_be_asked_for_and_has_something_to_begin_with() -> None:
    assert tuple(TARGETS) == fuzz.NAMES
    assert all(len(target.seeds()) > 1 for target in TARGETS.values())
