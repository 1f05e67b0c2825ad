"""Differing: two texts are compared word by word, and the pieces make up both of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.data.differing import differences


@settings(max_examples=200)
@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_of_a_comparison_make_up_both_texts(first, second):
    pieces = differences(first, second)

    assert "".join(text for kind, text in pieces if kind != "only_second") == first
    assert "".join(text for kind, text in pieces if kind != "only_first") == second
    assert all(text for _, text in pieces)


@given(st.lists(st.sampled_from(["a", "b", " ", "\n", "，", "好"]), max_size=30), st.data())
def test_the_pieces_make_up_texts_that_share_much_as_well(pieces, data):
    first = "".join(pieces)
    second = "".join(data.draw(st.permutations(pieces)))
    found = differences(first, second)

    assert "".join(text for kind, text in found if kind != "only_second") == first
    assert "".join(text for kind, text in found if kind != "only_first") == second


def test_a_comparison_shows_whole_words_and_single_chinese_characters():
    assert differences("The blue car is fast.", "The red car is fast.") == [
        ("same", "The "), ("only_first", "blue"), ("only_second", "red"), ("same", " car is fast."),
    ]  # fmt: skip
    assert differences("我去北京", "我去南京") == [
        ("same", "我去"), ("only_first", "北"), ("only_second", "南"), ("same", "京"),
    ]  # fmt: skip
    assert differences("a big dog", "a small cat")[1:] == [("only_first", "big dog"), ("only_second", "small cat")]
    assert differences("same", "same") == [("same", "same")]


def test_very_long_texts_with_changes_far_apart_are_compared_piece_by_piece():
    middle = " and so on" * 20_000
    pieces = differences(f"once{middle} end.", f"twice{middle} end!")

    assert [kind for kind, _ in pieces] == ["only_first", "only_second"]
    assert differences(f"once{middle}", f"twice{middle}")[2:] == [("same", middle)]
