"""A press on what the studio draws itself says what it was on, or is refused in a sentence."""

import gradio as gr
import pytest

from studio.domain.errors import StudioError
from studio.flows.studio import Studio
from studio.ui import shell
from studio.ui.pressed import told_by
from studio.ui.rights import innermost

SAYS_NOTHING = (None, gr.EventData(None, None), gr.EventData(None, [1]), gr.EventData(None, "act"))


def test_a_press_tells_what_it_was_on() -> None:
    told = gr.EventData(None, {"act": "longer", "step": 40.0})
    assert told_by(told, act=str, step=int) == ["longer", 40]


@pytest.mark.parametrize("step", ["forty", None, [], float("inf"), float("nan")])
def test_a_press_on_no_number_is_refused(step: object) -> None:
    with pytest.raises(StudioError, match="did not say what it was on"):
        told_by(gr.EventData(None, {"step": step}), step=int)


def test_every_press_that_says_nothing_is_refused_in_a_sentence(empty_studio: Studio) -> None:
    page = shell.build(empty_studio)
    presses = [event for event in page.fns.values() if event.collects_event_data]
    assert {innermost(event.fn).__module__.rpartition(".")[2] for event in presses if event.fn} == {
        "findings", "checkpoints", "queue", "deliver", "addresses", "runs",
    }  # fmt: skip
    for event in presses:
        assert event.fn is not None
        for told in SAYS_NOTHING:
            with pytest.raises(StudioError, match="did not say what it was on"):
                innermost(event.fn)(*[None] * len(event.inputs), told)
