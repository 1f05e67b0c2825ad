"""The whole studio as one page: what is public, what is labelled, and what is wired."""

from collections import defaultdict
from dataclasses import replace

import gradio as gr
import pytest
from gradio.components import Component, FormComponent

from studio.domain.machine import Gpu, Machine
from studio.flows.studio import Studio
from studio.ui import shell

PUBLIC = {
    "bring_file",
    "start_run",
    "start_sweep",
    "pause_run",
    "stop_run",
    "resume_run",
    "retry_run",
    "train_longer",
    "create_study",
    "close_study",
    "send_message",
}
MOST_CONTROLS = 45


@pytest.fixture(scope="module")
def page(empty_studio: Studio) -> gr.Blocks:
    return shell.build(empty_studio)


def controls(page: gr.Blocks) -> list[Component]:
    """Everything that a person can type into, choose or click."""
    kinds = (FormComponent, gr.Button, gr.UploadButton, gr.File, gr.Code)
    return [block for block in page.blocks.values() if isinstance(block, kinds)]


def triggers(page: gr.Blocks) -> dict[int | None, set[str]]:
    """The events that something listens to, by the id of what causes them."""
    found = defaultdict(set)
    for event in page.fns.values():
        for block_id, name in event.targets:
            found[block_id].add(name)
    return found


def test_the_public_api_is_what_people_may_script_and_nothing_else(page: gr.Blocks) -> None:
    public = {event.api_name for event in page.fns.values() if event.api_visibility != "private"}
    assert public == PUBLIC


def test_what_goes_straight_gives_no_state_that_something_listens_to(page: gr.Blocks) -> None:
    straight = [event for event in page.fns.values() if event.fn and not event.queue]
    listened = {block_id for block_id, names in triggers(page).items() if "change" in names}
    given = {block._id for event in straight for block in event.outputs if isinstance(block, gr.State)}
    assert straight and not given & listened, "Gradio tells of a changed state by way of its queue alone"


def test_the_documented_api_shows_the_same(page: gr.Blocks) -> None:
    documented = page.get_api_info()
    assert {name.removeprefix("/") for name in documented["named_endpoints"]} == PUBLIC
    assert documented["unnamed_endpoints"] == {}


def test_no_event_shows_its_progress_anywhere_or_gradio_would_go_through_the_whole_page_for_it(page: gr.Blocks) -> None:
    assert {event.api_name: event.show_progress_on for event in page.fns.values() if event.show_progress_on != []} == {}


def test_pickers_that_change_together_are_told_to_the_screens_once(page: gr.Blocks) -> None:
    pickers = [
        page.blocks[id] for id in page.blocks if getattr(page.blocks[id], "label", None) in ("Examples", "Model", "Run")
    ][:3]
    heard = [
        event
        for event in page.fns.values()
        for block, name in event.targets
        if name == "change" and block in {p._id for p in pickers}
    ]
    assert all(event.fn is None for event in heard), "each picker asks the server by itself"
    (told,) = {output._id for event in heard for output in event.outputs}
    assert len([event for event in heard if event.outputs]) == 3
    assert [event.trigger_mode for event in page.fns.values() if (told, "change") in event.targets] == ["always_last"]


def test_every_control_has_a_label(page: gr.Blocks) -> None:
    assert len(controls(page)) > 30
    for control in controls(page):
        said = control.value if isinstance(control, gr.Button) else control.label
        assert isinstance(said, str) and said.strip(), f"{control.get_block_name()} {control._id} says nothing"


def test_no_two_controls_of_a_tab_are_called_the_same(page: gr.Blocks) -> None:
    for tab in tabs(page):
        labels = [getattr(block, "label", None) for block in within(tab) if isinstance(block, FormComponent)]
        assert len(labels) == len(set(labels)), f"{tab.label}: {sorted(map(str, labels))}"


def test_every_button_does_something(page: gr.Blocks) -> None:
    heard = triggers(page)
    for block_id, block in page.blocks.items():
        if isinstance(block, gr.Button):
            assert "click" in heard[block_id], f"nothing happens on “{block.value}”"
        if isinstance(block, gr.UploadButton | gr.File):
            assert "upload" in heard[block_id], f"nothing happens on “{block.label}”"


def test_nothing_ticks_before_there_is_something_to_follow(page: gr.Blocks) -> None:
    timers = [block for block in page.blocks.values() if isinstance(block, gr.Timer)]
    assert len(timers) >= 4
    heard = triggers(page)
    for timer in timers:
        assert timer.active is False
        assert "tick" in heard[timer._id]


def test_no_timer_is_stopped_by_another_tab(page: gr.Blocks) -> None:
    """Two answers can overtake each other, so a timer is only ever set by its own tab, and the header's by all."""
    in_tabs = {block._id for tab in tabs(page) for block in within(tab)}
    for tab in tabs(page):
        own = {block._id for block in within(tab)}
        for event in page.fns.values():
            if (tab._id, "select") in event.targets:
                set_here = {output._id for output in event.outputs if isinstance(output, gr.Timer)}
                assert set_here & in_tabs <= own, tab.label


def test_the_journey_has_its_seven_steps_in_order(page: gr.Blocks) -> None:
    assert [tab.label for tab in tabs(page)] == "Data Inspect Recipe Train Compare Verdict Deliver Chat Runs".split()


def test_no_tab_overwhelms(page: gr.Blocks) -> None:
    every = controls(page)
    for tab in tabs(page):
        inside = {block._id for block in within(tab)}
        assert len([control for control in every if control._id in inside]) <= MOST_CONTROLS, tab.label


