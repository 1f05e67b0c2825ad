"""Noting: every request gets a number, which its answer, the logs and the job that it makes carry, and is counted."""

import logging
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio import logs

HEADER = "x-request-id"
GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
TOLD_APART = frozenset({"/readyz", "/readyz/why"})  # studio/web/health.py tells why, and once
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})

Answered = Callable[[str, str, int, float], None]

log = logging.getLogger(__name__)


class Noting:
    """In front of everything. `believes` says whether an address is a proxy's, whose numbers are taken over."""

    def __init__(self, app: ASGIApp, *, answered: Answered, believes: Callable[[str], bool]) -> None:
        self.app, self.answered, self.believes = app, answered, believes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["number"] = number = self._number(scope)
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = number
                if headers.get("content-type", "").startswith("text/event-stream"):
                    headers["X-Accel-Buffering"] = "no"  # nginx then passes on what comes as it comes
                self._note(scope, status, time.perf_counter() - began)
            await send(message)

        with logs.about(request=number):
            try:
                await self.app(scope, receive, noted)
            except Exception:
                if not status:
                    self._note(scope, 500, time.perf_counter() - began)
                log.exception("%s %s ended in an error", scope["method"], scope["path"])
                raise

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.answered(route_of(scope), method, status, seconds)
        level = logging.WARNING if status >= 500 and scope["path"] not in TOLD_APART else logging.DEBUG
        log.log(level, "%s %s %d in %.0f ms", method, scope["path"], status, seconds * 1000)

    def _number(self, scope: Scope) -> str:
        given = Headers(scope=scope).get(HEADER, "")
        believed = GIVEN.fullmatch(given) and self.believes(scope.get("peer", ""))
        return given if believed else logs.new_request()


def route_of(scope: Scope) -> str:
    """The address as a pattern, so that there are only so many of them; what led nowhere is all the same."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "refused"
    return f"/rate{path}" if scope["path"].startswith("/rate/") and not path.startswith("/rate") else path
