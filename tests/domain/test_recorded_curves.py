"""What is said of curves that were really recorded (bench/curves.py), from their first point to their last.

Those called held-out were recorded and looked at after the rules had been settled on the others.
"""

import json
from pathlib import Path

import pytest

from studio.domain.reading import Tone, read_curves, read_end
from studio.domain.run import Metric

CURVES = {path.stem: path for path in sorted((Path(__file__).parent / "curves").glob("*.json"))}
WORSE, TOO_HIGH = "It is getting worse.", "The learning rate is too high."
MEMORISES, LITTLE = "It has begun to memorise.", "Little learned so far."
BROKEN, ALL_RIGHT = "The answers look broken.", "Nearly everything is right."
# What each kind must be called at one time or another, and what it may be called besides.
ALARMS = {
    "healthy": (set(), set()),
    "plateau": (set(), set()),
    "overfitting": ({MEMORISES}, set()),
    "underfitting": ({LITTLE}, set()),
    "rate-too-high": ({TOO_HIGH}, set()),
    "diverging": ({WORSE}, {TOO_HIGH}),
    "broken-noise": ({BROKEN}, set()),
    "broken-told": (set(), set()),
    "broken-same": (set(), set()),
    "broken-shuffled": (set(), {MEMORISES}),
}
# How a kind ends, where it raises no alarm of its own.
ENDS = {"plateau": "It has levelled off.", "broken-told": ALL_RIGHT, "broken-same": ALL_RIGHT}
# Its validation loss rose by less than is called memorising; that its own rows are known far better is said instead.
UNNOTICED = {"held-out-overfitting-1": "Its own rows it knows far better"}
# A few of its words stay wrong, so it ends like any task that has been learned.
NOT_ALL_RIGHT = ("held-out-broken-same-1",)


def points(name: str) -> list[Metric]:
    return [Metric(**point) for point in json.loads(CURVES[name].read_text())["points"]]


def kind(name: str) -> str:
    return name.removeprefix("held-out-").rpartition("-")[0]


def alarms(name: str) -> set[str]:
    """Every warning that stood on the screen at some time while the run went on."""
    curve = points(name)
    said = [read_curves(curve[:length]) for length in range(len(curve) + 1)]
    return {each.title for each in said if each.tone in (Tone.WARNING, Tone.BAD)}


def test_every_kind_was_recorded_twice_and_once_more_held_out() -> None:
    names = [(kind(name), name.startswith("held-out")) for name in CURVES]
    for each in ALARMS.keys() - {"broken-told", "broken-shuffled"}:
        assert names.count((each, False)) >= 2 and names.count((each, True)) >= 1, each


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_is_called_what_it_is_and_nothing_else_at_any_time(name: str) -> None:
    must, may = ALARMS[kind(name)]
    raised = alarms(name)
    if name in UNNOTICED:
        assert raised == set() and UNNOTICED[name] in read_curves(points(name)).text
    else:
        assert must <= raised <= must | may


@pytest.mark.parametrize("name", [name for name in CURVES if kind(name) in ENDS and name not in NOT_ALL_RIGHT])
def test_what_raises_no_alarm_is_still_named_at_its_end(name: str) -> None:
    assert read_curves(points(name)).title == ENDS[kind(name)]


def test_an_ended_run_says_what_is_kept_and_what_another_run_should_change() -> None:
    said = {name: read_end(points(name), title="Finished.") for name in CURVES}
    assert said["healthy-5"].tone is Tone.GOOD and "more passes may help" in said["healthy-5"].text
    assert "more passes would not help" in said["overfitting-1"].text and "step 30" in said["overfitting-1"].text
    for name in ("rate-too-high-1", "underfitting-1", "broken-noise-1"):
        assert said[name].tone is Tone.WARNING and "it is kept" in said[name].text
    assert read_end([], title="Stopped by you.").tone is Tone.WARNING
