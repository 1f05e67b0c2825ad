"""How many ratings a clear answer takes."""

import numpy as np
import pytest

from studio.verdict.planning import (
    chance_by_rating,
    chance_of_verdict,
    more_ratings_needed,
    more_until_ruled_out,
    plan_sentence,
    wins_needed,
)
from studio.verdict.sequential import log_e_better


@pytest.mark.parametrize(
    ("n", "wins"), [(7, 7), (10, 10), (20, 16), (30, 23), (50, 36), (75, 51), (100, 65), (150, 94), (200, 122)]
)
def test_wins_that_settle_it(n: int, wins: int) -> None:
    assert wins_needed(n) == wins


def test_what_a_plan_can_settle_is_told_before_it_is_frozen() -> None:
    assert plan_sentence(100, alpha=0.025) == (
        "With 100 prompts, of which about 85 show a preference, a model that people truly prefer in 70 of 100 "
        "comparisons ships 81 times in 100; one that they prefer in 60 of 100, 19 times."
    )


def test_what_happens_once_is_said_so() -> None:
    assert plan_sentence(24, alpha=1 / 320).endswith(" times in 100; one that they prefer in 60 of 100, once.")


def test_six_ratings_can_never_settle_it() -> None:
    assert wins_needed(6) is None


@pytest.mark.parametrize(
    ("preference", "ratings", "chance"),
    [
        (0.60, 50, 0.18), (0.60, 100, 0.33), (0.60, 200, 0.58), (0.60, 400, 0.88),
        (0.65, 50, 0.38), (0.65, 100, 0.68), (0.65, 200, 0.94), (0.65, 400, 1.00),
        (0.70, 50, 0.64), (0.70, 100, 0.93), (0.70, 200, 1.00),
        (0.75, 50, 0.86), (0.75, 100, 0.99), (0.80, 50, 0.97), (0.80, 100, 1.00),
    ],
)  # fmt: skip
def test_the_chance_of_a_verdict_equals_the_simulated_table(preference: float, ratings: int, chance: float) -> None:
    assert chance_of_verdict(preference, ratings=ratings) == pytest.approx(chance, abs=0.011)


@pytest.mark.parametrize(
    ("preference", "median", "late"),
    [(0.60, 145, 265), (0.65, 68, 133), (0.70, 37, 68), (0.75, 23, 43), (0.80, 17, 26)],
)
def test_studies_that_end_within_400_ratings_stop_as_early_as_simulated(
    preference: float, median: int, late: int
) -> None:
    chance = chance_by_rating(preference, more=400)
    assert int(np.argmax(chance >= 0.5 * chance[-1])) == pytest.approx(median, abs=3)
    assert int(np.argmax(chance >= 0.8 * chance[-1])) == pytest.approx(late, abs=4)


def test_without_a_difference_the_exact_chance_of_a_wrong_answer_is_one_in_thirty() -> None:
    assert chance_of_verdict(0.5, ratings=400) == pytest.approx(0.033, abs=0.002)


def test_the_exact_count_agrees_with_simulated_studies() -> None:
    votes = np.random.default_rng(3).random((4000, 120)) < 0.64
    wins = 9 + votes.cumsum(axis=1)
    losses = 5 + (~votes).cumsum(axis=1)
    simulated = (log_e_better(wins, losses) >= np.log(20)).any(axis=1).mean()
    assert chance_by_rating(0.64, more=120, wins=9, losses=5)[-1] == pytest.approx(simulated, abs=0.025)


@pytest.mark.parametrize(
    ("wins", "losses", "more"), [(14, 6, 46), (20, 10, 65), (32, 18, 90), (60, 40, 205), (9, 6, 310)]
)
def test_more_ratings_needed_equals_the_simulated_examples(wins: int, losses: int, more: int) -> None:
    assert more_ratings_needed(wins, losses, limit=400) == pytest.approx(more, abs=4)


def test_no_promise_is_made_beyond_two_hundred_or_from_nothing() -> None:
    assert more_ratings_needed(9, 6) is None
    assert more_ratings_needed(10, 10) is None
    assert more_ratings_needed(0, 0) is None


def test_a_settled_study_needs_no_more() -> None:
    assert more_ratings_needed(7, 0) == 0


def test_a_trailing_model_is_ruled_out_sooner_than_it_is_shown_to_be_worse() -> None:
    against = more_until_ruled_out(8, 14, target=0.55)
    assert against is not None
    assert against < (more_ratings_needed(14, 8) or 200)


def test_a_plan_says_what_all_prompts_would_settle_where_fewer_are_asked() -> None:
    more = " More prompts settle more: with all 45, "
    asked, every = plan_sentence(24, most=45), plan_sentence(45, most=45)
    assert asked.startswith(plan_sentence(24) + more) and more not in every
    assert f"ships {asked.split(more)[1].split(' and ')[0]} times" in every
