"""Data: what the screen says of a file that is being read, failed, or is there."""

import re
from dataclasses import fields, replace
from typing import Any

import gradio as gr
import pytest

from studio.domain.dataset import Dataset, Guess, Layout, Mapping
from studio.domain.row import Message, Row
from studio.flows.understand import FirstRows
from studio.ui.tabs import data
from tests.ui import examples
from tests.ui.markup import attributes, words

NAMES = [field.name for field in fields(data.Page)]


def view(found: Dataset, *, first: int = 0) -> dict[str, Any]:
    return dict(zip(NAMES, data.view(found, "preview", first=first), strict=True))


def test_that_there_is_no_file_is_said_only_once_the_page_has_heard_what_there_is() -> None:
    assert data.show(None, None, 0) == [gr.skip()] * len(NAMES)  # type: ignore[arg-type]
    heard = data.show(None, None, 0, (None, "starter"))  # type: ignore[arg-type]
    parts = dict(zip(NAMES, heard, strict=True))
    assert words(parts["state"]).startswith("Nothing here yet. Drop a file above, or pick a sample.")
    assert parts["preview"] == "" and not parts["whole"].visible and not parts["timer"].active


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_file_being_read_shows_how_far_and_can_be_stopped(state: str) -> None:
    parts = view(examples.dataset(state=state, rows=0, lines=0, share_read=0.4, guess=None))
    assert parts["cancel"].visible and parts["timer"].active and not parts["whole"].visible
    assert attributes(parts["state"], "aria-valuenow") == ["40"]
    assert "Reading triage.jsonl" in words(parts["state"])


def test_a_file_that_was_read_whole_shows_its_rows_and_nothing_ticks() -> None:
    parts = view(examples.dataset())
    assert parts["whole"].visible and not parts["cancel"].visible and not parts["timer"].active
    said = words(parts["state"])
    assert "All 40 rows were understood." in said and "Triage" in said and "01234567" in said
    assert (
        re.search(r"40 rows in a file of [\d.]+ [kM]?B", said)
        and "Layout Prompt and completion in question, reply" in said
    )
    assert "How it was read. It fits every line." in said
    assert parts["look"] == ("data-1", "done")


def test_refused_lines_are_counted() -> None:
    parts = view(examples.dataset(rows=38, rejects=2, blank_lines=3))
    said = words(parts["state"])
    assert "38 rows are in, 2 lines could not be used." in said
    assert "3 blank lines passed over." in said


def test_a_row_that_has_the_fields_and_was_refused_all_the_same_is_told_where_both_are_counted() -> None:
    guess = examples.dataset().guess
    assert guess is not None and guess.fits == 40
    said = words(view(examples.dataset(rows=39, rejects=1, guess=guess))["state"])
    assert "It fits every line. 1 of them was refused for another reason." in said
    assert "of them" not in words(view(examples.dataset(rows=40, guess=guess))["state"])


def test_a_file_without_a_usable_line_says_so_and_still_lists_its_lines() -> None:
    parts = view(examples.dataset(rows=0, rejects=2, guess=None))
    assert parts["whole"].visible
    assert "No row could be used. Every line was refused; the reasons are below." in words(parts["state"])
    assert not parts["pager"].visible and not parts["forward"].visible, "there is nothing to turn to or to inspect"


@pytest.mark.parametrize(("first", "earlier", "later"), [(0, False, True), (4, True, True), (8, True, False)])
def test_pages_are_turned_where_there_are_any(first: int, earlier: bool, later: bool) -> None:
    parts = view(examples.dataset(rows=10), first=first)
    assert parts["pager"].visible and parts["forward"].visible
    assert (parts["back"].interactive, parts["on"].interactive) == (earlier, later)
    assert not view(examples.dataset(rows=4))["pager"].visible


def test_one_row_is_counted_as_one() -> None:
    assert "The one row was understood." in words(view(examples.dataset(rows=1))["state"])
    assert "1 row is in, 1 line could not be used." in words(view(examples.dataset(rows=1, rejects=1))["state"])


def test_a_file_that_could_not_be_read_says_why() -> None:
    parts = view(examples.dataset(state="failed", rows=0, lines=0, guess=None, problem="It is a PDF."))
    assert "No row could be used. It is a PDF." in words(parts["state"])
    assert not parts["whole"].visible and not parts["timer"].active


def test_plain_text_is_said_to_be_read_and_not_trained_yet() -> None:
    guess = Guess(Mapping(Layout.TEXT, {"text": "verse"}), "It is text.", ("verse",), 40, 40)
    said = words(view(examples.dataset(guess=guess))["state"])
    assert "All 40 rows were understood." in said and "learned word for word" in said


def test_the_first_rows_are_shown_as_no_more_than_that() -> None:
    guess = Guess(
        Mapping(Layout.PROMPT_COMPLETION, {"prompt": "q", "completion": "a"}), "All 4 rows fit.", ("q", "a"), 4, 4
    )
    row = Row(0, 3, (Message("user", "Open?"), Message("assistant", "Yes.")))
    said = words(data.first_rows(FirstRows(guess, (row,))))
    assert "The first rows, as understood so far. All 4 rows fit. That may change with the rest." in said
    assert "line 3 User Open? Answer Yes." in said
    assert data.first_rows(None) == ""


def test_the_time_that_is_left_is_told_once_it_is_known() -> None:
    live = examples.dataset(state="running", rows=0, lines=0, guess=None)
    assert "left" not in words(data.situation(live))
    assert "about 12 s left" in words(data.situation(replace(live, seconds_left=12.3)))
