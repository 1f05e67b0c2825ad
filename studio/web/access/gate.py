"""Gate: every request is one of somebody who may, or it is refused; nothing behind it is asked before that."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from urllib.parse import parse_qs, quote

import orjson
from anyio import CapacityLimiter, to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from studio.domain.access import NEEDS, SIGN_IN_FIRST, Mode, Right, Visitor
from studio.domain.errors import SetupError, StudyError
from studio.flows import audit, judge, signing
from studio.flows.studio import Studio
from studio.store.acting import acting
from studio.web.access import cookies, pages
from studio.web.access.rights import EVENT, PRESSED, RATE, Needed, Public, is_own, is_rating, needed
from studio.web.access.settings import Access

# The right of an event of a page, by its number or its name; None where there is no such event.
Events = Callable[[int | str | None], Right | None]
LONGEST_EVENT = 16_000_000
NO_EVENT = -1
AT_ONCE = 20  # threads
TRY_AGAIN = "30"  # seconds

log = logging.getLogger(__name__)


class AccessGate:
    """In front of all addresses. `events` tells the rights of the two pages' events, by where each page is."""

    def __init__(self, app: ASGIApp, *, studio: Studio, access: Access, events: Mapping[str, Events]) -> None:
        self.app, self.studio, self.access, self.events = app, studio, access, events
        self.own = CapacityLimiter(AT_ONCE)  # so that it answers also where every other thread is busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._in_words(scope, receive, send)
        else:  # a websocket: nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})

    async def _in_words(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Where the database does not answer, or takes nothing more, one sentence and to try again."""
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._http(scope, receive, noting)
        except SetupError as error:
            if has_begun:
                raise
            log.warning("%s %s: %s", scope["method"], scope["path"], error.message)
            answer = _told(scope, 503, error.sentence)
            answer.headers["Retry-After"] = TRY_AGAIN
            await answer(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        needs = needed(scope["method"], scope["path"])
        if needs is None:
            await PlainTextResponse("There is nothing here.", status_code=404)(scope, receive, send)
            return
        if needs is Public.EVERYBODY:
            await self.app(scope, receive, send)
            return
        visitor = await to_thread.run_sync(self._visitor, scope, limiter=self.own)
        event = EVENT.fullmatch(scope["path"].removeprefix(RATE) if is_rating(scope["path"]) else scope["path"])
        meant: int | str | None = None
        if visitor is not None and event and scope["method"] == "POST":
            body = await _body(receive)
            if body is None:
                await PlainTextResponse("This is too much at once.", status_code=413)(scope, receive, send)
                return
            meant = _meant(scope["path"], event, body)
            needs, receive, send = self._event(scope["path"], meant), _again(body, receive), _refusing(send)
        if visitor is None or not visitor.may(_right(needs)) or (visitor.is_program and is_own(scope["path"])):
            refusal = await to_thread.run_sync(self._refusal, scope, visitor, _right(needs))
            await refusal(scope, receive, send)
            return
        if event and self._is_no_event(scope["path"], meant):
            await PlainTextResponse("There is no such event.", status_code=404)(scope, receive, send)
            return
        scope["visitor"] = visitor
        await self._let_in(scope, receive, send, visitor, _right(needs))

    async def _let_in(self, scope: Scope, receive: Receive, send: Send, visitor: Visitor, needs: Right) -> None:
        if scope["path"].startswith("/download/"):
            noting = partial(audit.note, self.studio, "downloaded", scope["path"], by=visitor.name)
            await to_thread.run_sync(noting, limiter=self.own)
        is_looking = needs is Right.LOOK and not is_own(scope["path"])
        with acting(visitor, writing=Right.CHANGE if is_looking else needs):
            await self.app(scope, receive, send)

    # Who it is

    def _visitor(self, scope: Scope) -> Visitor | None:
        if is_rating(scope["path"]) and (rater := self._rater(scope)):
            return rater
        sent = Headers(scope=scope).getlist("authorization")
        if sent:
            scheme, _, key = sent[0].partition(" ")
            return signing.by_key(self.studio, key.strip(), self.access.mode) if scheme.lower() == "bearer" else None
        if self.access.mode is Mode.PROXY:
            return self._of_proxy(scope)
        token = cookies.read(scope)
        return signing.by_cookie(self.studio, token, self.access.mode) if token else None

    def _of_proxy(self, scope: Scope) -> Visitor | None:
        """Whom the proxy names; nobody else may say so, and not even the proxy twice in one request."""
        named = Headers(scope=scope).getlist(self.access.header)
        if not self.access.trusts(scope.get("peer", "")) or len(named) != 1 or not named[0].strip():
            return None
        return signing.by_proxy(self.studio, named[0])

    def _rater(self, scope: Scope) -> Visitor | None:
        """Whoever comes with a link that leads to a comparison; to which, the page asks for every single press."""
        return None if self._why_no_link(scope) else Visitor("a rater", frozenset({Right.RATE}))

    def _why_no_link(self, scope: Scope) -> str:
        """Why the link of this request lets nobody in; empty where it does."""
        try:
            judge.at_the_door(self.studio, parse_qs(scope["query_string"].decode("latin-1")).get("t", [""])[0])
        except StudyError as error:
            return error.sentence
        return ""

    # What it needs

    def _event(self, path: str, meant: int | str | None) -> Right:
        """What this event of the page needs; where that is not to be told, as much as any event of the page."""
        page = RATE if is_rating(path) else ""
        return self.events[page](meant) or (Right.RATE if page else Right.CHANGE)

    def _is_no_event(self, path: str, meant: int | str | None) -> bool:
        """Whether an event is named, or its number told, that the page does not have; Gradio would fail over it."""
        return meant is not None and self.events[RATE if is_rating(path) else ""](meant) is None

    def _refusal(self, scope: Scope, visitor: Visitor | None, needs: Right) -> Response:
        is_page = scope["method"] in ("GET", "HEAD") and "text/html" in Headers(scope=scope).get("accept", "")
        if visitor is not None:
            said = NEEDS[needs]
            return HTMLResponse(pages.refused(said), status_code=403) if is_page else _told(scope, 403, said)
        if is_rating(scope["path"]):
            said = self._why_no_link(scope)
        else:
            said = SIGN_IN_FIRST if EVENT.fullmatch(scope["path"]) else NEEDS[Right.LOOK]
        if not is_page:
            return _told(scope, 401, said)
        if is_rating(scope["path"]):
            return HTMLResponse(pages.told("No comparison here", said), status_code=404)
        if self.access.mode in (Mode.PASSWORD, Mode.OIDC):
            asked = Request(scope).url
            return RedirectResponse(
                f"/signin?next={quote(asked.path + (f'?{asked.query}' if asked.query else ''))}", 303
            )
        return HTMLResponse(pages.STRANGER[self.access.mode], status_code=401)


def _right(needs: Needed) -> Right:
    return needs if isinstance(needs, Right) else Right.LOOK


def _told(scope: Scope, status: int, said: str) -> Response:
    """The sentence for a program; a page of Gradio shows it where something was pressed."""
    kept = {"Cache-Control": "no-store"}
    if EVENT.fullmatch(scope["path"].removeprefix(RATE)):
        return JSONResponse({"detail": said}, status_code=status, headers=kept)
    return PlainTextResponse(said, status_code=status, headers=kept)


def _meant(path: str, event: re.Match[str], body: bytes) -> int | str | None:
    """The event of a request: by its number, which Gradio takes before a name; a call by a name has no number."""
    number = None if event[0].startswith("/gradio_api/call/") else _index(body)
    return event[1] if number is None and path != PRESSED else number


def _index(body: bytes) -> int | None:
    """The number of the event that is meant; None where none is, and that of no event where it is no number.

    Gradio makes numbers of texts too, and reads what is no strict JSON: neither may mean another event there than here.
    """
    sent = _read(body)
    index = sent.get("fn_index") if isinstance(sent, dict) else None
    if index is None:
        return None
    return int(index) if isinstance(index, int) or (isinstance(index, float) and index.is_integer()) else NO_EVENT


def _read(body: bytes) -> object:
    """What was sent, also with halves of characters in it; None where it cannot be read."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        with suppress(ValueError, RecursionError):
            return json.loads(body)
    return None


def _refusing(send: Send) -> Send:
    """What an event refuses in words Gradio sends with 500, as if the studio had failed; on its queue it says 200."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 500:
            message["status"] = 422
        await send(message)

    return sending


async def _body(receive: Receive) -> bytes | None:
    """What was sent; None where it is more than any event says."""
    parts, size = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b""
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > LONGEST_EVENT:
            return None
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The same body for whoever is asked next."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
