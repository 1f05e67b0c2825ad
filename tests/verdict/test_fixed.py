"""Summaries for one look at the end, against published values."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.verdict.fixed import (
    bootstrap_mean,
    clopper_pearson,
    clustered_error,
    mcnemar_p,
    sign_test_p,
    trinomial_p,
    wilson,
    wilson_corrected,
)


@pytest.mark.parametrize(
    ("wins", "n", "p"),
    [
        (8, 10, 0.109375), (7, 8, 0.0703125), (115, 200, 0.04003719), (9, 9, 0.00390625), (6, 6, 0.03125),
        (9, 10, 0.021484), (10, 10, 0.001953), (15, 20, 0.041389), (14, 20, 0.115318), (33, 50, 0.032839),
        (32, 50, 0.064909), (60, 100, 0.056888), (61, 100, 0.035200), (12, 15, 0.035156),
    ],
)  # fmt: skip
def test_the_sign_test_equals_published_values(wins: int, n: int, p: float) -> None:
    assert sign_test_p(wins, n - wins) == pytest.approx(p, abs=6e-7)
    assert sign_test_p(n - wins, wins) == pytest.approx(p, abs=6e-7)


@pytest.mark.parametrize(
    ("n", "fewest"),
    [
        (6, 6), (8, 8), (10, 9), (12, 10), (15, 12), (20, 15), (25, 18),
        (30, 21), (40, 27), (50, 33), (75, 47), (100, 61), (150, 88), (200, 115),
    ],
)  # fmt: skip
def test_the_fewest_wins_of_a_single_look(n: int, fewest: int) -> None:
    assert sign_test_p(fewest, n - fewest) < 0.05 <= sign_test_p(fewest - 1, n - fewest + 1)


@pytest.mark.parametrize(
    ("wins", "n", "ordinary", "corrected", "exact"),
    [
        (81, 263, (0.2553, 0.3662), (0.2535, 0.3682), (0.2527, 0.3676)),
        (15, 148, (0.0624, 0.1605), (0.0598, 0.1644), (0.0578, 0.1617)),
        (0, 20, (0.0, 0.1611), (0.0, 0.2005), (0.0, 0.1684)),
        (1, 29, (0.0061, 0.1718), (0.0018, 0.1963), (0.0009, 0.1776)),
    ],
)
def test_intervals_equal_newcombes_table(wins: int, n: int, ordinary, corrected, exact) -> None:
    for method, (low, high) in ((wilson, ordinary), (wilson_corrected, corrected), (clopper_pearson, exact)):
        found = method(wins, n)
        assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


@pytest.mark.parametrize(
    ("method", "wins", "n", "low", "high"),
    [
        (wilson, 61, 100, 0.5120, 0.6998), (clopper_pearson, 61, 100, 0.5073, 0.7060),
        (wilson, 60, 100, 0.5020, 0.6906), (clopper_pearson, 60, 100, 0.4972, 0.6967),
        (wilson, 8, 10, 0.4902, 0.9433), (clopper_pearson, 8, 10, 0.4439, 0.9748),
        (wilson, 10, 10, 0.7225, 1.0), (clopper_pearson, 10, 10, 0.6915, 1.0),
        (wilson, 23, 60, 0.2709, 0.5098), (wilson_corrected, 23, 60, 0.2635, 0.5181),
    ],
)  # fmt: skip
def test_further_intervals_equal_the_worked_values(method, wins: int, n: int, low: float, high: float) -> None:
    found = method(wins, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_none_of_a_hundred_still_allows_three_in_a_hundred() -> None:
    assert clopper_pearson(0, 100, level=0.90).high == pytest.approx(0.029513, abs=1e-6)


@given(wins=st.integers(0, 80), losses=st.integers(0, 80))
def test_the_exact_interval_and_the_sign_test_agree_about_one_half(wins: int, losses: int) -> None:
    interval = clopper_pearson(wins, wins + losses)
    assert (interval.low <= 0.5 <= interval.high) == (sign_test_p(wins, losses) >= 0.05)


def test_without_ratings_every_share_is_possible() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high, sign_test_p(0, 0), trinomial_p(0, 0, 0)) == (0.0, 1.0, 1.0, 1.0)


def test_the_trinomial_test_counts_ties_as_published() -> None:
    assert trinomial_p(7, 1, 2) == pytest.approx(0.0494, abs=5e-5)
    assert trinomial_p(1, 7, 2) == trinomial_p(7, 1, 2)


@pytest.mark.parametrize(("wins", "losses", "ties"), [(7, 1, 2), (12, 3, 5), (3, 9, 20), (30, 18, 1)])
def test_the_trinomial_test_equals_its_published_sum(wins: int, losses: int, ties: int) -> None:
    n, tie_rate = wins + losses + ties, ties / (wins + losses + ties)
    tail = sum(
        comb(n, d + k) * comb(n - d - k, k) * ((1 - tie_rate) / 2) ** (d + 2 * k) * tie_rate ** (n - d - 2 * k)
        for d in range(abs(wins - losses), n + 1)
        for k in range((n - d) // 2 + 1)
    )
    assert trinomial_p(wins, losses, ties) == pytest.approx(2 * tail, rel=1e-9)


def test_the_trinomial_test_bears_long_studies() -> None:
    assert 0.8 < trinomial_p(5000, 5010, 3000) < 1


@given(wins=st.integers(0, 30), losses=st.integers(0, 30))
def test_without_ties_the_trinomial_test_is_the_sign_test(wins: int, losses: int) -> None:
    assert trinomial_p(wins, losses, 0) == pytest.approx(sign_test_p(wins, losses), rel=1e-9)


def test_mcnemar_equals_the_published_values() -> None:
    assert mcnemar_p(150, 86) == pytest.approx(3.716e-5, rel=2e-4)
    assert mcnemar_p(25, 10) == pytest.approx(0.016674, abs=1e-6)


def test_ratings_of_one_prompt_are_not_counted_as_independent() -> None:
    scores = [1.0] * 21 + [0.0] * 9
    assert clustered_error(scores, [i // 3 for i in range(30)]) == pytest.approx(0.152753, abs=1e-6)
    assert clustered_error(scores, list(range(30))) == pytest.approx(0.085096, abs=1e-6)


def test_the_bootstrap_over_prompts_equals_the_worked_value_and_repeats() -> None:
    scores = [1.0] * 12 + [0.5] * 5 + [0.0] * 3
    found = bootstrap_mean(scores, resamples=100_000)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(0.525, abs=0.02), pytest.approx(0.875, abs=0.02))
    assert bootstrap_mean(scores) == bootstrap_mean(scores)


def test_resampling_says_nothing_about_prompts_that_all_ended_the_same() -> None:
    assert bootstrap_mean([1.0] * 10) is None
