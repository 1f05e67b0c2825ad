"""Groups: each finding can be looked at, its places marked and its secrets veiled, and its rows left out or taken back."""

from typing import Any

from studio.domain.finding import Finding, FindingKind, Group, Mark
from studio.domain.mending import Mending
from studio.domain.row import Message, Row
from studio.ui.parts import groups

COPIES = Finding(FindingKind.EXACT_DUPLICATE, "Copies", 1, "Twice.", (Group((3, 9), (4, 10)),))
REFUSALS = Finding(
    FindingKind.REFUSAL,
    "1 answer refuses",
    1,
    "Why.",
    (Group((0,), (1,), "refuses to help"),),
    (Mark(0, 1, 0, 5, "no"),),
)
KEPT = ("keep", "out", "every", "page")


def row(number: int, answer: str) -> Row:
    return Row(number, number + 1, (Message("user", "Hello"), Message("assistant", answer)))


def view(finding: Finding, rows: list[Row], **choices: Any) -> dict[str, Any]:
    return dict(zip(KEPT, groups.view(finding, finding.groups[0], rows, Mending(**choices)), strict=True))


def test_every_group_is_named_by_its_kind_its_reason_and_its_lines() -> None:
    assert list(groups.group_choices((COPIES, REFUSALS))) == [
        ("Copies: lines 4, 10", "exact_duplicate:0"),
        ("Refusals (refuses to help): line 1", "refusal:0"),
    ]


def test_of_copies_one_is_kept() -> None:
    parts = view(COPIES, [row(3, "a"), row(9, "a")], keep={3: 9})
    assert parts["keep"].visible and parts["keep"].value == 9
    assert not parts["out"].visible and not parts["every"].visible


def test_the_rows_of_other_findings_are_left_out_by_a_tick() -> None:
    parts = view(REFUSALS, [row(0, "I can not.")], removed={0: "refusals"})
    assert not parts["keep"].visible
    assert parts["out"].visible and parts["out"].value == [0]


def test_many_rows_are_left_out_or_taken_back_by_one_button() -> None:
    many = tuple(range(40))
    finding = Finding(FindingKind.REFUSAL, "40 answers refuse", 40, "Why.", (Group(many, many),))
    assert view(finding, [])["every"].value == "Leave these 40 rows out"
    assert view(finding, [], removed=dict.fromkeys(many, "refusals"))["every"].value == "Take these 40 rows back"


def test_a_template_family_is_only_shown() -> None:
    many = tuple(range(40))
    parts = view(Finding(FindingKind.FAMILY, "One template", 40, "Why.", (Group(many, many, "Where is …?"),)), [])
    assert not parts["every"].visible and not parts["out"].visible and "Where is …?" in parts["page"]


def test_the_place_that_is_meant_is_marked() -> None:
    assert '<mark title="no">I can</mark> not.' in view(REFUSALS, [row(0, "I can not.")])["page"]


def test_personal_data_are_veiled_on_screen() -> None:
    mark = Mark(0, 1, 0, 20, "e-mail address")
    finding = Finding(FindingKind.PERSONAL, "1 row", 1, "Why.", (Group((0,), (1,), "e-mail address"),), (mark,))
    page = view(finding, [row(0, "a.b@example-shop.com is mine.")])["page"]
    assert "a.b@example-shop.com" not in page and "a•••@e•••.com" in page