def test_cheap_looks_never_queue_behind_each_other(page: gr.Blocks) -> None:
    assert {event.concurrency_limit for event in page.fns.values()} == {None}


def test_what_happens_while_a_screen_is_drawn_draws_it_once_more(page: gr.Blocks) -> None:
    """Gradio would drop what arrives meanwhile, and the screen would go on showing what was picked before."""
    tab_ids = {tab._id for tab in tabs(page)}
    for event in page.fns.values():
        shows = [name for block, name in event.targets if name == "change" or (block in tab_ids and name == "select")]
        if shows and event.fn and event.inputs:  # without outputs nothing is drawn, but only checked
            assert event.trigger_mode == ("always_last" if event.outputs else "multiple"), event.targets


def test_no_two_listeners_to_one_event_of_a_control_wait_for_each_other(page: gr.Blocks) -> None:
    """Gradio would run all of them again whenever one of them was busy, and where they are slow, without end."""
    waiting = defaultdict(list)
    for event in page.fns.values():
        for block_id, name in event.targets:
            block = page.blocks.get(block_id) if block_id is not None else None
            if event.fn and event.trigger_mode == "always_last" and not isinstance(block, gr.State):
                waiting[block_id, name].append(event.api_name)
    assert len(waiting) > 20
    assert {place: names for place, names in waiting.items() if len(names) > 1} == {}


def test_no_screen_reads_controls_that_are_drawn_by_what_made_it_look(page: gr.Blocks) -> None:
    """A state tells its listeners before what came with it is on the page: they would read the values from before."""
    states = {block._id for block in page.blocks.values() if isinstance(block, gr.State)}
    for writer in page.fns.values():
        written = {block._id for block in writer.outputs}
        for reader in page.fns.values():
            if any(name == "change" and block in states & written for block, name in reader.targets):
                late = {getattr(b, "label", None) for b in reader.inputs if b._id in written - states}
                # Data, model and run tell of themselves once they are drawn, and then every screen looks again; of the
                # editor's messages none is left where it takes the row away.
                assert late <= {"Examples", "Model", "Run", "Message"}, (writer.fn, reader.fn)


def test_what_is_done_once_cannot_be_clicked_twice(page: gr.Blocks) -> None:
    for event in page.fns.values():
        if event.api_name in ("start_run", "start_sweep", "create_study"):
            assert event.trigger_mode == "once"


def test_every_handler_that_asks_the_studio_tells_its_errors_in_words(page: gr.Blocks) -> None:
    bare = [event.fn for event in page.fns.values() if event.fn and not hasattr(event.fn, "__wrapped__")]
    named = {getattr(written, "__name__", type(written).__name__) for written in bare}
    # What is left touches nothing but the page: it opens a tab, shows a row or draws a key.
    assert named <= {"<lambda>", "_nothing"}


def test_the_machine_is_told_in_two_lines(empty_studio: Studio) -> None:
    said = shell.machine_words(empty_studio)
    assert "nothing running" in said and "disk free" in said


def test_the_machine_is_looked_at_again_until_it_is_idle(empty_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.machine_now(empty_studio)[1].active is False
    monkeypatch.setattr(shell.machine, "busy", lambda studio: (0, 1))
    said, pulse = shell.machine_now(empty_studio)
    assert "0 running, 1 waiting" in said and pulse.active is True


def test_opening_a_tab_names_it_in_the_address(page: gr.Blocks) -> None:
    for tab in tabs(page):
        scripts = {event.js for event in page.fns.values() if (tab._id, "select") in event.targets}
        assert f"() => window.opened('{tab.id}')" in scripts


def tabs(page: gr.Blocks) -> list[gr.Tab]:
    return [block for block in page.blocks.values() if isinstance(block, gr.Tab)]


def within(block: gr.blocks.BlockContext) -> list[gr.blocks.Block]:
    """Everything that is laid out inside a block."""
    found = []
    for child in block.children:
        found.append(child)
        if isinstance(child, gr.blocks.BlockContext):
            found += within(child)
    return found


GB = 10**9
# As their driver names and measures them.
H100 = Gpu("NVIDIA H100 80GB HBM3", 85_520 * 10**6, 84_900 * 10**6, "GPU-1", (9, 0))
TAKEN = replace(H100, free=3 * GB, uuid="GPU-2")
SMALL = Gpu("NVIDIA GeForce RTX 4090", 25_757 * 10**6, 25 * GB, "GPU-3", (8, 9))
OLDER = Gpu("NVIDIA A100-SXM4-40GB", 42 * GB, 41 * GB, "GPU-4", (8, 0))


@pytest.mark.parametrize(
    ("gpus", "said"),
    [
        ((SMALL,), "NVIDIA GeForce RTX 4090 · 25.0 GB of 25.8 GB free"),
        ((TAKEN, H100), "2 × H100 80 GB · up to 84.9 GB free on one"),
        ((H100, SMALL, TAKEN, OLDER), "2 × H100 80 GB, RTX 4090, A100-SXM4 40 GB<br>up to 84.9 GB free on one"),
    ],
)
def test_the_header_names_every_gpu_by_number_and_kind(empty_studio: Studio, monkeypatch, gpus, said: str):
    found = Machine(8, 64 * GB, 60 * GB, 10**12, gpus=gpus)
    monkeypatch.setattr(shell.machine, "machine", lambda _: found)
    words = shell.machine_words(empty_studio)
    assert said in words
    if len(gpus) > 1:
        assert all(f"{number}: {gpu.name}, " in words for number, gpu in enumerate(gpus))
