"""Kept: what the server keeps of each open page.

Gradio keeps the whole description of the page for each, for links to a page as it is, which the studio does not offer:
a megabyte, a tenth of a second of everybody's time when it is made, and never given back. Here it is what differs from the
page as it was built; an hour after a page was closed nothing is left of it. See docs/decisions/0038.
"""

import re
import time
from collections import ChainMap, Counter
from copy import copy
from typing import Any

import gradio as gr
from fastapi import FastAPI
from gradio.routes import App
from gradio.state_holder import SessionState, StateHolder
from starlette.exceptions import HTTPException
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

KEPT_FOR = 3600.0  # seconds after a page was closed: a browser that lost the line comes back to what it was
CAME_BACK = 86_400.0  # seconds after its last press: it lost the line, was used on, and Gradio's script opens no other
LINE = re.compile(r"/gradio_api/heartbeat/([^/]+)")


class OpenPage(SessionState):
    """The values of states, and the controls that an answer changed; all else is read from the page as it was built."""

    def __init__(self, blocks: gr.Blocks, answered: dict[int, Any]) -> None:
        built, self.answered = blocks.default_config, answered
        self.blocks_config = copy(built)
        self.blocks_config.blocks = ChainMap({}, built.blocks)  # type: ignore[assignment]
        self.blocks_config.fns = ChainMap({}, built.fns)  # type: ignore[assignment]
        self.state_data: dict[int, Any] = {}
        self.config_values: dict[int, Any] = {}
        self.is_closed, self.used_at, self.kept_for = False, time.monotonic(), KEPT_FOR

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
        self.lines: Counter[str] = Counter()

    def __getitem__(self, session_id: str) -> OpenPage:
        if session_id not in self.session_data:
            self.session_data[session_id] = OpenPage(self.blocks, self.answered)
        page = self.session_data[session_id]
        assert isinstance(page, OpenPage)
        if page.is_closed:
            page.is_closed, page.kept_for = False, CAME_BACK
        page.used_at = time.monotonic()
        self.update(session_id)
        return page

    def left(self, session_id: str) -> None:
        """A browser let go of its line to this page."""
        self.lines[session_id] -= 1
        if self.lines[session_id] <= 0:
            del self.lines[session_id]
        if isinstance(page := self.session_data.get(session_id), OpenPage):
            page.used_at = time.monotonic()

    def delete_all_expired_state(self) -> None:
        """Gradio calls it every second; a page to which nobody ever opened a line goes as one that was closed."""
        now = time.monotonic()
        for session_id, page in list(self.session_data.items()):
            if isinstance(page, OpenPage) and session_id not in self.lines and page.used_at < now - page.kept_for:
                self._forget(session_id)

    def _forget(self, session_id: str) -> None:
        """Also what Gradio's queue keeps of it: the way by which answers went."""
        del self.session_data[session_id]
        queue = self.blocks._queue
        if not queue.pending_event_ids_session.get(session_id):
            queue.pending_event_ids_session.pop(session_id, None)
            queue.pending_messages_per_session.pop(session_id, None)


class Lines:
    """Know which pages are open in a browser: each holds a line for as long."""

    def __init__(self, app: ASGIApp, pages: OpenPages) -> None:
        self.app, self.pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = LINE.search(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.app(scope, receive, send)
            return
        self.pages.lines[found[1]] += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.pages.left(found[1])


class Answers:
    """End in good order what was begun for a page of which nothing is kept, as after a restart of the studio.

    Gradio tells the browser so, and then fails: the log would be full of faults that are none, at anybody's wish.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        except RuntimeError as error:
            if not isinstance(error.__cause__, HTTPException):
                raise
            await send({"type": "http.response.body", "body": b""})


def keep_little(app: FastAPI) -> None:
    """Let the pages that are mounted on this application keep no more than that."""
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, App):
            pages, page = OpenPages(), route.app.get_blocks()
            pages.set_blocks(page)
            page.app = route.app  # what is checked before it is let in is asked of the page's own application
            route.app.state_holder = pages
            route.app.add_middleware(Lines, pages=pages)
            route.app.add_middleware(Answers)
