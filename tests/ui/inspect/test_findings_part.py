"""What was found, and what can be picked from it."""

from typing import Any

from studio.domain.finding import Finding, FindingKind, Group
from studio.ui.inspect import findings
from tests.ui.markup import words

COPIES = Finding(FindingKind.EXACT_DUPLICATE, "Exact copies", 2, "They count twice.", (Group((3, 9), (4, 10)),))
CONFLICT = Finding(FindingKind.CONFLICT, "Contradictions", 2, "It cannot learn both.", (Group((5, 6), (6, 7)),))


def view(*found: Finding, picked: str | None = None) -> dict[str, Any]:
    return dict(zip("table whole pick leave".split(), findings.view(found, picked, keep_copies=True), strict=True))


def test_copies_and_contradictions_can_be_looked_at_by_their_lines() -> None:
    parts = view(CONFLICT, COPIES)
    assert parts["whole"].visible and parts["leave"].value
    assert parts["pick"].choices == [
        ("Contradiction: lines 6, 7", "conflicting_answers:0"),
        ("Copies: lines 4, 10", "exact_duplicate:0"),
    ]
    assert parts["pick"].value == "conflicting_answers:0"
    assert not view()["whole"].visible


def test_what_is_being_looked_at_stays() -> None:
    assert view(CONFLICT, COPIES, picked="exact_duplicate:0")["pick"].value == "exact_duplicate:0"
    assert view(CONFLICT, picked="exact_duplicate:0")["pick"].value == "conflicting_answers:0"


def test_findings_say_why_they_matter_and_none_says_so_too() -> None:
    assert "Exact copies 2 1 They count twice." in words(findings.findings_table((COPIES,)))
    assert "No copies and no contradictions." in words(findings.findings_table(()))
