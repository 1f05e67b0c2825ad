"""Verdicts: the published rate of wrong “ship” still holds, and the page tells what the bench counts."""

import re
from pathlib import Path

import numpy as np
import pytest

from bench.verdicts import CANDIDATES, World, agree, false_ships, gather, in_a_row, studies_of, wins
from studio.domain.protocol import alpha_at

DOCUMENT = Path(__file__).parents[2] / "docs" / "verdict.md"
SMALL = {"studies": 1500, "prompts": 100, "seed": 5}


def percents(row: list[str]) -> list[float]:
    return [float(cell.removesuffix(" %")) for cell in row[1:]]


def published(title: str) -> list[list[str]]:
    """The rows of the first table below a title."""
    below = DOCUMENT.read_text().split(f"### {title}")[1].split("\n\n")[1]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in below.splitlines()[2:]]


def test_a_look_after_every_rating_ships_a_model_that_is_no_better_at_most_one_time_in_twenty() -> None:
    *ours, habit = [percents(row) for row in false_ships([25, 50, 100], **SMALL)]
    assert all(max(row) <= 5 for row in ours) and max(map(max, ours)) > 0.5
    assert max(habit) > 5


def test_all_candidates_on_the_same_prompts_together_are_wrong_at_most_one_time_in_twenty() -> None:
    rising, one_bar = [percents(row) for row in in_a_row(**SMALL)]
    assert len(rising) == CANDIDATES and rising == sorted(rising)
    assert rising[-1] <= 5 < one_bar[-1]


def test_the_simulated_rule_is_the_studios_own() -> None:
    agree(np.random.default_rng(1), prompts=40, studies=10)


@pytest.mark.parametrize("world", [World(0.5, 0.0), World(0.5, 0.4), World(0.7, 0.15)])
def test_the_simulated_votes_have_the_preference_and_the_ties_that_were_asked_for(world: World) -> None:
    ((steps,),) = studies_of(np.random.default_rng(2), [world], studies=400, prompts=200)
    assert (steps == 0).mean() == pytest.approx(world.ties, abs=0.01)
    assert (steps == 1).sum() / (steps != 0).sum() == pytest.approx(world.preference, abs=0.01)


def test_a_clearly_better_model_ships_against_one_opponent_sooner_than_against_three() -> None:
    one, three = (
        gather(np.random.default_rng(3), [World(0.75)] * n, studies=500, prompts=100, alpha=alpha_at(1))[:, -1].mean()
        for n in (1, 3)
    )
    assert 0.5 < three < one


def test_the_page_tells_at_most_five_percent_and_the_wins_that_settle_it() -> None:
    *ours, habit = [percents(row) for row in published("No difference: how often is “ship” said at any look?")]
    assert len(ours) == 5 and all(max(row) <= 5 for row in ours) and max(habit) > 5
    rising, one_bar = [percents(row) for row in published("One candidate after the other")]
    assert rising[-1] <= 5 < one_bar[-1]
    assert published("Wins that settle it") == list(wins())
    assert re.search(r"20,000 studies each, seed \d+", DOCUMENT.read_text())
