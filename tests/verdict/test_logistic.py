"""The small regression and the scale of abilities, against published values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.verdict.ability import abilities
from studio.verdict.fixed import clustered_error
from studio.verdict.logistic import fit

TEAMS = ("MIL", "DET", "TOR", "NY", "BOS", "CLE", "BAL")
EAST_1987 = (
    (0, 7, 9, 7, 7, 9, 11), (6, 0, 7, 5, 11, 9, 9), (4, 6, 0, 7, 7, 8, 12), (6, 8, 6, 0, 6, 7, 10),
    (6, 2, 6, 7, 0, 7, 12), (4, 4, 5, 6, 6, 0, 6), (2, 4, 1, 3, 1, 7, 0),
)  # fmt: skip


def test_abilities_equal_agrestis_baseball_table() -> None:
    wins = {
        (TEAMS[a], TEAMS[b]): float(count) for a, row in enumerate(EAST_1987) for b, count in enumerate(row) if a != b
    }
    found = abilities(wins, anchor="BAL")
    expected = {"MIL": 1.5814, "DET": 1.4364, "TOR": 1.2945, "NY": 1.2476, "BOS": 1.1077, "CLE": 0.6839, "BAL": 0.0}
    assert {team: ability.value for team, ability in found.items()} == pytest.approx(expected, abs=6e-5)
    assert all(ability.error == pytest.approx(0.3, abs=0.05) for team, ability in found.items() if team != "BAL")


@pytest.mark.parametrize(("wins", "losses", "points"), [(60, 40, 70.44), (75, 25, 190.85)])
def test_of_two_models_the_ability_is_the_logarithm_of_the_odds(wins: int, losses: int, points: float) -> None:
    found = abilities({("tuned", "base"): wins, ("base", "tuned"): losses}, anchor="base")["tuned"]
    assert found.value == pytest.approx(math.log(wins / losses), abs=1e-6)
    assert found.value * 400 / math.log(10) == pytest.approx(points, abs=0.005)
    assert found.error == pytest.approx(math.sqrt(1 / wins + 1 / losses), rel=1e-4)


def test_a_model_that_never_lost_gets_a_large_finite_ability() -> None:
    found = abilities({("tuned", "base"): 30.0, ("tuned", "prompt"): 20.0, ("prompt", "base"): 3.0}, anchor="base")
    assert found["tuned"].value > found["prompt"].value > 5
    assert math.isfinite(found["tuned"].value)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 0.5, 1.0])), min_size=8, max_size=60))
def test_with_an_intercept_alone_it_is_the_mean_and_its_clustered_error(votes) -> None:
    scores, prompts = [score for _, score in votes], [prompt for prompt, _ in votes]
    mean = sum(scores) / len(scores)
    if not 0.05 < mean < 0.95 or len(set(prompts)) < 2:
        return
    found = fit(np.ones((len(votes), 1)), scores, groups=prompts)
    assert 1 / (1 + math.exp(-found.coefficients[0])) == pytest.approx(mean, abs=1e-5)
    error = math.sqrt(found.covariance[0, 0]) * mean * (1 - mean)
    assert error == pytest.approx(clustered_error(scores, prompts), rel=1e-3, abs=1e-6)


def test_weights_count_like_repeated_rows() -> None:
    design = [[1.0, 0.2], [1.0, -1.0], [1.0, 0.7], [1.0, -0.1]]
    weighted = fit(design, [1, 0, 0, 1], weights=[3, 2, 1, 1])
    repeated = fit([design[i] for i in (0, 0, 0, 1, 1, 2, 3)], [1, 1, 1, 0, 0, 0, 1])
    assert weighted.coefficients == pytest.approx(repeated.coefficients)
    assert weighted.covariance == pytest.approx(repeated.covariance)
