"""Bodies: how much a request may bring, and how long it may take over it."""

import time
from collections.abc import Callable

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.web.access.rights import EVENT, RATE, is_rating

UPLOAD = "/gradio_api/upload"
EVENT_BYTES = 16_000_000
FORM_BYTES = 100_000
AROUND = 1_000_000  # what stands around a file in an upload
# A body may take a minute, and longer as far as it goes on at a pace that any line has.
PATIENCE = 60.0
SLOWEST = 10_000.0  # bytes per second


class BodyLimits:
    """Refuse what is larger than anything that is sent there, as soon as that is seen, and what has no end."""

    def __init__(
        self, app: ASGIApp, *, upload: int, patience: float = PATIENCE, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.app, self.upload, self.patience, self.now = app, upload, patience, now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = Body(self.most(scope["path"]), receive, send, self.patience, self.now)
        said = Headers(scope=scope).get("content-length", "0")
        if not said.isascii() or not said.isdigit():
            await body.refuse(scope, 400, "This request does not say how much it brings.")
        elif len(said) > 18 or int(said) > body.most:
            await body.refuse(scope, 413, "This is too much at once.")
        else:
            await self.app(scope, lambda: body.receive(scope), body.send)

    def most(self, path: str) -> int:
        inner = path.removeprefix(RATE) if is_rating(path) else path
        if inner == UPLOAD:
            return self.upload + AROUND
        return EVENT_BYTES if EVENT.fullmatch(inner) else FORM_BYTES


class Body:
    """The body of one request as it arrives; where it breaks a limit, that is the answer, and there is no other."""

    def __init__(self, most: int, receive: Receive, send: Send, patience: float, now: Callable[[], float]) -> None:
        self.most, self._receive, self._send, self._patience, self._now = most, receive, send, patience, now
        self._began, self._size = now(), 0
        self._is_whole = self._is_refused = self._has_begun = False

    async def receive(self, scope: Scope) -> Message:
        if self._is_refused:
            return {"type": "http.disconnect"}
        if self._is_whole:
            return await self._receive()
        left = self._began + self._patience + self._size / SLOWEST - self._now()
        message: Message | None = None
        if left > 0:
            with anyio.move_on_after(left):
                message = await self._receive()
        if message is None:
            await self.refuse(scope, 408, "This took too long to arrive.")
            return {"type": "http.disconnect"}
        self._size += len(message.get("body", b""))
        if self._size > self.most:
            await self.refuse(scope, 413, "This is too much at once.")
            return {"type": "http.disconnect"}
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        self._has_begun = True
        if not self._is_refused:
            await self._send(message)

    async def refuse(self, scope: Scope, status: int, said: str) -> None:
        self._is_refused = True
        if not self._has_begun:
            answer = PlainTextResponse(said, status_code=status, headers={"Connection": "close"})
            await answer(scope, self._receive, self._send)
