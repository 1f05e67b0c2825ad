"""What is told of a closed study beside its verdict: the blind, identical pairs, length, the figures of the end."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.closing import Guess
from studio.domain.light import Light
from studio.domain.study import Choice
from studio.domain.verdict import Judged, Outcome
from studio.verdict.blinding import blinding, blinding_sign, identical_pairs
from studio.verdict.details import details
from studio.verdict.length import adjusted


def guesses(correct: int, mistaken: int, unsure: int) -> list[Guess]:
    return [Guess.CORRECT] * correct + [Guess.MISTAKEN] * mistaken + [Guess.UNSURE] * unsure


@pytest.mark.parametrize(("correct", "mistaken", "unsure", "index"), [(82, 25, 170, 0.205776), (29, 27, 83, 0.014388)])
def test_bangs_index_equals_the_published_values(correct: int, mistaken: int, unsure: int, index: float) -> None:
    assert blinding(guesses(correct, mistaken, unsure)).index == pytest.approx(index, abs=1e-6)


@pytest.mark.parametrize(
    ("correct", "mistaken", "unsure", "held", "light", "says"),
    [
        (20, 1, 3, False, Light.AMBER, "could tell which was which"),
        (1, 20, 3, False, Light.AMBER, "took each for the other"),
        (29, 27, 83, True, Light.GREEN, "the blind held"),
        (0, 0, 12, True, Light.GREEN, "the blind held"),
        (82, 25, 170, None, Light.AMBER, "cannot tell"),
        (3, 0, 0, None, Light.AMBER, "3 answers cannot tell whether the blind held"),
        (0, 0, 2, None, Light.AMBER, "2 answers cannot tell"),
        (0, 0, 0, None, Light.AMBER, "Nobody was asked"),
    ],
)
def test_whether_the_blind_held_is_said_only_where_the_guesses_can_tell(
    correct: int, mistaken: int, unsure: int, held, light: Light, says: str
) -> None:
    found = blinding(guesses(correct, mistaken, unsure))
    assert found.held is held and says in found.sentence
    sign = blinding_sign(found)
    assert (sign.light, sign.is_required) == (light, held is False)


@given(correct=st.integers(0, 40), mistaken=st.integers(0, 40), unsure=st.integers(0, 40))
def test_the_index_lies_in_its_interval_and_mirrors(correct: int, mistaken: int, unsure: int) -> None:
    found, mirrored = blinding(guesses(correct, mistaken, unsure)), blinding(guesses(mistaken, correct, unsure))
    if found.index is None or found.interval is None:
        assert found.guesses == 0
        return
    assert -1 <= found.interval.low <= found.index <= found.interval.high <= 1
    assert mirrored.index == pytest.approx(-found.index) and mirrored.held is found.held


@pytest.mark.parametrize(
    ("left", "right", "tie", "bad", "skip", "says"),
    [
        (0, 0, 0, 0, 3, "No pair showed the same answer"),
        (1, 0, 1, 0, 0, "called it equal 1 of 2 times; so few tell nothing."),
        (1, 0, 4, 1, 1, "called it equal 5 of 6 times."),
        (4, 2, 2, 0, 0, "small differences in this study are noise"),
    ],
)
def test_identical_pairs_show_how_much_preference_is_noise(left, right, tie, bad, skip, says: str) -> None:
    choices = [Choice.LEFT] * left + [Choice.RIGHT] * right + [Choice.TIE] * tie + [Choice.BOTH_BAD] * bad
    found = identical_pairs(choices + [Choice.SKIP] * skip)
    assert (found.left, found.right, found.equal) == (left, right, tie + bad)
    assert found.sentence.endswith(says) or says in found.sentence


def ratings(count: int, *, longer_wins: float, better_wins: float, left_wins: float = 0.0) -> list[Judged]:
    """Made-up ratings in which length, content and side each have their own pull on the odds."""
    draw, made = random.Random(11), []
    for number in range(count):
        length = draw.choice([60, 100, 200, 320]) if number % 10 else 100
        side = "left" if draw.random() < 0.5 else "right"
        pull = better_wins + longer_wins * (1 if length > 100 else -1 if length < 100 else 0)
        pull += left_wins * (1 if side == "left" else -1)
        outcome: Outcome = "tuned" if draw.random() < 1 / (1 + 2.718281828**-pull) else "base"
        made.append(Judged(str(number), "ann", outcome, side, tuned_chars=length, base_chars=100))
    return made


def test_a_lead_that_is_length_alone_goes_away_at_equal_length() -> None:
    found = adjusted(ratings(600, longer_wins=1.5, better_wins=0.0))
    assert found and found.differs and found.raw > 0.58 and found.share < 0.52
    assert found.interval.low < found.share < found.interval.high


def test_a_lead_of_content_stays_at_equal_length() -> None:
    found = adjusted(ratings(600, longer_wins=0.0, better_wins=1.0))
    assert found and not found.differs and found.share == pytest.approx(found.raw, abs=0.05)
    assert "do not explain the result" in found.sentence


def test_a_result_that_length_turns_around_is_said_aloud() -> None:
    found = adjusted(ratings(600, longer_wins=2.0, better_wins=-0.7))
    assert found and found.differs
    assert "part of the result is length or side" in found.sentence


def test_a_habit_of_one_side_is_taken_out() -> None:
    made = ratings(400, longer_wins=0.0, better_wins=0.0, left_wins=2.0)
    on_the_right = [each for each in made if each.tuned_side == "right"]
    found = adjusted([*(each for each in made if each.tuned_side == "left"), *on_the_right[:60]])
    assert found and found.raw > 0.65 and abs(found.share - 0.5) < 0.1 and found.differs


def test_equal_lengths_and_even_sides_leave_the_share_as_it_is() -> None:
    made = [
        Judged(str(n), "ann", "tuned" if n % 4 < 3 else "base", "left" if n // 4 % 2 else "right", None, 50, 50)
        for n in range(80)
    ]
    found = adjusted(made)
    assert found and found.share == pytest.approx(0.75, abs=1e-4)


def test_nothing_is_adjusted_on_fewer_than_fifty_preferences_or_without_lengths() -> None:
    assert adjusted(ratings(49, longer_wins=0, better_wins=0)) is None
    assert adjusted([Judged(str(n), "ann", "tuned", "left") for n in range(80)]) is None


def test_the_figures_of_the_end_count_a_prompt_once_however_often_it_was_rated() -> None:
    outcomes: list[Outcome] = ["tuned"] * 12 + ["tie"] * 5 + ["base"] * 3
    once = [Judged(str(n), "ann", said, "left") for n, said in enumerate(outcomes)]
    found = details(once)
    assert found.score == pytest.approx(0.725)
    assert found.interval and (found.interval.low, found.interval.high) == (
        pytest.approx(0.525, abs=0.026), pytest.approx(0.875, abs=0.026),
    )  # fmt: skip
    again = details([*once, *[Judged(str(n), "bob", said, "right") for n, said in enumerate(outcomes)]])
    assert (again.score, again.interval) == (found.score, found.interval)
    assert again.error == pytest.approx(found.error)


def test_without_ratings_there_are_no_figures() -> None:
    empty = details([])
    assert (empty.score, empty.interval, empty.error, empty.adjusted) == (None, None, None, None)
    assert details([Judged("one", "ann", "tuned", "left")]).error is None
