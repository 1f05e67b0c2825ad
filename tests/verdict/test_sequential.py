"""Evidence that may be looked at after every rating."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.verdict.sequential import (
    always_valid_band,
    always_valid_p,
    betting_evidence,
    e_better,
    e_two_sided,
    e_worse,
    evidence_path,
    first_crossing,
    log_e_better,
)

counts = st.integers(0, 400)


def exact_e_better(wins: int, losses: int) -> Fraction:
    """The same integral in whole numbers: Σ_{k≤w} C(n+1, k) / ((n+1)·C(n, w))."""
    n = wins + losses
    return Fraction(sum(comb(n + 1, k) for k in range(wins + 1)), (n + 1) * comb(n, wins))


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [(115, 85, 0.83533), (60, 40, 0.913050), (8, 2, 2.0687), (65, 35, 11.4614), (70, 30, 427.31)],
)
def test_two_sided_evidence_equals_published_bayes_factors(wins: int, losses: int, expected: float) -> None:
    assert e_two_sided(wins, losses) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(
    ("wins", "losses", "expected"),
    [
        (5, 0, 10.5), (6, 0, 18.142857), (7, 0, 31.875), (8, 0, 56.778), (8, 2, 4.0020), (15, 5, 6.3555),
        (32, 18, 2.3859), (60, 40, 1.7841), (61, 39, 2.7457), (65, 35, 22.8924), (70, 30, 854.59), (12, 3, 8.906),
    ],
)  # fmt: skip
def test_evidence_for_better_equals_the_worked_values(wins: int, losses: int, expected: float) -> None:
    assert e_better(wins, losses) == pytest.approx(expected, rel=6e-5)


@pytest.mark.parametrize("wins", range(1, 60))
def test_an_unbroken_run_of_wins_has_the_closed_form(wins: int) -> None:
    assert e_better(wins, 0) == pytest.approx((2 ** (wins + 1) - 1) / (wins + 1), rel=1e-12)


def test_seven_wins_in_a_row_are_the_first_to_settle_it() -> None:
    assert e_better(6, 0) < 20 <= e_better(7, 0)


@given(wins=counts, losses=counts)
def test_evidence_equals_the_sum_in_whole_numbers(wins: int, losses: int) -> None:
    assert e_better(wins, losses) == pytest.approx(float(exact_e_better(wins, losses)), rel=1e-9)


@given(wins=counts, losses=counts)
def test_two_sided_evidence_is_the_mean_of_both_sides(wins: int, losses: int) -> None:
    assert e_two_sided(wins, losses) == pytest.approx((e_better(wins, losses) + e_worse(wins, losses)) / 2, rel=1e-9)


@given(wins=counts, losses=counts, evidence=st.sampled_from([e_better, e_two_sided]))
def test_a_fair_coin_neither_adds_nor_takes_evidence(wins: int, losses: int, evidence) -> None:
    after = (evidence(wins + 1, losses) + evidence(wins, losses + 1)) / 2
    assert after == pytest.approx(evidence(wins, losses), rel=1e-9)


@given(wins=counts, losses=counts, preference=st.floats(0, 0.5))
def test_evidence_for_better_shrinks_where_the_model_is_worse(wins: int, losses: int, preference: float) -> None:
    after = preference * e_better(wins + 1, losses) + (1 - preference) * e_better(wins, losses + 1)
    assert after <= e_better(wins, losses) * (1 + 1e-9)


@given(steps=st.lists(st.sampled_from([1, -1, 0]), max_size=60), seed=st.randoms())
def test_evidence_depends_on_the_counts_and_not_on_their_order(steps: list[int], seed) -> None:
    shuffled = steps.copy()
    seed.shuffle(shuffled)
    assert evidence_path([*steps, 0])[-1] == pytest.approx(evidence_path([*shuffled, 0])[-1])
    assert evidence_path([*steps, 0])[-1] == pytest.approx(e_better(steps.count(1), steps.count(-1)))


def test_a_tie_places_no_bet() -> None:
    assert evidence_path([1, 0, 0, 1]).tolist() == pytest.approx(
        [e_better(1, 0), e_better(1, 0), e_better(1, 0), e_better(2, 0)]
    )


def test_very_long_studies_neither_overflow_nor_turn_to_nothing() -> None:
    assert np.isfinite(e_better(100_000, 0))
    assert e_better(0, 100_000) == pytest.approx(1 / 100_001)
    assert np.isfinite(log_e_better([3, 100_000], [100_000, 3])).all()


@given(wins=counts, losses=st.integers(1000, 5000))
def test_evidence_too_small_for_a_float_is_never_overstated(wins: int, losses: int) -> None:
    assert e_better(wins, losses) <= float(exact_e_better(wins, losses)) * (1 + 1e-6)


@pytest.mark.parametrize(("wins", "losses"), [(46, 1314), (255, 1954), (151, 1669)])
def test_evidence_from_a_float_with_few_digits_is_not_overstated(wins: int, losses: int) -> None:
    assert e_better(wins, losses) <= float(exact_e_better(wins, losses)) * (1 + 1e-6)


def test_looking_after_every_rating_keeps_wrong_shipments_below_one_in_twenty() -> None:
    votes = np.random.default_rng(20_261_123).integers(0, 2, size=(2000, 400))
    wins = votes.cumsum(axis=1)
    ever = (log_e_better(wins, np.arange(1, 401) - wins) >= np.log(20)).any(axis=1)
    assert 0.02 < ever.mean() <= 0.05


def test_the_strongest_moment_counts_because_the_study_could_have_stopped_there() -> None:
    path = evidence_path([1] * 7 + [-1] * 7)
    assert path[-1] < 20
    assert first_crossing(path) == 7
    assert always_valid_p(path) == pytest.approx(1 / 31.875)


def test_without_ratings_nothing_is_known() -> None:
    path = evidence_path([])
    assert (always_valid_p(path), first_crossing(path), e_better(0, 0)) == (1.0, None, pytest.approx(1.0))
    assert (always_valid_band(0, 0).low, always_valid_band(0, 0).high) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("wins", "losses", "low", "high"),
    [
        (8, 2, 0.3530, 0.9895), (60, 40, 0.4408, 0.7460), (70, 30, 0.5428, 0.8306),
        (120, 80, 0.4836, 0.7092), (10, 0, 0.5831, 1.0),
    ],
)  # fmt: skip
def test_the_always_valid_band_equals_the_worked_values(wins: int, losses: int, low: float, high: float) -> None:
    band = always_valid_band(wins, losses)
    assert (band.low, band.high, band.level) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5), 0.95)


@given(wins=counts, losses=counts)
def test_the_band_holds_the_observed_share_and_mirrors_when_sides_swap(wins: int, losses: int) -> None:
    band, mirrored = always_valid_band(wins, losses), always_valid_band(losses, wins)
    assert 0 <= band.low <= (wins + 0.5) / (wins + losses + 1) <= band.high <= 1
    assert (mirrored.low, mirrored.high) == (pytest.approx(1 - band.high), pytest.approx(1 - band.low))


@given(wins=counts, losses=counts)
def test_the_band_leaves_out_one_half_exactly_when_two_sided_evidence_suffices(wins: int, losses: int) -> None:
    band = always_valid_band(wins, losses)
    assert (band.low <= 0.5 <= band.high) == (e_two_sided(wins, losses) < 20)


def test_betting_half_of_the_wealth_equals_the_worked_value_and_ignores_ties() -> None:
    ratings = [1.0] * 8 + [0.0] * 2
    assert betting_evidence(ratings, stake=0.5) == pytest.approx(6.40723, abs=1e-5)
    assert betting_evidence(ratings + [0.5] * 5, stake=0.5) == betting_evidence(ratings, stake=0.5)


def test_bets_set_from_the_past_find_a_better_model_and_stay_quiet_on_a_coin() -> None:
    draw = np.random.default_rng(5)
    assert betting_evidence((draw.random(200) < 0.7).astype(float).tolist()) > 20
    coins = draw.integers(0, 3, size=(400, 100)) / 2
    ends = [betting_evidence(scores.tolist()) for scores in coins]
    assert np.mean(np.asarray(ends) >= 20) <= 0.05
    assert np.mean(ends) < 1.5
