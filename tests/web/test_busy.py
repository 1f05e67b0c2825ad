"""A server that is kept busy: by pages that stay open and read nothing, by uploads that break off, by slow handlers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from anyio import to_thread
from starlette.routing import Mount
from starlette.testclient import TestClient

from studio.flows import bring
from studio.web.app import build_app
from tests.listening import listening
from tests.signed_in import cookie
from tests.web.conftest import Kept

PAGES = 150
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Live:
    port: int
    cookie: dict[str, str]

    def raw(self, head: str, body: bytes = b"") -> socket.socket:
        """A connection on which a request was sent and nothing is read."""
        opened = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        named = f"Host: 127.0.0.1:{self.port}\r\nCookie: {self.cookie['name']}={self.cookie['value']}\r\n"
        opened.sendall(f"{head}\r\n{named}".encode() + b"\r\n" + body)
        return opened

    def get(self, path: str) -> httpx.Response:
        kept = {self.cookie["name"]: self.cookie["value"]}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", cookies=kept, timeout=PATIENCE)


@pytest.fixture(scope="module")
def live(kept: Kept) -> Iterator[Live]:
    """The whole application on a real port."""
    with listening(build_app(kept.studio)) as port:
        yield Live(port, cookie(kept.studio, port))


def test_pages_that_stay_open_and_read_nothing_take_little_and_hold_up_nobody(live: Live) -> None:
    assert live.get("/config").status_code == 200
    process = psutil.Process()
    before = process.memory_info().rss
    with ExitStack() as open_pages:
        for number in range(PAGES):
            for path in (f"/gradio_api/heartbeat/page-{number}", f"/gradio_api/queue/data?session_hash=page-{number}"):
                open_pages.enter_context(live.raw(f"GET {path} HTTP/1.1\r\nAccept: text/event-stream"))
        for _ in range(3):
            assert live.get("/healthz").status_code == 200 and live.get("/config").status_code == 200
        grown = process.memory_info().rss - before
        assert grown < PAGES * 1_000_000, f"{grown / PAGES:,.0f} bytes for each page"


def test_what_an_upload_leaves_that_breaks_off_is_a_part_by_itself_and_goes_after_an_hour(
    live: Live, kept: Kept
) -> None:
    """It is what `forget_uploads` tells parts from whole files by."""
    uploads, before = kept.studio.workspace.uploads, set(kept.studio.workspace.uploads.rglob("*"))
    known = bring.datasets(kept.studio)
    head = b'--b\r\nContent-Disposition: form-data; name="files"; filename="rows.jsonl"\r\n\r\n' + b"x" * 300_000
    sent = live.raw(
        "POST /gradio_api/upload HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000",
        head,
    )

    def parts() -> list[Path]:
        return [path for path in uploads.rglob("*") if path.is_file() and path not in before]

    deadline = time.monotonic() + PATIENCE
    while not parts() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert parts()
    sent.close()
    assert all(path.parent == uploads for path in parts())
    bring.forget_uploads(kept.studio)
    bring.forget_uploads(kept.studio, part=-1.0)
    assert parts() == [] and bring.datasets(kept.studio) == known
    assert live.get("/healthz").status_code == 200


def test_where_every_thread_of_a_page_is_busy_addresses_and_the_other_page_answer(client: TestClient) -> None:
    over, portal = threading.Event(), client.portal
    studio_page, rating_page = (_page_at(client, path) for path in ("", "/rate"))
    assert portal is not None and studio_page.limiter and rating_page.limiter not in (None, studio_page.limiter)
    waiting = partial(to_thread.run_sync, over.wait, limiter=studio_page.limiter)
    busy = [portal.start_task_soon(waiting) for _ in range(60)]
    try:
        for path in ("/healthz", "/config", "/rate/theme.css", "/gradio_api/app_id"):
            assert client.get(path).status_code == 200
        assert not any(each.done() for each in busy)
    finally:
        over.set()
        for each in busy:
            each.result(PATIENCE)


def _page_at(client: TestClient, path: str) -> Any:
    mounts = [route for route in client.app.routes if isinstance(route, Mount)]  # type: ignore[attr-defined]
    return next(route.app.get_blocks() for route in mounts if route.path == path)  # type: ignore[attr-defined]
