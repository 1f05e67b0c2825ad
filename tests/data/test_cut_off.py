"""Cut-off: the suggestion is a usual step with its reason, and what others would cost is counted."""

from hypothesis import given
from hypothesis import strategies as st

from studio.data.lengths import STEPS, suggest_cut_off
from studio.domain.lengths import Lengths


def suggested(*totals: int):
    return suggest_cut_off(Lengths("model", (1,) * len(totals), totals, True, "<|end|>"))


def test_the_smallest_step_that_holds_every_row_whole():
    found = suggested(*range(1, 342))

    assert (found.tokens, found.longest) == (512, 341)
    assert found.reason == "512 tokens hold all 341 rows whole; the longest has 341."


def test_a_row_of_exactly_the_step_fits():
    assert suggested(128, 100).tokens == 128 and suggested(129, 100).tokens == 256


def test_a_few_giants_do_not_set_the_cut_off_for_all():
    found = suggested(*[100] * 995, *[5000] * 5)

    assert found.tokens == 128
    assert found.reason.startswith("128 tokens hold 995 of 1,000 rows whole. The other 5 need up to 5,000:")


def test_giants_that_are_many_do():
    assert suggested(*[100] * 950, *[5000] * 50).tokens == 8192


def test_the_table_counts_the_rows_that_each_step_would_cut():
    found = suggested(*[100] * 90, *[200] * 8, *[300] * 2)

    assert [(option.tokens, option.cut_rows, option.share) for option in found.options] == [
        (128, 10, 0.1), (256, 2, 0.02), (512, 0, 0.0),
    ]  # fmt: skip
    assert found.percentiles == {50: 100, 90: 100, 95: 200, 99: 300}


@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=200))
def test_at_most_one_row_in_a_hundred_is_cut_by_the_suggestion(totals):
    found = suggested(*totals)

    assert found.tokens in STEPS
    assert sum(total > found.tokens for total in totals) <= len(totals) / 100 or found.tokens == STEPS[-1]
