"""Sweeps: which runs they are made of, and when one of them is really better."""

import pytest

from studio.domain.errors import RecipeError
from studio.domain.reading import Tone
from studio.domain.recipe import Recipe
from studio.domain.run import Metric
from studio.domain.sweep import Result, combinations, label_of, margin, ranked, wobble

SMOOTH = [1.0, 0.8, 0.7, 0.65, 0.62, 0.6]


def result(label: str, losses: list[float], *, live: bool = False) -> Result:
    return Result(label, [Metric(10 * at, 1.0, validation_loss=loss) for at, loss in enumerate([2.0, *losses])], live)


def test_every_combination_of_two_knobs_is_made_once():
    made = combinations(Recipe(), {"learning_rate": [1e-4, 2e-4], "rank": [8, 16]})
    assert [tuple(each.values()) for each in made] == [(1e-4, 8), (1e-4, 16), (2e-4, 8), (2e-4, 16)]
    assert label_of(made[0]) == "learning rate 0.0001, adapter rank 8"


@pytest.mark.parametrize(
    ("knobs", "says", "field"),
    [
        ({}, "one or two knobs, not 0", ""),
        ({"rank": [8], "epochs": [1], "seed": [1]}, "one or two knobs, not 3", ""),
        ({"max_length": [128, 256]}, "cannot vary “max_length”", "max_length"),
        ({"prefix_tokens": [10, 20]}, "QLoRA has no prefix length", "prefix_tokens"),
        ({"rank": [8, 8]}, "each value is needed once", "rank"),
        ({"rank": [8]}, "That makes 1 run;", "rank"),
        ({"rank": [1, 2, 3, 4], "epochs": [1.0, 2.0, 3.0]}, "That makes 12 runs; a sweep has 2 to 9", "rank"),
    ],
)
def test_what_is_no_sweep_is_refused_and_names_its_knob(knobs, says, field):
    with pytest.raises(RecipeError) as refused:
        combinations(Recipe(), knobs)
    assert says in refused.value.message and refused.value.field == field


def test_a_smooth_course_does_not_wobble_and_a_restless_one_does():
    assert wobble(result("", SMOOTH).points) == pytest.approx(0.012, abs=0.01)
    restless = [1.0, 0.8, 0.9, 0.78, 0.92, 0.8, 0.9]
    assert wobble(result("", restless).points) > 0.1
    assert wobble(result("", [1.0, 0.9, 0.8]).points) is None


def test_a_clear_difference_is_called_best_and_says_how_sure_that_is():
    found = ranked([result("rank 8", SMOOTH), result("rank 16", [loss - 0.3 for loss in SMOOTH])])
    assert (found.lowest, found.alike, found.said.tone) == (1, (), Tone.GOOD)
    assert found.said.title == "Rank 16 is best." and "0.300, and the next one 0.600" in found.said.text
    assert "tried once" in found.said.text


def test_a_difference_within_the_noise_of_the_checks_is_not_called_better():
    found = ranked([result("rank 8", SMOOTH), result("rank 16", [loss - 0.004 for loss in SMOOTH])])
    assert (found.lowest, found.alike, found.said.title) == (1, (0,), "No clear best.")
    restless = [1.0, 0.8, 0.9, 0.78, 0.92, 0.8, 0.9]
    quieter = [loss - 0.1 for loss in restless]
    assert ranked([result("a", restless), result("b", quieter)]).said.title == "No clear best."
    assert margin([result("a", restless)], 0.78) > 0.3


def test_what_is_not_through_yet_is_ahead_and_no_more():
    found = ranked([result("a", SMOOTH), result("b", [0.3], live=True)])
    assert found.said.title == "B is ahead." and "1 of 2 are not through yet" in found.said.text
    assert found.said.tone is Tone.QUIET
    assert ranked([result("a", SMOOTH), result("b", [], live=True)]).said.title == "Nothing to compare yet."


def test_a_run_without_a_check_or_with_a_broken_loss_is_left_out_and_counted():
    found = ranked([result("a", SMOOTH), result("b", [0.3, float("nan")]), result("c", [])])
    assert "1 of 3 ended without a check" in found.said.text
    alone = ranked([result("a", SMOOTH), result("b", [])])
    assert alone.said.title == "Nothing to compare it with." and alone.lowest == 0
    assert ranked([result("a", [])]).lowest is None


def test_with_too_few_checks_a_best_is_not_claimed():
    found = ranked([result("a", [1.0, 0.9]), result("b", [0.6, 0.5])])
    assert (found.said.title, found.said.tone) == ("B has the lowest loss.", Tone.QUIET)
    assert "too few checks to know" in found.said.text
