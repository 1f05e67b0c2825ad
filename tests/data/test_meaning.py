"""Meaning: pairs that a model found alike become groups, for whatever likeness a person asks for."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from studio.data.meaning import alike_in_meaning, load_meant
from studio.domain.finding import FindingKind, Grade
from studio.domain.meaning import Way


@pytest.fixture
def meant(tmp_path: Path):
    """Rows 0, 1 and 2 are alike, so are 4 and 5, and 2 is a little like 4; lines count from 1."""
    pairs = [(0, 1, 0.95), (4, 5, 0.9), (0, 2, 0.85), (2, 4, 0.7)]
    path = tmp_path / "pairs.npz"
    facts = {"way": "sentences", "questions": 6, "rows": 6, "floor": 0.6}
    np.savez(
        path,
        first=np.array([(one, one + 1) for one, _, _ in pairs]),
        second=np.array([(other, other + 1) for _, other, _ in pairs]),
        likeness=np.array([likeness for *_, likeness in pairs], dtype=np.float32),
        facts=np.frombuffer(orjson.dumps(facts), dtype=np.uint8),
    )
    return load_meant(path)


def test_what_was_kept_is_read_again(meant):
    assert (meant.way, meant.questions, meant.floor) == (Way.SENTENCES, 6, 0.6)


def test_the_groups_follow_the_likeness_that_is_asked_for(meant):
    def groups(at_least: float):
        finding = alike_in_meaning(meant, at_least=at_least)
        return [group.rows for group in finding.groups] if finding else []

    assert groups(0.96) == []
    assert groups(0.95) == [(0, 1)]
    assert groups(0.9) == [(0, 1), (4, 5)]
    assert groups(0.8) == [(0, 1, 2), (4, 5)]


def test_every_row_is_alike_to_the_first_and_chains_join_no_groups(meant):
    finding = alike_in_meaning(meant, at_least=0.6)

    assert [group.rows for group in finding.groups] == [(0, 1, 2), (4, 5)]
    assert finding.groups[0].lines == (1, 2, 3) and finding.groups[0].likeness == (1.0, 0.95, 0.85)
    assert finding.title == "2 groups of questions alike in meaning (5 rows)"


def test_it_is_for_review_only(meant):
    finding = alike_in_meaning(meant, at_least=0.6)

    assert (finding.kind, finding.grade) == (FindingKind.MEANING, Grade.INFO)
