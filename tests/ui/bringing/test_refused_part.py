"""Refused: the first lines in full, the others one click away, and the encodings that the file may be in."""

from dataclasses import fields as fields_of
from typing import Any

import pytest

from studio.data.encodings import Legacy, Preview
from studio.domain.dataset import Dataset, Reject
from studio.domain.excerpt import excerpt
from studio.ui.bringing import refused
from tests.ui import examples
from tests.ui.markup import attributes, tags, words

NAMES = [field.name for field in fields_of(refused.Panel)]
WESTERN = Legacy("cp1252", "Windows-1252 (Western Europe)", 1.0, (Preview(3, "Ein  Café"), Preview(9, "Köln")))
LATIN = Legacy("latin-9", "Latin-9 (Western Europe)", 0.9, (Preview(3, "Ein Café"),))


def view(found: Dataset, rejects: list[Reject], encodings: list[Legacy] | None = None) -> dict[str, Any]:
    return dict(zip(NAMES, refused.view(found, rejects, [], encodings or []), strict=True))


def test_every_refused_line_is_told_by_place_reason_and_next_step() -> None:
    rejects = [
        Reject(2, "This is not JSON.", "Put quotes around it.", column=7, excerpt=excerpt('{"a": b}', 6)),
        Reject(line=1234, field="reply", reason="The answer is empty.", fix="Write one."),
    ]
    parts = view(examples.dataset(rejects=2), rejects)
    said = words(parts["lines"])
    assert parts["whole"].visible and parts["whole"].open
    assert 'Line 2, column 7 This is not JSON. Put quotes around it. {"a": b }' in said
    assert "Line 1,234 in reply The answer is empty. Write one." in said
    assert attributes(parts["lines"], "href") == ["/download/refused/data-1"]
    assert "details" not in tags(parts["lines"])


@pytest.mark.parametrize(("in_all", "more"), [(8, "Show 3 more"), (9000, "Show 3 of 9,000 more")])
def test_of_many_lines_the_first_are_in_sight_and_the_others_one_click_away(in_all: int, more: str) -> None:
    rejects = [Reject(line, "Broken.", "Mend it.") for line in range(1, 9)]
    drawn = view(examples.dataset(rejects=in_all), rejects)["lines"]
    assert tags(drawn).count("ul") == 2 and more in words(drawn)


@pytest.mark.parametrize(
    ("line", "place", "marked"),
    [
        ('{"漢字": "👩‍👩‍👧", b}', 16, "b"), ("\t\tx", 2, "x"), ('{"a": 1', 7, ""), ("a👩‍👩‍👧", 3, "👩‍👩‍👧"), ("شكرا", 2, "ر"),
        ("<b>&</b>", 3, "&amp;"), ("a\tb", 1, "␉"),
    ],
)  # fmt: skip
def test_the_caret_belongs_to_the_very_character(line: str, place: int, marked: str) -> None:
    drawn = refused.pointed(excerpt(line, place))
    assert f'">{marked}</mark>' in drawn and drawn.count("<mark") == 1
    assert ("missing" in drawn) == (marked == "")


def test_a_line_that_can_be_repaired_says_so_beside_its_reason() -> None:
    lines = [Reject(1, "A comma.", "Remove it.", repair="trailing_comma"), Reject(2, "Cut off.", "Complete it.")]
    assert words(view(examples.dataset(rejects=2), lines)["lines"]).count("can be repaired below") == 1


def test_a_long_line_without_a_place_of_its_own_is_shown_from_its_beginning() -> None:
    said = words(view(examples.dataset(rejects=1), [Reject(1, "Too long.", "Split it.", text="x" * 2000)])["lines"])
    assert "x" * 240 + "…" in said and "x" * 241 not in said


def test_where_the_fields_have_to_be_chosen_first_the_lines_stay_folded() -> None:
    unread = examples.dataset(rows=0, rejects=2, guess=None, columns=("q", "a"))
    assert not view(unread, [Reject(1, "Not recognised.", "Choose.")])["whole"].open


def test_without_refused_lines_there_is_nothing_to_see() -> None:
    parts = view(examples.dataset(), [])
    assert not parts["whole"].visible and parts["lines"] == ""


def test_each_likely_encoding_shows_what_real_lines_would_say_and_the_likeliest_is_chosen() -> None:
    parts = view(examples.dataset(rejects=2), [Reject(3, "Not UTF-8.", "Save it anew.")], [WESTERN, LATIN])
    assert parts["encodings"].visible and parts["encoding"].value == "cp1252"
    assert parts["encoding"].choices == [(WESTERN.title, "cp1252"), (LATIN.title, "latin-9")]
    said = words(parts["previews"])
    assert "Windows-1252 (Western Europe) line 3: Ein Café line 9: Köln Latin-9" in said
    assert not view(examples.dataset(rejects=1), [Reject(1, "a", "b")])["encodings"].visible
