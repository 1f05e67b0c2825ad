"""What the server keeps of an open page is what differs from the page as it was built."""

import asyncio
import time

import gradio as gr
import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from gradio.routes import App
from gradio.state_holder import SessionState
from starlette.routing import Mount

from studio.ui import kept
from studio.ui.kept import OpenPage, OpenPages, keep_little
from tests.listening import listening


def counting() -> gr.Blocks:
    """A page that counts presses in a state, and offers one choice more with each."""

    def more(pressed: list[int]) -> tuple[list[int], gr.Dropdown]:
        pressed = [*pressed, len(pressed)]
        return pressed, gr.Dropdown(choices=list(map(str, pressed)))

    def told(choice: str, pressed: list[int]) -> str:
        return f"{choice} of {len(pressed)}"

    with gr.Blocks(analytics_enabled=False) as page:
        pressed, picked, said = gr.State([]), gr.Dropdown(choices=[]), gr.Textbox()
        gr.Button().click(more, pressed, [pressed, picked], api_name="more", queue=False)
        gr.Button().click(told, [picked, pressed], said, api_name="pick", queue=False)
        fits = [gr.validate(True, "")] * 2
        gr.Button().click(told, [picked, pressed], said, api_name="check", validator=lambda *_: fits)
    return page


@pytest.fixture
def mounted() -> tuple[TestClient, OpenPages]:
    app = gr.mount_gradio_app(FastAPI(), counting(), path="", ssr_mode=False)
    keep_little(app)
    (route,) = [each for each in app.routes if isinstance(each, Mount) and isinstance(each.app, App)]
    return TestClient(app), route.app.state_holder


def press(client: TestClient, name: str, session: str, *values: object) -> list[object]:
    answer = client.post(f"/gradio_api/run/{name}", json={"data": list(values), "session_hash": session})
    return answer.json().get("data") or [answer.json()["error"]]


def test_what_a_press_changed_is_there_at_the_next_press_of_that_page_alone(mounted):
    client, _ = mounted
    for _ in range(2):
        press(client, "more", "one", None)
    assert press(client, "pick", "one", "1", None)[0] == "1 of 2"
    assert press(client, "pick", "other", "1", None)[0] != "1 of 0", "the other page has no such choice"


def test_what_is_checked_before_it_is_let_in_is_checked_on_that_page(mounted):
    client, pages = mounted
    for _ in range(2):
        press(client, "more", "one", None)
    (check,) = [number for number, event in pages.blocks.fns.items() if event.api_name == "check"]
    sent = {"data": ["1", None], "fn_index": check, "session_hash": "one"}
    assert "event_id" in client.post("/gradio_api/queue/join", json=sent).json()
    assert client.post("/gradio_api/queue/join", json=sent | {"session_hash": "other"}).status_code >= 400


def test_a_page_keeps_what_was_changed_and_no_description_of_all_the_rest(mounted):
    client, pages = mounted
    for name, choice in [("more", None), ("pick", "0"), ("more", None), ("pick", "1")] * 2:
        press(client, name, "one", *([choice, None] if choice else [None]))
    page = pages["one"]
    assert page.config_values == {} and list(page.state_data.values()) == [[0, 1, 2, 3]]
    assert len(page.blocks_config.blocks.maps[0]) == 1 and not page.blocks_config.fns.maps[0]


def test_pages_that_were_answered_the_same_share_it_until_one_is_answered_otherwise(mounted):
    client, pages = mounted
    for session in ("one", "other"):
        press(client, "more", session, None)
    (mine,), (theirs,) = (pages[session].blocks_config.blocks.maps[0].values() for session in ("one", "other"))
    assert mine is theirs
    press(client, "more", "other", None)
    assert press(client, "pick", "other", "1", None)[0] == "1 of 2"
    assert press(client, "pick", "one", "1", None)[0] != "1 of 1", "its own page never offered that"
    assert press(client, "pick", "one", "0", None)[0] == "0 of 1"


def test_a_page_goes_an_hour_after_nobody_holds_a_line_to_it(mounted):
    _, pages = mounted
    for session in ("held", "closed", "never held", "just closed"):
        pages[session].used_at -= kept.KEPT_FOR + 1
    pages.lines.update(["held", "just closed"])
    pages.left("just closed")
    queue = pages.blocks._queue
    for session in ("held", "closed", "never held", "just closed"):
        queue.pending_messages_per_session[session] = asyncio.Queue()
        queue.pending_event_ids_session[session] = {"asked"} if session == "never held" else set()
    pages.delete_all_expired_state()
    assert set(pages.session_data) == {"held", "just closed"} and list(pages.lines) == ["held"]
    kept_ways = {"held", "just closed", "never held"}  # what was asked last is still to be told
    assert queue.pending_messages_per_session.keys() == queue.pending_event_ids_session.keys() == kept_ways


def test_a_browser_that_goes_lets_go_of_its_line(mounted):
    client, pages = mounted
    with listening(client.app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        for session in ("one", "two"):
            browser.post("/gradio_api/run/more", json={"data": [None], "session_hash": session})
        with browser.stream("GET", "/gradio_api/heartbeat/two"), browser.stream("GET", "/gradio_api/heartbeat/one"):
            assert pages.lines == {"one": 1, "two": 1}
        until = time.monotonic() + 30
        while pages.lines and time.monotonic() < until:
            time.sleep(0.01)
        assert not pages.lines and pages.session_data["one"].is_closed


def test_a_page_that_lost_its_line_and_is_used_on_is_kept_for_a_day(mounted):
    _, pages = mounted
    pages["back"].is_closed = True
    pages["back"].used_at -= kept.KEPT_FOR + 1
    pages.delete_all_expired_state()
    assert not pages["back"].is_closed
    pages["back"].used_at -= kept.CAME_BACK + 1
    pages.delete_all_expired_state()
    assert not pages.session_data


def test_an_open_page_has_all_that_gradio_looks_for():
    blocks = counting()
    for_the_time_of_states = {"_state_ttl", "STATE_TTL_WHEN_CLOSED"}
    assert vars(SessionState(blocks)).keys() - for_the_time_of_states <= vars(OpenPage(blocks, {})).keys()
