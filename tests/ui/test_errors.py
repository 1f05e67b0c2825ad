"""Errors on a screen: one sentence and the next step, never what went wrong inside."""

import inspect
import logging

import gradio as gr
import pytest
from gradio.utils import error_payload

from studio.domain.errors import DatasetError, RunError
from studio.ui.errors import friendly, handler, told
from tests.ui.markup import tags, words

SECRET = "no such file: /home/someone/workspaces/data-7 (tuned_side=left)"


def shown(function, *args: object) -> str:
    """All that the browser is told of a handler that fails."""
    with pytest.raises(gr.Error) as raised:
        function(*args)
    assert raised.value.print_exception is False
    return str(error_payload(raised.value, show_error=False))


def refuse(_value: object = None) -> None:
    raise RunError("triage-1 is not running.", fix="Nothing needs to be stopped.")


def break_down(_value: object = None) -> None:
    raise FileNotFoundError(SECRET)


def test_a_refusal_is_its_sentence_and_the_next_step() -> None:
    said = shown(friendly(refuse))
    assert "triage-1 is not running. Nothing needs to be stopped." in said
    assert "That did not work" in said


@pytest.mark.parametrize("failing", [friendly(break_down), handler(break_down), handler(break_down, "bound")])
def test_what_went_wrong_inside_never_reaches_the_browser(failing) -> None:
    said = shown(failing)
    assert "Something in the studio itself failed; nothing of yours is lost." in said
    for part in (SECRET, "FileNotFoundError", "workspaces", "Traceback", "tuned_side"):
        assert part not in said


def test_the_log_has_what_the_screen_has_not(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="studio.ui"):
        shown(friendly(break_down))
    assert SECRET in caplog.text and "Traceback" in caplog.text


def test_a_refusal_that_quotes_a_file_cannot_bring_tags_into_the_page() -> None:
    def refuse_file() -> None:
        raise DatasetError("<img src=x onerror=alert(1)>.jsonl is not a file.", fix="Give the path of a JSONL file.")

    with pytest.raises(gr.Error) as raised:
        friendly(refuse_file)()
    assert tags(raised.value.message) == []
    assert words(raised.value.message).startswith("<img src=x onerror=alert(1)>.jsonl")


def test_what_is_repeated_in_a_refusal_is_cut_in_its_middle() -> None:
    def refuse() -> None:
        raise DatasetError(f"There is no dataset {'x' * 100_000}.", fix="Pick one of those listed.")

    said = shown(friendly(refuse))
    assert said.count("x") < 1000 and "There is no dataset xxx" in said and "xxx. Pick one of those listed." in said


def test_a_message_that_a_handler_words_itself_stays_as_it_is() -> None:
    def own() -> None:
        raise gr.Error("Pick a file first.")

    with pytest.raises(gr.Error) as raised:
        friendly(own)()
    assert raised.value.message == "Pick a file first."


def test_a_handler_gets_what_is_bound_first_and_is_still_asked_by_name() -> None:
    def add(first: int, second: int) -> int:
        return first - second

    assert handler(add, 5)(3) == 2
    assert list(inspect.signature(handler(add, 5)).parameters) == ["second"]


def test_a_refusal_can_be_part_of_a_page() -> None:
    drawn = told(DatasetError("Rows <3> are cut.", fix="Raise the cut-off."))
    assert words(drawn) == "✕ Rows <3> are cut. Raise the cut-off."
