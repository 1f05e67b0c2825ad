"""How long the rows are, what a cut-off costs, and one row as the model sees it."""

import json

import pytest

from studio.data.seen import Seen
from studio.domain.lengths import Lengths, Piece
from studio.ui.parts import lengths
from tests.ui.markup import attributes, words

LENGTHS = Lengths("starter", (10,) * 40, (*([60] * 39), 900), stop_token_trained=True, stop_token="<|im_end|>")


@pytest.mark.parametrize(("cut_off", "lost"), [(512, 1), (1024, 0)])
def test_the_picture_says_what_a_cut_off_costs(cut_off: int, lost: int) -> None:
    value = lengths.histogram(LENGTHS, cut_off)
    assert value["words"].endswith(f"{lost} exceed {cut_off:,}.")
    figure = json.loads(value["figure"])
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [cut_off]
    assert figure["data"][1]["name"] == f"would lose its end ({lost})"


def test_a_cut_row_is_named_by_the_number_that_the_screen_counts_with() -> None:
    assert "leaves out row 40:" in words(lengths.facts(LENGTHS, 512))
    assert "leaves no row out." in words(lengths.facts(LENGTHS, 1024))


def test_a_stop_token_that_is_not_learned_is_a_warning() -> None:
    untrained = Lengths("starter", (10,), (60,), stop_token_trained=False, stop_token="</s>")
    assert "the end-of-turn token </s> is not trained, so answers may not stop." in words(lengths.facts(untrained, 64))


def test_one_row_shows_what_is_learned_and_what_is_cut() -> None:
    pieces = (Piece("<|user|>", False, True), Piece("Hi", False, False), Piece("Good day", True, False, 2))
    drawn = lengths.seen(Seen(pieces=pieces, cut=(Piece("!", True, False),), total=5, cut_tokens=1, cut_trained=1))
    assert attributes(drawn, "class") == ["panel", "seen", "special", "", "trained", "cut", "help"]
    assert words(drawn).endswith("4 tokens, 2 of them trained.")
