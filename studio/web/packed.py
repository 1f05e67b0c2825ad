"""Packed: a page is made and compressed once for all who see the same, and each is sent it with a number of its own.

Gradio makes a page anew for everybody who opens it, and does not compress it: 20 ms of everybody's time. See
docs/decisions/0044.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.domain.access import Visitor
from studio.web.pieces import Pieces

# By what is the same who sees the same of a page.
SeenBy = Callable[[Visitor | None], Hashable]
# What addresses of the studio's pages say behind the question mark; the page reads that itself.
OWN = frozenset({"t", "run", "data", "model"})
MOST = 100  # pages that are kept; one takes 60 kB


@dataclass(frozen=True, slots=True)
class Made:
    """A page as it was made, with its headers."""

    headers: tuple[tuple[bytes, bytes], ...]
    text: Pieces


class Packed:
    """In front of Gradio's pages and behind the gate. `pages` tells, by their paths, who sees the same of each."""

    def __init__(self, app: ASGIApp, *, pages: Mapping[str, SeenBy]) -> None:
        self.app, self.pages, self.packing = app, pages, GZipMiddleware(app, compresslevel=5)
        self.kept: OrderedDict[Hashable, Made] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self.pages:
            await self.app(scope, receive, send)
            return
        key = self._key(scope)
        if key is None:
            await self.packing(scope, receive, send)
            return
        made = self.kept.get(key) or await self._made(key, scope, receive, send)
        if made is not None:
            self.kept.move_to_end(key)
            await _send(made, scope["nonce"].encode(), send)

    def _key(self, scope: Scope) -> Hashable:
        """What this page depends on; None where it is asked for in a way of its own."""
        headers = Headers(scope=scope)
        is_usual = scope["method"] == "GET" and "gzip" in headers.get("accept-encoding", "") and "origin" not in headers
        if not is_usual or not OWN.issuperset(parse_qs(scope["query_string"], keep_blank_values=True)):
            return None
        reached = scope["scheme"], headers.get("host"), scope.get("root_path")
        return scope["path"], reached, self.pages[scope["path"]](scope.get("visitor"))

    async def _made(self, key: Hashable, scope: Scope, receive: Receive, send: Send) -> Made | None:
        """The page, kept from now on; None where something else was answered, which is sent as it is."""
        told: list[Message] = []

        async def hear(message: Message) -> None:
            if message["type"] in ("http.response.start", "http.response.body"):
                told.append(message)
            else:  # what a test listens to
                await send(message)

        await self.app(scope, receive, hear)
        text = b"".join(message.get("body", b"") for message in told[1:])
        made = _page(told[0], text, scope["nonce"].encode())
        if made is None:
            for message in told:
                await send(message)
            return None
        self.kept[key] = made
        if len(self.kept) > MOST:
            self.kept.popitem(last=False)
        return made


def _page(start: Message, text: bytes, nonce: bytes) -> Made | None:
    """The page that this answer is; None where it is none, or one for a single browser."""
    headers = Headers(raw=start["headers"])
    if start["status"] != 200 or "content-encoding" in headers or "set-cookie" in headers:
        return None
    kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    return Made((*kept, (b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")), Pieces.of(text, nonce))


async def _send(made: Made, nonce: bytes, send: Send) -> None:
    text = made.text.with_word(nonce)
    headers = [*made.headers, (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})
