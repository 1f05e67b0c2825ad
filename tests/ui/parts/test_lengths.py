"""How long the rows are, what a cut-off costs, and one row as the model sees it."""

import json
from dataclasses import replace

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


def test_a_few_rows_are_counted_in_whole_numbers() -> None:
    few = replace(LENGTHS, total=(50, 60, 60, 70), prompt=(10,) * 4)
    ticks = [
        json.loads(lengths.histogram(each, 512)["figure"])["layout"]["yaxis"].get("dtick") for each in (few, LENGTHS)
    ]
    assert ticks == [1, None]


def test_a_cut_row_is_named_by_the_number_that_the_screen_counts_with() -> None:
    assert "leaves out row 40:" in words(lengths.facts(LENGTHS, 512))
    assert "leaves no row out." in words(lengths.facts(LENGTHS, 1024))


def test_rows_that_the_template_refuses_are_no_rows_of_length_nought_and_the_first_is_named() -> None:
    refused = replace(
        LENGTHS, total=(0, 60, 0, *LENGTHS.total[3:]), partial=frozenset({0, 2}), refused={2: "B.", 0: "A."}
    )
    value = lengths.histogram(refused, 512)
    assert value["words"].startswith("Rows have 60 to 900 tokens") and '"fits (37)"' in value["figure"]
    assert refused.partial_sentence == "2 rows, of which row 1 is the first, cannot be trained on with this model. A."
    alone = replace(refused, partial=frozenset({2}), refused={2: "B."})
    assert alone.partial_sentence == "Row 3 cannot be trained on with this model. B."


def test_a_stop_token_that_is_not_learned_is_a_warning() -> None:
    untrained = Lengths("starter", (10,), (60,), stop_token_trained=False, stop_token="</s>")
    assert "the end-of-turn token </s> is not trained, so answers may not stop." in words(lengths.facts(untrained, 64))


def test_one_row_shows_what_is_learned_and_what_is_cut() -> None:
    pieces = (Piece("<|user|>", False, True), Piece("Hi", False, False), Piece("Good day", True, False, 2))
    drawn = lengths.seen(Seen(pieces=pieces, cut=(Piece("!", True, False),), total=5, cut_tokens=1, cut_trained=1))
    assert attributes(drawn, "class") == ["panel", "seen", "special", "", "trained", "cut", "help"]
    assert words(drawn).endswith("4 tokens, 2 of them trained.")
