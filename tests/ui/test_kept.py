"""What the server keeps of an open page is what differs from the page as it was built."""

import time

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from gradio.routes import App
from gradio.state_holder import SessionState
from starlette.routing import Mount

from studio.ui import kept
from studio.ui.kept import OpenPage, OpenPages, keep_little


def counting() -> gr.Blocks:
    """A page that counts presses in a state, and offers one choice more with each."""

    def more(pressed: list[int]) -> tuple[list[int], gr.Dropdown]:
        pressed = [*pressed, len(pressed)]
        return pressed, gr.Dropdown(choices=list(map(str, pressed)))

    def told(choice: str, pressed: list[int]) -> tuple[str, str]:
        return f"{choice} of {len(pressed)}", choice

    with gr.Blocks(analytics_enabled=False) as page:
        pressed, picked, said = gr.State([]), gr.Dropdown(choices=[]), gr.Textbox()
        gr.Button().click(more, pressed, [pressed, picked], api_name="more", queue=False)
        gr.Button().click(
            lambda choice, all: f"{choice} of {len(all)}", [picked, pressed], said, api_name="pick", queue=False
        )
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


def test_a_page_that_was_closed_long_ago_is_gone_and_one_that_is_asked_again_is_open(mounted, monkeypatch):
    _, pages = mounted
    for session in ("open", "closed", "back", "just closed"):
        pages[session].is_closed = session != "open"
    pages.session_data["closed"].used_at -= kept.KEPT_FOR + 1
    pages.session_data["open"].used_at -= kept.KEPT_FOR + 1
    pages.session_data["back"].used_at -= kept.KEPT_FOR + 1
    assert not pages["back"].is_closed and time.monotonic() - pages["back"].used_at < 60
    pages.delete_all_expired_state()
    assert set(pages.session_data) == {"open", "back", "just closed"}


def test_an_open_page_has_all_that_gradio_looks_for():
    blocks = counting()
    for_the_time_of_states = {"_state_ttl", "STATE_TTL_WHEN_CLOSED"}
    assert vars(SessionState(blocks)).keys() - for_the_time_of_states <= vars(OpenPage(blocks, {})).keys()
