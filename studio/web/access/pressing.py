"""Pressing: what a form of a plain page does, and the page with what came of it."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from studio.domain.access import Person, Visitor
from studio.domain.errors import StudioError
from studio.web.access import pages

Words = Annotated[str, Form()]
# What is done with what the form sent: a sentence that tells it, or an answer of its own.
Act = Callable[..., str | Response]
At = Callable[[str], Callable[[Act], Act]]


class Page(Protocol):
    """A page for whoever asks, with a sentence at its top."""

    def __call__(self, request: Request, *, said: str = "", status: int = 200) -> Response: ...


def pressing(routes: APIRouter, page: Page) -> At:
    """A decorator for what is done at an address: the page shows the sentence that comes of it, or why nothing did."""

    def at(path: str) -> Callable[[Act], Act]:
        def add(act: Act) -> Act:
            @functools.wraps(act)
            def pressed(request: Request, **sent: Any) -> Response:
                try:
                    done = act(request=request, **sent)
                except StudioError as error:
                    return page(request, said=error.sentence, status=422)
                return page(request, said=done) if isinstance(done, str) else done

            routes.post(path, response_model=None)(pressed)
            return act

        return add

    return at


def visitor(request: Request) -> Visitor:
    """Who sends this; the gate has put it there."""
    return request.scope["visitor"]


def person(request: Request) -> Person:
    """The person who sends this; the gate lets nobody else come here."""
    found = visitor(request).person
    assert found is not None
    return found


def address_of(request: Request) -> str:
    """Where this was sent from, as far as the proxies that are believed say it."""
    return request.client.host if request.client else "unknown"


def device_of(request: Request) -> str:
    """The browser that sends this, by what it says of itself."""
    return request.headers.get("user-agent", "")


def answered(text: str, status: int = 200) -> Response:
    """A page as it is, with what every page of this kind is sent with."""
    return HTMLResponse(text, status_code=status, headers=pages.HEADERS)


def shown(title: str, body: str, *, style: str, status: int = 200) -> Response:
    """A wide page with a way back to the studio."""
    head = f'<p><a href="/">← Back to the studio</a></p><h1>{title}</h1>'
    return answered(pages.page(title, head + body, style=style, wide=True), status)
