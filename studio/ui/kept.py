"""Kept: what the server keeps of each open page.

Gradio keeps the whole description of the page for each, for links to a page as it is, which the studio does not offer:
a megabyte, a tenth of a second of everybody's time when it is made, and never given back. Here it is what differs from the
page as it was built; an hour after a page was closed nothing is left of it. See docs/decisions/0038.
"""

import time
from collections import ChainMap
from copy import copy
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from starlette.routing import Mount

KEPT_FOR = 3600.0  # seconds after a page was closed: a browser that lost the line comes back to what it was


class OpenPage(SessionState):
    """The values of states, and the controls that an answer changed; all else is read from the page as it was built."""

    def __init__(self, blocks: gr.Blocks, answered: dict[int, Any]) -> None:
        built, self.answered = blocks.default_config, answered
        self.blocks_config = copy(built)
        self.blocks_config.blocks = ChainMap({}, built.blocks)  # type: ignore[assignment]
        self.blocks_config.fns = ChainMap({}, built.fns)  # type: ignore[assignment]
        self.state_data: dict[int, Any] = {}
        self.config_values: dict[int, Any] = {}
        self.is_closed, self.used_at = False, time.monotonic()

    def __setitem__(self, key: int, value: Any) -> None:
        before = self.blocks_config.blocks.get(key)
        if isinstance(before, gr.State):
            self.state_data[key] = value
        elif before is not None:  # what an answer made anew is also told by a number of its own, which nobody asks for
            self.blocks_config.blocks[key] = self._shared(key, value)

    def _shared(self, key: int, control: Any) -> Any:
        """Of a control that another page was answered in the same words last, one is enough for both."""
        same = self.answered.get(key)
        if same is None or same.constructor_args != control.constructor_args:
            same = self.answered[key] = control
        return same

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


class OpenPages(StateHolder):
    """Every open page by its session; one of which something is asked is open, whatever happened to its line."""

    def __init__(self) -> None:
        super().__init__()
        self.answered: dict[int, Any] = {}

    def __getitem__(self, session_id: str) -> OpenPage:
        if session_id not in self.session_data:
            self.session_data[session_id] = OpenPage(self.blocks, self.answered)
        page = self.session_data[session_id]
        assert isinstance(page, OpenPage)
        page.is_closed, page.used_at = False, time.monotonic()
        self.update(session_id)
        return page

    def delete_all_expired_state(self) -> None:
        """Gradio calls it every second."""
        until = time.monotonic() - KEPT_FOR
        for session_id, page in list(self.session_data.items()):
            if page.is_closed and isinstance(page, OpenPage) and page.used_at < until:
                del self.session_data[session_id]


def keep_little(app: FastAPI) -> None:
    """Let the pages that are mounted on this application keep no more than that."""
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, App):
            pages = OpenPages()
            pages.set_blocks(route.app.get_blocks())
            route.app.state_holder = pages
