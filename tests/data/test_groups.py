"""Groups on disk: findings come back as they were made, and of many groups only those that are looked at are read."""

from pathlib import Path

import orjson
import pytest

from studio.data.findings import load_findings, save_findings
from studio.data.groups import PAGE, StoredGroups
from studio.domain.finding import Finding, FindingKind, Grade, Group, Mark


def finding(kind: FindingKind = FindingKind.EXACT_DUPLICATE, *, groups: int, grade: Grade | None = None) -> Finding:
    made = tuple(
        Group((n, n + 1), (n + 1, n + 2), f"reason “{n}”", grade if n == groups - 1 else None, (1.0, 0.75))
        for n in range(groups)
    )
    return Finding(kind, f"{groups} of them", groups, "Why.", made, (Mark(0, 1, 2, 3, "here"),))


@pytest.mark.parametrize("groups", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_findings_come_back_as_they_were_made(tmp_path: Path, groups: int) -> None:
    made = [finding(groups=groups), finding(FindingKind.CONFLICT, groups=groups, grade=Grade.HIGH)]

    save_findings(made, tmp_path)

    assert load_findings(tmp_path) == made
    assert [found.grade for found in load_findings(tmp_path)] == [found.grade for found in made]


def test_any_group_can_be_looked_at_alone(tmp_path: Path) -> None:
    made = finding(groups=3 * PAGE)
    save_findings([finding(groups=5), made], tmp_path)

    groups = load_findings(tmp_path)[1].groups

    assert len(groups) == 3 * PAGE
    assert groups[PAGE] == made.groups[PAGE]
    assert groups[-1] == made.groups[-1]
    assert groups[PAGE - 2 : PAGE + 2] == made.groups[PAGE - 2 : PAGE + 2]
    assert list(groups[: 2 * PAGE : PAGE]) == [made.groups[0], made.groups[PAGE]]
    with pytest.raises(IndexError):
        groups[3 * PAGE]


def test_only_the_pages_that_are_needed_are_read(tmp_path: Path) -> None:
    save_findings([finding(groups=4 * PAGE)], tmp_path)
    path = tmp_path / "findings.jsonl"
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([*lines[:2], b"x" * len(lines[2]), *lines[3:]]))

    groups = load_findings(tmp_path)[0].groups

    assert groups[0].reason == "reason “0”"
    assert groups[3 * PAGE].reason == f"reason “{3 * PAGE}”"
    with pytest.raises(orjson.JSONDecodeError):
        groups[PAGE]


def test_whoever_looks_at_findings_keeps_them_while_others_take_their_place(tmp_path: Path) -> None:
    save_findings([finding(groups=2 * PAGE)], tmp_path)
    before = load_findings(tmp_path)[0]

    save_findings([finding(groups=1)], tmp_path)

    assert isinstance(before.groups, StoredGroups)
    assert before == finding(groups=2 * PAGE)
    assert load_findings(tmp_path) == [finding(groups=1)]


def test_no_findings_are_kept_as_none(tmp_path: Path) -> None:
    save_findings([], tmp_path)

    assert load_findings(tmp_path) == []


def test_findings_that_were_kept_in_one_json_are_still_read(tmp_path: Path) -> None:
    group = {"rows": [0, 2], "lines": [1, 3], "reason": "", "grade": "high", "likeness": []}
    mark = {"row": 0, "message": 1, "start": 0, "end": 3, "note": "here"}
    told = {"kind": "conflicting_answers", "title": "T", "count": 2, "why": "W", "groups": [group], "marks": [mark]}
    (tmp_path / "findings.json").write_bytes(orjson.dumps([told]))

    (found,) = load_findings(tmp_path)

    assert found.groups == (Group((0, 2), (1, 3), grade=Grade.HIGH),)
    assert (found.grade, found.marks) == (Grade.HIGH, (Mark(0, 1, 0, 3, "here"),))
