"""docs/threats.md: every threat is named once, and every test that it names is there."""

import re
from pathlib import Path

import pytest

THREATS = [f"T{number}" for number in range(1, 29)]


@pytest.fixture
def rows(root: Path) -> dict[str, str]:
    """What the page says of each threat is held by."""
    page = (root / "docs" / "threats.md").read_text()
    cells = [line.split("|") for line in page.splitlines() if line.startswith("| T")]
    assert len({row[1] for row in cells}) == len(cells) and {len(row) for row in cells} == {7}
    return {row[1].strip(): row[5].strip() for row in cells}


def test_every_threat_is_named(rows: dict[str, str]) -> None:
    assert list(rows) == THREATS


def test_every_test_that_is_said_to_hold_a_threat_exists(root: Path, rows: dict[str, str]) -> None:
    for threat, held_by in rows.items():
        named = re.findall(r"`([\w/.]+)::(\w+)`", held_by)
        assert named or held_by == "open", threat
        for path, name in named:
            assert f"def {name}(" in (root / path).read_text(), f"{threat}: {path}::{name}"
