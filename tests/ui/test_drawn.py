"""A press acts on what the page shows, or says in one sentence that it shows something else."""

import inspect

import pytest

from studio.domain.errors import StudioError
from studio.ui.drawn import NOTHING, drawn_for, must_show, when_drawn
from studio.ui.rights import innermost


def begin(studio: str, data: str, *rest: object) -> tuple[object, ...]:
    return studio, data, *rest


def test_a_press_on_a_page_that_shows_something_else_does_nothing_and_says_so() -> None:
    press = when_drawn(begin, picked=2, takes=1)
    assert press("studio", drawn_for("data-1", 512), "data-1", 512, "a value") == ("studio", "data-1", "a value")
    with pytest.raises(StudioError, match="so nothing was done"):
        press("studio", drawn_for("data-1", 512), "data-2", 512, "a value")


def test_a_program_has_no_page_that_could_be_behind() -> None:
    must_show(NOTHING, "data-1")
    must_show(None, "data-1")


def test_a_page_that_tells_more_than_what_is_picked_shows_it() -> None:
    must_show(drawn_for("starter", "run-1") + drawn_for("run-1:40"), "starter", "run-1")
    with pytest.raises(StudioError):
        must_show(drawn_for("starter", "run-12"), "starter", "run-1")


def test_what_stands_behind_a_press_is_still_known_and_gradio_sees_its_inputs() -> None:
    press = when_drawn(begin, picked=1)
    assert innermost(press) is begin
    assert [parameter.kind.name for parameter in inspect.signature(press).parameters.values()] == [
        "POSITIONAL_ONLY",
        "VAR_POSITIONAL",
    ]
