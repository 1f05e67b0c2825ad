"""What an answer leaves as it is costs nothing, and what it changes is told in Gradio's own way."""

from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from gradio import blocks
from gradio.routes import App

from studio.ui.sparing import SparingPage, is_same

ANSWERS: dict[str, list[Any]] = {
    "nothing": [gr.skip(), gr.skip(), gr.skip(), gr.skip()],
    "one": [gr.skip(), {"figure": "f", "words": "w"}, gr.skip(), gr.skip()],
    "a choice": [gr.skip(), gr.skip(), gr.Dropdown(choices=["a", "b"], value="b"), gr.skip()],
    "a state": ["said", gr.skip(), gr.skip(), 7],
    "all": ["said", {"figure": "f", "words": "w"}, gr.Dropdown(choices=["a"]), 8],
}


def page(kind: type[gr.Blocks]) -> gr.Blocks:
    with kind(analytics_enabled=False) as built:
        asked, said, chart = gr.Textbox(), gr.Textbox(), gr.HTML()
        picked, state, heard = gr.Dropdown(choices=["a"]), gr.State(0), gr.Textbox()
        state.change(lambda value: str(value), state, heard)
        gr.Button().click(ANSWERS.__getitem__, asked, [said, chart, picked, state], api_name="press", queue=False)
        gr.Button().click(lambda value: value, state, heard, api_name="held", queue=False)
    return built


def answered(kind: type[gr.Blocks], name: str) -> tuple[Any, Any, Any]:
    client = TestClient(gr.mount_gradio_app(FastAPI(), page(kind), path="", ssr_mode=False))
    told = client.post("/gradio_api/run/press", json={"data": [name], "session_hash": "one"}).json()
    held = client.post("/gradio_api/run/held", json={"data": [None], "session_hash": "one"}).json()
    return [_without_slip(each) for each in told["data"]], told["changed_state_ids"] != [], held["data"]


def _without_slip(told: Any) -> Any:
    """Of an HTML that stays as it is Gradio says that a property of its own, "__type__", is "update"."""
    return gr.skip() if told == {"props": gr.skip(), **gr.skip()} else told


@pytest.mark.parametrize("name", ANSWERS)
def test_a_page_is_told_the_same_as_by_gradio(name: str):
    assert answered(SparingPage, name) == answered(gr.Blocks, name)


def test_no_control_is_made_of_what_stays_as_it_is(monkeypatch: pytest.MonkeyPatch):
    made, make = [], gr.Dropdown.__init__
    monkeypatch.setattr(gr.Dropdown, "__init__", lambda self, **given: made.append(self) or make(self, **given))

    def made_by(kind: type[gr.Blocks]) -> int:
        made.clear()
        answered(kind, "nothing")
        return len(made) - 1  # the page's own

    assert made_by(gr.Blocks) == 1, "where Gradio makes none any more, the module goes"
    assert made_by(SparingPage) == 0


def test_a_page_has_the_application_alone_that_it_is_mounted_with(monkeypatch: pytest.MonkeyPatch):
    made, make = [], App.create_app
    monkeypatch.setattr(App, "create_app", lambda *given, **more: made.append(given) or make(*given, **more))

    def made_by(kind: type[gr.Blocks]) -> int:
        made.clear()
        gr.mount_gradio_app(FastAPI(), page(kind), path="", ssr_mode=False)
        return len(made)

    assert made_by(gr.Blocks) == 3, "where Gradio makes one alone, what keeps it from the others goes"
    assert made_by(SparingPage) == 1 and blocks.App is App


def test_a_control_that_is_told_something_is_not_the_same():
    assert is_same(gr.skip()) and not any(map(is_same, ({"__type__": "update", "value": None}, {}, None, "")))
