"""Excerpt: the caret stands under the very character, whatever stands before it, and no character is torn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.excerpt import AROUND, Excerpt, excerpt, printable, visible, width

FAMILY, FLAG, ACCENTED = "👩‍👩‍👧", "🇩🇪", "e\u0301"


def test_a_short_line_is_shown_whole() -> None:
    assert excerpt('{"a": 1,}', 8) == Excerpt('{"a": 1,', "}", "")
    assert excerpt('{"a": 1', 99) == Excerpt('{"a": 1', "", ""), "what is missing is missing at the end"
    assert excerpt("a,,b", 2, 2) == Excerpt("a,", "", ",b"), "an empty cell"


def test_a_long_line_is_shown_around_the_place_with_dots_where_it_goes_on() -> None:
    line = "x" * 5000 + "!" + "y" * 5000
    assert excerpt(line, 5000) == Excerpt("…" + "x" * AROUND, "!", "y" * AROUND + "…")


def test_a_place_of_several_characters_is_meant_whole_unless_it_is_long() -> None:
    assert excerpt('{"a": null}', 6, 10).at == "null"
    assert excerpt('{"a": "' + "x" * 100 + '"}', 6, 108).at == '"'


@pytest.mark.parametrize("seen", ["漢", "😀", FAMILY, FLAG, ACCENTED, "❤️", "👍🏽"])
def test_what_people_see_as_one_character_is_meant_as_one(seen: str) -> None:
    line = f"a{FLAG}{seen}b"
    for place in range(len(line) - len(seen) - 1, len(line) - 1):
        assert excerpt(line, place).at == seen


@pytest.mark.parametrize(
    ("before", "columns"),
    [
        ("abc", 3),
        ("漢字", 4),
        ("😀", 2),
        (FAMILY, 2),
        (FLAG, 2),
        (ACCENTED, 1),
        ("\t", 1),
        ("❤️", 2),
        ("\u202e", 8),
        ("ｆ", 2),
    ],
)
def test_the_caret_of_a_terminal_stands_below_the_character(before: str, columns: int) -> None:
    line, carets = excerpt(before + "!", len(before)).lines
    assert line == visible(before) + "!" and carets == " " * columns + "^"


def test_below_a_wide_character_and_below_a_word_there_are_as_many_carets() -> None:
    assert excerpt("a漢b", 1).lines == ("a漢b", " ^^")
    assert excerpt("a: None", 3, 7).lines[1] == "   ^^^^"
    assert excerpt("a", 1).lines == ("a", " ^")


def test_what_is_not_to_be_seen_has_a_sign() -> None:
    assert visible("a\tb\0c\ufeffd\u202ee\u200b") == "a␉b␀c[BOM]d[U+202E]e[U+200B]"
    assert visible(FAMILY) == FAMILY, "what joins an emoji is seen in it"
    assert printable("a\tb\0c\ufeffd\u202ee\u200b") == "a�b�c�d�e�" and printable(FAMILY) == FAMILY


@given(st.text(st.sampled_from("aé漢😀👩\u200d\u0301🇩🇪\ufe0f🏽\t\n"), max_size=300), st.integers(0, 320))
def test_no_place_is_lost_and_nothing_is_made_up(line: str, place: int) -> None:
    shown = excerpt(line, place)
    whole = shown.before.removeprefix("…") + shown.at + shown.after.removesuffix("…")
    assert whole in line and (line[place : place + 1] in shown.at)
    assert (shown.at == "") == (place >= len(line))
    assert width(shown.seen.before) == len(shown.lines[1]) - len(shown.lines[1].lstrip(" "))
