"""Chart: pictures that keep the reader's zoom."""

import json
import re

import plotly.graph_objects as go
import pytest

from studio.ui.parts.chart import DRAW, drawn, in_whole_numbers, laid_out
from studio.ui.runs import overlay
from studio.ui.theme import CSS


def test_the_zoom_stays_while_the_same_thing_is_drawn_again() -> None:
    few, more = (laid_out(go.Figure(go.Scatter(y=list(range(n)))), keep="run-1", x="step", y="loss") for n in (3, 9))
    other = laid_out(go.Figure(), keep="run-2", x="step", y="loss")
    assert few.layout.uirevision == more.layout.uirevision == "run-1"
    assert other.layout.uirevision == "run-2"
    assert "Plotly.react(" in DRAW and "newPlot" not in DRAW


def test_a_chart_travels_as_a_picture_with_its_words() -> None:
    value = drawn(laid_out(go.Figure(), keep="run-1", x="step", y="loss"), words="Loss fell.")
    assert value["words"] == "Loss fell."
    assert json.loads(value["figure"])["layout"]["uirevision"] == "run-1"
    assert "'aria-label', value.words" in DRAW


def test_no_chart_can_be_sent_to_anybody() -> None:
    assert "showSendToCloud: false" in DRAW


@pytest.mark.parametrize("colour", overlay.COLOURS)
def test_each_run_has_a_colour_for_the_dark_and_one_for_the_light(colour: str) -> None:
    named = dict(re.findall(r"'(#\w+)': '(--\w+)'", DRAW))[colour]
    light, dark = re.findall(rf"{named}: (#\w+);", CSS.read_text())
    assert light == colour != dark


def test_there_are_no_halves_between_the_steps_of_a_short_run() -> None:
    assert in_whole_numbers(4) == {"dtick": 1} and in_whole_numbers(400) == {}
