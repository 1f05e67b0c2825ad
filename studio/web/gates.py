"""Gates: what is refused before any screen sees it, and the headers that every answer carries."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
}


class SameOriginGate:
    """Refuse what another site makes a browser send, and forbid other sites to frame or read the studio.

    `origins` are the studio's own from outside, for a proxy that passes on another name than it was asked by.
    """

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...] = ()) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["method"] not in SAFE_METHODS and is_foreign(headers, self.origins):
            answer = PlainTextResponse("This request came from another site and was refused.", status_code=403)
            await answer(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    answered.setdefault(name, value)
                for name in ("access-control-allow-origin", "access-control-allow-credentials"):
                    if name in answered:
                        del answered[name]
            await send(message)

        await self.app(scope, receive, send_with_headers)


def is_foreign(headers: Headers, own: tuple[str, ...] = ()) -> bool:
    """Whether a browser says that another origin made this request; programs without an Origin are not browsers."""
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin not in own and urlsplit(origin).netloc != headers.get("host")
