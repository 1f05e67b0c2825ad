"""Pages: the controls of one page of a finding say what can be done with its rows, and what was done."""

from typing import Any

from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.mending import Mending
from studio.ui.inspect import pages
from studio.ui.parts import groups
from tests.ui import examples

NAMES = "part heading pager before place after where keep out every mask".split()


def view(kind: FindingKind, rows: int, *, number: int = 0, **mending: Any) -> dict[str, Any]:
    numbers = tuple(range(rows))
    group = Group(numbers, tuple(n + 1 for n in numbers))
    found = Finding(kind, "Title", rows, "Why.", (group,))
    page = groups.page_of(found, number)
    assert page is not None
    dataset = examples.dataset(mending=Mending(**mending))
    return dict(zip(NAMES, pages.view(found, page, dataset), strict=True))


def test_one_page_needs_no_pager_and_many_can_all_be_reached() -> None:
    assert not view(FindingKind.REFUSAL, 3)["pager"].visible
    first, last = view(FindingKind.REFUSAL, 40), view(FindingKind.REFUSAL, 40, number=6)
    assert first["pager"].visible and not first["before"].interactive and first["after"].interactive
    assert last["place"] == 7 and not last["after"].interactive


def test_of_copies_one_is_kept() -> None:
    parts = view(FindingKind.EXACT_DUPLICATE, 3, keep={0: 2})
    assert parts["keep"].visible and parts["keep"].value == 2
    assert not parts["out"].visible
    assert view(FindingKind.EXACT_DUPLICATE, 3, keep_copies=True)["keep"].value == "every"


def test_of_near_copies_one_is_kept_or_some_are_left_out() -> None:
    parts = view(FindingKind.NEAR_DUPLICATE, 3, removed={0: "", 1: ""})
    assert parts["keep"].value == 2 and parts["out"].value == [0, 1]
    assert view(FindingKind.NEAR_DUPLICATE, 3)["keep"].value == "every"


def test_the_rows_of_other_findings_are_left_out_by_a_tick() -> None:
    parts = view(FindingKind.REFUSAL, 2, removed={0: "refusals"})
    assert not parts["keep"].visible and not parts["mask"].visible
    assert parts["out"].visible and parts["out"].value == [0]


def test_a_large_group_is_left_out_or_taken_back_by_one_button() -> None:
    assert view(FindingKind.REFUSAL, 40)["every"].value == "Leave all 40 of the group out"
    everyone = dict.fromkeys(range(40), "refusals")
    assert view(FindingKind.REFUSAL, 40, removed=everyone)["every"].value == "Take all 40 back"
    assert not view(FindingKind.REFUSAL, 3)["every"].visible


def test_secrets_and_personal_data_can_be_masked_here() -> None:
    for kind in (FindingKind.SECRET, FindingKind.PERSONAL):
        assert view(kind, 2)["mask"].visible and view(kind, 2)["mask"].value == "Mask in 2 rows here"
