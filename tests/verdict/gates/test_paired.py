"""Paired intervals and tests, against published values."""

from math import exp, log

import numpy as np
import pytest
import scipy

from studio.verdict.fixed import mcnemar_p
from studio.verdict.gates.paired import (
    mean_difference,
    percentiles,
    ratio_of_perplexity,
    ratio_of_typical,
    resampled,
    share_difference,
    tango,
    tango_score,
)
from studio.verdict.gates.several import pass_at_k


@pytest.mark.parametrize(
    ("gained", "lost", "n", "level", "low", "high", "digits"),
    [
        (9, 3, 32, 0.95, -0.027, 0.390, 3),  # Tango 1998, second example; also in the tests of R's ratesci
        (0, 1, 44, 0.90, -0.096, 0.037, 3),  # Tango 1998, soft contact lenses
        (1, 7, 21, 0.95, -0.517, -0.026, 3),  # Fagerland, Lydersen and Laake 2014, airway hyper-responsiveness
        (28, 25, 618, 0.90, -0.0148, 0.0247, 4),  # R's PropCIs
    ],
)
def test_tangos_interval_equals_published_values(gained, lost, n, level, low, high, digits) -> None:
    found = tango(gained, lost, n, level=level)
    assert (round(found.low, digits), round(found.high, digits)) == (low, high)


def test_mcnemars_test_on_agrestis_approval_ratings() -> None:
    assert tango_score(0.0, 86, 150, 1600) ** 2 == pytest.approx(17.36, abs=0.005)
    assert mcnemar_p(86, 150) == pytest.approx(3.716e-5, rel=1e-3)
    assert mcnemar_p(25, 10) == pytest.approx(0.016674, abs=5e-7)


def test_nothing_changed_is_no_proof_that_nothing_changes() -> None:
    z2 = scipy.stats.norm.ppf(0.975) ** 2
    found = tango(0, 0, 40)
    assert (found.low, found.high) == (pytest.approx(-z2 / (40 + z2)), pytest.approx(z2 / (40 + z2)))


@pytest.mark.parametrize(("gained", "lost"), [(10, 0), (0, 10)])
def test_the_interval_ends_where_shares_end(gained: int, lost: int) -> None:
    found = tango(gained, lost, 10)
    assert -1 <= found.low < found.high <= 1
    assert 1.0 in (found.high, -found.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    truth = 0.15 - 0.05
    drawn = rng.multinomial(40, [0.15, 0.05, 0.8], size=600)
    known = {(int(b), int(c)): tango(int(b), int(c), 40) for b, c, _ in drawn}
    covered = [known[int(b), int(c)].low <= truth <= known[int(b), int(c)].high for b, c, _ in drawn]
    assert np.mean(covered) > 0.93


def test_shares_are_told_with_their_difference() -> None:
    found = share_difference([True, True, False, False, False], [True, False, True, True, False])
    assert (found.base, found.tuned, found.value, found.p) == (0.4, 0.6, pytest.approx(0.2), 1.0)
    assert found.interval.low < 0.2 < found.interval.high


def test_the_paired_t_interval_is_scipys() -> None:
    base, tuned = [71.0, 64.5, 80.2, 55.1, 60.0], [74.0, 66.5, 79.2, 60.1, 66.0]
    found = mean_difference(base, tuned)
    theirs = scipy.stats.ttest_rel(tuned, base).confidence_interval()
    assert (found.interval.low, found.interval.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))


def test_twice_the_time_everywhere_is_twice_the_time() -> None:
    found = ratio_of_typical([1.0, 2.0, 4.0], [2.0, 4.0, 8.0])
    assert (found.base, found.tuned, found.value) == (pytest.approx(2), pytest.approx(4), pytest.approx(2))
    assert found.interval.low == pytest.approx(2) == found.interval.high


def test_perplexity_counts_tokens_and_not_answers() -> None:
    found = ratio_of_perplexity([1, 99], [log(2), 99 * log(4)], [log(2), 99 * log(2)])
    assert found.base == pytest.approx(exp((log(2) + 99 * log(4)) / 100))
    assert found.tuned == pytest.approx(2)
    assert found.value == pytest.approx(found.tuned / found.base)


def test_with_answers_of_one_length_perplexity_is_a_paired_t_interval() -> None:
    base, tuned = [10.0, 12.0, 9.0, 14.0], [9.0, 12.5, 8.0, 12.0]
    found = ratio_of_perplexity([5] * 4, base, tuned)
    theirs = scipy.stats.ttest_rel(np.array(tuned) / 5, np.array(base) / 5).confidence_interval()
    assert (log(found.interval.low), log(found.interval.high)) == (
        pytest.approx(theirs.low),
        pytest.approx(theirs.high),
    )


def test_a_resample_holds_as_many_prompts_as_there_are_and_is_the_same_each_time() -> None:
    drawn = resampled(7, resamples=50)
    assert set(drawn.sum(axis=1)) == {7}
    assert (drawn == resampled(7, resamples=50)).all()
    assert percentiles(np.arange(1001)).low == pytest.approx(25)


@pytest.mark.parametrize(("k", "chance"), [(1, 0.3), (5, 0.916667), (8, 1.0)])
def test_pass_at_k_equals_the_published_values(k: int, chance: float) -> None:
    assert pass_at_k(10, 3, k) == pytest.approx(chance, abs=5e-7)


def test_more_answers_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="11 of 10"):
        pass_at_k(10, 3, 11)
