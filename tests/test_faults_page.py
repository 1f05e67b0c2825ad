"""docs/faults.md: every fault is named once, and every test that it names is there."""

import re
from pathlib import Path

import pytest

FAULTS = [f"F{number}" for number in range(1, 51)]


@pytest.fixture
def rows(root: Path) -> dict[str, str]:
    """What the page says of each fault is held by."""
    page = (root / "docs" / "faults.md").read_text()
    cells = [line.split("|") for line in page.splitlines() if line.startswith("| F")]
    assert len({row[1] for row in cells}) == len(cells)
    return {row[1].strip(): row[4].strip() for row in cells}


def test_every_fault_is_named(rows: dict[str, str]) -> None:
    assert list(rows) == FAULTS


def test_every_test_that_is_said_to_hold_a_fault_exists(root: Path, rows: dict[str, str]) -> None:
    for fault, held_by in rows.items():
        named = re.findall(r"`([\w/.]+)::(\w+)`", held_by)
        assert named or held_by == "open", fault
        for path, name in named:
            assert f"def {name}(" in (root / path).read_text(), f"{fault}: {path}::{name}"
