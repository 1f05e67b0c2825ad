"""Rows in a list, one of them to change."""

from typing import Any

import pytest

from studio.domain.finding import FindingKind
from studio.domain.row import Message, Row
from studio.domain.split import Bin
from studio.flows import browse
from studio.flows.browse import Listed, Page
from studio.ui.inspect import rows
from tests.ui.markup import words

LONG = "word " * 60


def listed(number: int, *, bin: Bin | None = Bin.TRAIN, edited: bool = False, answer: str = "Yes.") -> Listed:
    return Listed(Row(number, number + 3, (Message("user", "Is it\nso?"), Message("assistant", answer))), bin, edited)


def view(page: Page, row: int | None = None) -> dict[str, Any]:
    return dict(zip("said listed back on start".split(), rows.view(page, row), strict=True))


def test_a_row_is_one_line_that_says_where_it_ended() -> None:
    assert rows.line_of(listed(4, bin=Bin.TEST, edited=True)) == "line 7 · test, edited · Is it so? → Yes."
    said = rows.line_of(listed(4, answer=LONG))
    assert said.endswith("…") and len(said) < 160


def test_the_page_says_how_many_rows_there_are_and_where_it_is() -> None:
    parts = view(Page(tuple(listed(n) for n in range(10, 20)), 10, 45, more=False))
    assert words(parts["said"]) == "45 rows; 11 to 20 are shown."
    assert parts["back"].interactive and parts["on"].interactive


def test_at_both_ends_there_is_no_further() -> None:
    parts = view(Page((listed(0),), 0, 1, more=False))
    assert not parts["back"].interactive and not parts["on"].interactive


def test_too_many_and_none_are_told() -> None:
    assert "and more: say more words" in words(view(Page((listed(0),), 0, 2000, more=True))["said"])
    assert words(view(Page((), 0, 0, more=False))["said"]) == "No row says that."


def test_the_row_that_was_picked_stays_picked_while_it_is_shown() -> None:
    page = Page((listed(0), listed(1)), 0, 2, more=False)
    assert view(page, 1)["listed"].value == 1
    assert view(page, 7)["listed"].value is None


@pytest.mark.parametrize(
    ("key", "meant"),
    [("every", None), ("edited", browse.EDITED), ("bin:test", Bin.TEST), ("refusal", FindingKind.REFUSAL)],
)
def test_a_key_of_the_menu_means_what_it_says(key: str, meant: object) -> None:
    assert rows.wanted(key) == meant


def test_only_what_is_there_can_be_chosen() -> None:
    keys = [key for _, key in rows.filter_choices({FindingKind.REFUSAL: 3}, edited=0, sealed=True)]
    assert keys[:2] == ["every", "refusal"] and "edited" not in keys and "bin:malformed" not in keys
    assert ("edited by you (2)", "edited") in rows.filter_choices({}, edited=2, sealed=True)


def test_test_rows_cannot_be_chosen_under_seal() -> None:
    for sealed in (True, False):
        keys = [key for _, key in rows.filter_choices({}, edited=0, sealed=sealed)]
        assert ("bin:test" in keys) is not sealed and "bin:validation" in keys
    assert "· held out ·" in rows.line_of(listed(0, bin=None))
