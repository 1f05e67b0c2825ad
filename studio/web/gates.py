"""Gates: what is refused before any screen sees it, because another site made a browser send it."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
OF_GRADIO = b"x-gradio-"  # by which it believes anybody about the address under which its page was opened


class SameOriginGate:
    """Refuse what another site makes a browser send, and forget what one server of Gradio's tells another.

    `origins` are the studio's own from outside, for a proxy that passes on another name than it was asked by.
    """

    def __init__(self, app: ASGIApp, *, origins: tuple[str, ...] = ()) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if is_foreign(scope["method"], Headers(scope=scope), self.origins):
            answer = PlainTextResponse("This request came from another site and was refused.", status_code=403)
            await answer(scope, receive, send)
            return
        scope["headers"] = [header for header in scope["headers"] if not header[0].startswith(OF_GRADIO)]
        await self.app(scope, receive, send)


def is_foreign(method: str, headers: Headers, own: tuple[str, ...] = ()) -> bool:
    """Whether a browser says that another origin made this request; programs without an Origin are not browsers.

    A link on another site may lead here, to be looked at; no other site may load, embed or send anything.
    """
    if headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return method not in SAFE_METHODS or (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) != (
            "navigate", "document",
        )  # fmt: skip
    origins = headers.getlist("origin")
    if method in SAFE_METHODS or not origins:
        return False
    return len(origins) > 1 or (origins[0] not in own and _host_of(origins[0]) != headers.get("host"))


def _host_of(origin: str) -> str:
    """The host and the port of an origin; empty where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""
