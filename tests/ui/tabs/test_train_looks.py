"""Many look at one run: what comes is shown at the next look, what stands on a page is not sent again."""

from typing import Any

import gradio as gr
import pytest

from studio.domain.event import EventKind
from studio.domain.run import Run
from studio.flows.studio import Studio
from studio.ui.tabs import train
from studio.ui.tabs.train import VIEWED, halt, show
from studio.ui.training import curves
from tests.store.examples import Examples

HEADING, SITUATION, WHOLE, STOP, TIMER = 0, 1, 3, 7, 10
PICTURE, ANSWERS, DRAWN = VIEWED, VIEWED + 1, VIEWED + 2


@pytest.fixture
def run(studio: Studio) -> Run:
    found = Examples(studio.store).running_run()
    learn(studio, found, 1, 2)
    return found


def learn(studio: Studio, run: Run, *steps: int) -> None:
    told = ((EventKind.METRIC, {"step": step, "epoch": step / 4, "loss": 2 / step}) for step in steps)
    Examples(studio.store).report(run.job, *told)


def sent(answer: list[Any]) -> set[int]:
    return {place for place, part in enumerate(answer) if part != gr.skip()}


def test_a_look_sends_what_has_changed_and_the_time_and_nothing_else(studio: Studio, run: Run):
    first = show(studio, run.id, None)
    assert sent(first) == set(range(len(first)))
    again = show(studio, run.id, first[DRAWN])
    assert sent(again) <= {SITUATION, DRAWN}
    learn(studio, run, 3)
    now = show(studio, run.id, again[DRAWN])
    assert {SITUATION, PICTURE, DRAWN} <= sent(now) and not sent(now) & {HEADING, WHOLE, ANSWERS, TIMER}
    assert "3 of" in now[SITUATION] and '"x":[1,2,3]' in now[PICTURE]["figure"]


def test_of_all_who_look_one_has_the_picture_drawn_and_each_has_that_of_their_own_choice(
    studio: Studio, run: Run, monkeypatch: pytest.MonkeyPatch
):
    drawn, draw = [], curves.curves
    monkeypatch.setattr(curves, "curves", lambda *a, **chosen: drawn.append(chosen) or draw(*a, **chosen))
    chosen = [("Loss", True), ("Loss", False), ("Speed", True), ("Loss", True), ("Loss", False)]
    pictures = [show(studio, run.id, None, *each)[PICTURE]["figure"] for each in chosen]
    assert len(drawn) == 3 and len(set(pictures)) == 3
    assert pictures[3:] == pictures[:2] and "smoothed" in pictures[0] and "smoothed" not in pictures[1]
    learn(studio, run, 3)
    assert show(studio, run.id, None)[PICTURE]["figure"] not in pictures and len(drawn) == 4


def test_a_press_is_shown_and_whatever_stands_there_is_drawn_anew_at_the_next_look(studio: Studio, run: Run):
    first = show(studio, run.id, None)
    *parts, _labels, drawn = halt(studio, run.id)
    assert parts[STOP].value == "Stopping …" and drawn is None
    other = show(studio, run.id, first[DRAWN])  # a page on which nobody pressed
    assert other[STOP].value == "Stopping …"
    assert other[STOP].constructor_args == show(studio, run.id, None)[STOP].constructor_args


def test_another_run_is_drawn_whole_with_its_own_picture(studio: Studio, run: Run):
    first = show(studio, run.id, None)
    other = Examples(studio.store).run(name="another")
    shown = show(studio, other.id, first[DRAWN])
    assert {HEADING, SITUATION, PICTURE, DRAWN} <= sent(shown) and shown[PICTURE] is None
    assert other.id in shown[-1] and train.nothing()[DRAWN] is None
