"""Repairs on the Data tab: before and after, all ticked, and one sentence on what was done."""

import re
from typing import Any

from studio.data.offers import Example, Offer
from studio.data.repairing import Repair
from studio.domain.dataset import Reject
from studio.ui.bringing import refused
from studio.ui.tabs import data
from tests.ui import examples
from tests.ui.markup import tags, words


def offer(before: str, after: str, *, title: str = "12 lines have a comma.") -> Offer:
    return Offer(Repair.TRAILING_COMMA, title, "The comma is removed.", 12, (Example(7, before, after),))


def repairs(offers: list[Offer]) -> list[Any]:
    """The part, what it draws and what is ticked."""
    return refused.view(examples.dataset(rejects=1), [Reject(1, "Broken.", "Mend it.")], offers, [])[2:5]


def test_every_offer_shows_its_lines_before_and_after_with_the_change_marked() -> None:
    whole, drawn, ticked = repairs([offer('{"a": 1,}', '{"a": 1}')])
    assert whole.visible
    said = words(drawn)
    assert "12 lines can be repaired." in said and "12 lines have a comma. The comma is removed." in said
    assert "line 7" in said and said.count('{"a": 1') == 2
    assert tags(drawn).count("mark") == 1 and re.search("<mark [^>]*>,</mark>", drawn)
    assert ticked.choices == [("12 lines have a comma", "trailing_comma")] and ticked.value == ["trailing_comma"]


def test_what_cannot_be_seen_is_drawn_as_a_sign() -> None:
    drawn = repairs([offer('\ufeff{"a": "x\ty\0"}', '{"a": "x\\ty"}')])[1]
    assert "[BOM]" in drawn and "␉" in drawn and "␀" in drawn and "\0" not in drawn


def test_where_lines_are_cut_off_their_ends_are_not_marked() -> None:
    drawn = repairs([offer("{'a': 1, \"b\": 23…", '{"a": 1, "b": 2…')])[1]
    assert tags(drawn).count("mark") == 4
    drawn = repairs([offer("{'a': 'x…", '{"a": "x…')])[1]
    assert tags(drawn).count("mark") == 6


def test_text_in_an_offer_is_no_markup() -> None:
    text = "<script>alert(1)</script>"
    assert "script" not in tags(repairs([offer(text + ",", text, title=text)])[1])


def test_without_offers_there_is_nothing_to_click() -> None:
    whole, drawn, ticked = repairs([])
    assert not whole.visible and drawn == "" and ticked.value == []


def test_what_was_repaired_is_said_in_one_sentence() -> None:
    sentence = "2 lines were repaired as you asked: each had a comma after the row."
    assert sentence in words(data.situation(examples.dataset(), repaired=sentence))
    said = words(data.situation(examples.dataset(rejects=1), repaired=sentence))
    assert sentence in said and "Nothing was repaired" not in said
