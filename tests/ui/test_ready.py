"""The description of a page that is sent to everybody is Gradio's own, but for what each may do and is told."""

import copy
from typing import Any

import gradio as gr
import orjson
import pytest
from gradio import route_utils
from gradio.routes import ORJSONResponse

from studio.domain.access import Right, Visitor
from studio.store.acting import acting
from studio.ui.guarded import GuardedPage
from studio.ui.ready import Ready, ready

EDITOR = Visitor("Ada", frozenset(Right))
READER = Visitor("Bob", frozenset({Right.LOOK}))


@pytest.fixture(scope="module")
def page() -> GuardedPage:
    with GuardedPage(right=lambda _: Right.CHANGE, analytics_enabled=False) as built:
        who = gr.HTML("", visible=False)
        with gr.Tabs(), gr.Tab("One"):
            button, said = gr.Button("Press"), gr.Textbox("<b>&'", label="Said")
        button.click(lambda: "done", None, said)
    built.told = (who._id, lambda visitor: visitor.name)
    built.config = built.get_config_file()
    return built


def sent(page: GuardedPage, who: Visitor, *, root: str = "http://here") -> dict[str, Any]:
    """As the address /config has it."""
    with acting(who, writing=Right.CHANGE):
        told = route_utils.update_root_in_config(copy.deepcopy(page.config), root)
    return orjson.loads(ORJSONResponse._render(told))


def test_it_says_what_gradio_says_and_to_each_who_they_are(page: GuardedPage):
    plain = orjson.loads(ORJSONResponse._render(page._config)) | {"root": "http://here"}
    for who in (EDITOR, READER, EDITOR):
        told = sent(page, who)
        assert {name: told[name] for name in told if name != "components"} == {
            name: plain[name] for name in plain if name != "components"
        }
        (named,) = (part for part in told["components"] if page.told and part["id"] == page.told[0])
        assert (named["props"]["value"], named["props"]["visible"]) == (who.name, True)


def test_who_may_only_look_has_controls_that_cannot_be_pressed_and_nobody_else(page: GuardedPage):
    def pressable(who: Visitor) -> list[bool]:
        buttons = (part for part in sent(page, who)["components"] if part["type"] == "button")
        return [part["props"].get("interactive", True) for part in buttons]

    assert [pressable(who) for who in (READER, EDITOR, READER)] == [[False], [True], [False]]


def test_an_address_of_a_file_is_left_to_gradio():
    file = {"path": "a", "url": "/file=a", "meta": {"_type": "gradio.FileData"}}
    part = {"id": 1, "props": {"value": [file]}}
    assert ready(part) is part and isinstance(ready({"id": 1, "props": {}}), Ready)
    told = route_utils.update_root_in_config({"components": [part], "root": ""}, "http://here")  # type: ignore[arg-type]
    assert told["components"][0]["props"]["value"][0]["url"] == "http://here/file=a"
