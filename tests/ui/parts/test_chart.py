"""Chart: pictures that keep the reader's zoom."""

import json

import plotly.graph_objects as go

from studio.domain.verdict import Decision
from studio.ui.parts import band
from studio.ui.parts.chart import DRAW, drawn, laid_out
from tests.ui import examples


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


def test_the_band_names_the_range_and_the_line_of_no_difference() -> None:
    said = examples.decided().verdict
    value = band.picture(said, keep="study-1")
    figure = json.loads(value["figure"])
    assert figure["layout"]["uirevision"] == "study-1"
    assert figure["layout"]["xaxis"]["range"] == [0, 100]
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [50]
    assert figure["data"][0]["x"] == [said.evidence.band.low * 100, said.evidence.band.high * 100]
    assert "82 % of the ratings with a preference" in value["words"]


def test_a_band_without_a_decisive_rating_has_no_point() -> None:
    value = band.picture(examples.decided(tuned=0, base=0, tie=5).verdict, keep="study-1")
    assert len(json.loads(value["figure"])["data"]) == 1
    assert value["words"].startswith("the true preference")


def test_every_decision_has_a_colour_of_its_own() -> None:
    assert set(band.COLOURS) == set(Decision)
    assert len(set(band.COLOURS.values())) == len(Decision)
