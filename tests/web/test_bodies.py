"""A request that brings too much, or never comes to an end, is refused as soon as that is seen."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from studio.web.bodies import EVENT_BYTES, FORM_BYTES, SLOWEST, BodyLimits

JOIN = "/gradio_api/queue/join"


@pytest.mark.parametrize("path, most", [
    ("/signin", FORM_BYTES), ("/team/invite", FORM_BYTES), ("/rate/gradio_api/queue/join", EVENT_BYTES), (JOIN, EVENT_BYTES),
    ("/gradio_api/call/start_run", EVENT_BYTES), ("/gradio_api/upload", 6_000_000), ("/gradio_api/upload/x", FORM_BYTES),
    ("/rate/gradio_api/upload", 6_000_000), ("/", FORM_BYTES),
])  # fmt: skip
def test_each_address_takes_as_much_as_is_sent_there_and_no_more(path: str, most: int):
    assert BodyLimits(nothing, upload=5_000_000).most(path) == most


@pytest.mark.parametrize(
    "length, status", [(FORM_BYTES + 1, 413), ("9" * 40, 413), ("-1", 400), ("1e3", 400), ("٣", 400)]
)
def test_a_body_is_refused_by_what_it_says_of_itself_before_it_is_read(length: Any, status: int):
    sent = Exchange("/signin", headers={"content-length": str(length)}).carry_out(reads_all)
    assert sent.status == status and not sent.read and sent.seen == 0


def test_a_body_that_says_nothing_or_lies_is_refused_where_it_becomes_too_much():
    sent = Exchange("/signin", [b"x" * 60_000] * 5).carry_out(reads_all)
    assert sent.status == 413 and sent.read == 2


def test_what_is_within_the_limit_arrives_whole():
    sent = Exchange("/signin", [b"x" * 40_000] * 2).carry_out(reads_all)
    assert (sent.status, sent.seen) == (200, 80_000)


def test_a_body_that_stops_in_the_middle_is_not_waited_for():
    sent = Exchange("/signin", [b"name=", None], patience=0.05).carry_out(reads_all)
    assert sent.status == 408


def test_a_large_body_may_take_long_as_long_as_it_goes_on():
    clock = iter_clock(step=50.0)  # fifty seconds between any two looks
    pieces = [b"x" * int(60 * SLOWEST)] * 4
    assert Exchange("/gradio_api/upload", pieces, now=clock).carry_out(reads_all).status == 200
    trickle = Exchange("/gradio_api/upload", [b"x" * 100] * 4, now=iter_clock(step=50.0)).carry_out(reads_all)
    assert trickle.status == 408


def test_after_the_body_a_page_may_wait_for_as_long_as_it_likes_until_the_browser_leaves():
    async def waits(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.sleep(0.05)  # longer than the patience below
        left = await receive()
        assert left["type"] == "http.disconnect"
        await PlainTextResponse("it left")(scope, receive, send)

    assert Exchange("/", [b""], patience=0.01, leaves=True).carry_out(waits).status == 200


def test_the_studio_holds_the_limits(client: TestClient):
    assert client.post("/signout", content=b"x" * (FORM_BYTES + 1)).status_code == 413
    assert client.post(JOIN, content=b"x" * (EVENT_BYTES + 1)).status_code == 413


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    pass


async def reads_all(scope: Any, receive: Any, send: Any) -> None:
    """Answer with how much came; where the other side has gone, with an error of its own, as FastAPI does."""
    size, status = 0, 200
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            status = 400
            break
        size += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": status, "headers": [(b"x-seen", str(size).encode())]})
    await send({"type": "http.response.body", "body": b""})


def iter_clock(*, step: float) -> Any:
    def ticks() -> Iterator[float]:
        now = 0.0
        while True:
            yield now
            now += step

    clock = ticks()
    return lambda: next(clock)


class Exchange:
    """One request through the limits; a piece that is None never comes."""

    def __init__(
        self, path: str, pieces: list[bytes | None] | None = None, *, headers: dict[str, str] | None = None,
        patience: float = 60.0, now: Any = None, leaves: bool = False,
    ) -> None:  # fmt: skip
        self.path, self.pieces, self.leaves = path, pieces or [], leaves
        self.headers = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        self.options = {"patience": patience} | ({"now": now} if now else {})
        self.status, self.read, self.seen = 0, 0, 0

    def carry_out(self, app: Any) -> "Exchange":
        scope = {"type": "http", "method": "POST", "path": self.path, "headers": self.headers}
        limits = BodyLimits(app, upload=50_000_000, **self.options)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, limits(scope, self._receive, self._send)).result()
        return self

    async def _receive(self) -> dict[str, Any]:
        if self.leaves and self.read == len(self.pieces):
            return {"type": "http.disconnect"}
        piece = self.pieces[self.read] if self.read < len(self.pieces) else None
        if piece is None:
            await asyncio.sleep(3600)
        self.read += 1
        return {"type": "http.request", "body": piece, "more_body": self.read < len(self.pieces)}

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert not self.status, "two answers"
            self.status = message["status"]
            self.seen = int(dict(message["headers"]).get(b"x-seen", 0))
