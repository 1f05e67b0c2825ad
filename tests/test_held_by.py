"""docs/faults.md and docs/threats.md: each fault and threat is named once; every test that any page names exists."""

import re
from pathlib import Path

import pytest

# Page, the letter of its numbers, how many there are, the cells of a line with its ends, and which tells what holds it.
PAGES = [("faults.md", "F", 52, 6, 4), ("threats.md", "T", 30, 7, 5)]


@pytest.mark.parametrize(("name", "letter", "count", "cells", "holds"), PAGES, ids=["faults", "threats"])
def test_each_is_named_once_and_every_test_that_is_said_to_hold_it_exists(
    root: Path, name: str, letter: str, count: int, cells: int, holds: int
) -> None:
    page = (root / "docs" / name).read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith(f"| {letter}")]
    assert {len(row) for row in rows} == {cells}
    assert [row[1].strip() for row in rows] == [f"{letter}{number}" for number in range(1, count + 1)]
    for row in rows:
        held_by = row[holds].strip()
        named = re.findall(r"`([\w/.]+)::(\w+)`", held_by)
        assert named or held_by == "open", row[1]
        for path, test in named:
            assert f"def {test}(" in (root / path).read_text(), f"{row[1]}: {path}::{test}"


def test_every_test_that_a_page_names_exists(root: Path) -> None:
    found = 0
    for page in (*root.glob("*.md"), *root.glob("docs/**/*.md")):
        for path, test in re.findall(r"(tests/[\w/-]+\.(?:py|txt))(?:::(\w+))?", page.read_text()):
            assert (root / path).is_file() and (not test or f"def {test}(" in (root / path).read_text()), (
                page,
                path,
                test,
            )
            found += 1
    assert found > 200
