"""The line of runs that wait, as Train and the header show it."""

from dataclasses import replace

from studio.domain.line import Span
from studio.domain.machine import Gpu
from studio.flows.queue import Line, Place
from studio.ui import shell
from studio.ui.tabs.recipe import gpu_choice
from studio.ui.training import queue
from tests.ui import examples
from tests.ui.markup import words

ONE = examples.run()
TWO = Gpu("H100", 80_000_000_000, 70_000_000_000, "GPU-a"), Gpu("H200", 140_000_000_000, 1, "GPU-b")
FIRST = Place(ONE.job, ONE, "triage-1", "Triage", "Pebble", 1, "triage-0", Span(240, 540))
SECOND = Place(ONE.job, replace(ONE, id="run-2"), "<b>two", "Triage", "Pebble", 2, "triage-1", None)
LINE = Line((), (FIRST, SECOND))


def test_the_line_tells_position_name_data_model_time_and_who_is_before() -> None:
    page, timer, _ = queue.view(LINE)
    said = words(page)
    assert "Waiting (2)" in said and timer.active
    assert "1 triage-1 Triage with Pebble · begins in about 4 to 9 minutes, after triage-0" in said
    assert "begins at a time not known yet, after triage-1" in said and "<b>two" not in page
    page, timer, _ = queue.view(Line((), ()))
    assert page == "" and not timer.active


def test_whoever_says_where_a_run_stands_is_told_when_the_order_changes() -> None:
    other = replace(SECOND, job=replace(SECOND.job, id="job-2"))
    orders = [queue.view(Line((), waiting))[-1] for waiting in ((FIRST, other), (other, FIRST), (other,), ())]
    assert orders == [("job-1", "job-2"), ("job-2", "job-1"), ("job-2",), ()]


def test_each_can_be_moved_where_there_is_room_and_taken_out() -> None:
    page = queue.line_page(LINE)
    assert 'data-run="run-1" data-to="0" disabled aria-label="Move up: triage-1"' in page
    assert 'data-run="run-1" data-to="2" aria-label="Move down: triage-1"' in page
    assert 'data-run="run-2" data-to="3" disabled' in page and page.count("Take out</button>") == 2


def test_a_gpu_is_chosen_only_where_there_are_several() -> None:
    assert "<select" not in queue.line_page(LINE) and not gpu_choice(LINE, "any").visible
    several = replace(LINE, gpus=TWO)
    assert queue.line_page(several).count("GPU 1, H200</option>") == 2
    offered = gpu_choice(several, "GPU-b")
    assert (offered.visible, offered.value, len(offered.choices)) == (True, "GPU-b", 3)
    assert gpu_choice(several, "GPU-gone").value == "any"


def test_answers_that_wait_stand_in_the_line_without_buttons() -> None:
    answers = Place(examples.job(id="job-9"), None, "answers to compare", position=1)
    page = queue.line_page(Line((), (answers,)))
    assert "answers to compare" in words(page) and "<button" not in page


def test_the_header_names_the_next_run_and_its_time() -> None:
    assert shell.next_words(LINE) == "<br>next: triage-1, in about 4 to 9 minutes"
    assert "&lt;b&gt;two, at a time not known yet" in shell.next_words(Line((), (SECOND,)))
    assert shell.next_words(Line((), ())) == ""
