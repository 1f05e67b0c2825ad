"""Doors: signing in and out, coming in by an address that works once, and one's own account."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from studio.domain.access import Door, DoorKind, Mode
from studio.domain.errors import AccessError
from studio.flows import people, signing
from studio.flows.known import Known, known_browsers
from studio.flows.studio import Studio
from studio.web.access import cookies, pages
from studio.web.access.pressing import Words, address_of, answered, device_of
from studio.web.access.settings import Access
from studio.web.access.signin import add_sign_in, remember

TITLES = {
    DoorKind.SETUP: ("Set the studio up", "You are its first owner: you invite the others and say who may do what."),
    DoorKind.PASSWORD: ("A new password", "Choose it, then sign in with it. Your other browsers are signed out."),
}


def door_routes(studio: Studio, access: Access) -> APIRouter:
    """The addresses by which people come in, as far as this mode has them, and the one by which they leave."""
    routes = APIRouter()
    if access.openid is not None:
        # with libraries that the other modes do without
        from studio.web.access.backchannel import backchannel_routes
        from studio.web.access.openid import Provider, openid_routes

        provider = Provider(access.openid)
        routes.include_router(openid_routes(studio, provider))
        routes.include_router(backchannel_routes(studio, provider))
        return routes
    if access.mode is Mode.LOCAL:
        _add_launch(routes, studio)
    if access.mode is Mode.PASSWORD:
        known = known_browsers(studio)
        add_sign_in(routes, studio, known)
        _add_welcome(routes, studio, known)
    _add_sign_out(routes, studio, access)
    return routes


def _add_sign_out(routes: APIRouter, studio: Studio, access: Access) -> None:
    @routes.post("/signout")
    def sign_out(request: Request) -> Response:
        signing.sign_out(studio, cookies.read(request.scope), access.mode)
        answer = RedirectResponse("/signin" if access.mode is Mode.PASSWORD else "/", status_code=303)
        cookies.take(answer, request.scope)
        return answer


def _add_launch(routes: APIRouter, studio: Studio) -> None:
    @routes.get("/open/{token}")
    def open_here(request: Request, token: str) -> Response:
        known = cookies.read(request.scope)
        answer = RedirectResponse("/", status_code=303)
        if known and signing.by_cookie(studio, known, Mode.LOCAL):
            return answer  # a printed address that was kept as a bookmark
        try:
            given = signing.open_here(studio, token, address=address_of(request), device=device_of(request))
        except AccessError:
            return answered(pages.STRANGER[Mode.LOCAL], 401)
        cookies.give(answer, request.scope, given, Mode.LOCAL)
        return answer


def _add_welcome(routes: APIRouter, studio: Studio, known: Known) -> None:
    kinds = (DoorKind.SETUP, DoorKind.INVITATION, DoorKind.PASSWORD)

    @routes.get("/welcome/{token}")
    def welcome(token: str) -> Response:
        return _through(lambda: answered(_welcome(people.door(studio, token, *kinds))))

    @routes.post("/welcome/{token}")
    def enter(request: Request, token: str, name: Words = "", password: Words = "", again: Words = "") -> Response:
        def entered() -> Response:
            door = people.door(studio, token, *kinds)
            if password != again:
                return answered(_welcome(door, wrong="The two passwords differ. Write the same twice.", name=name), 422)
            try:
                person = people.enter(studio, token, name, password)
            except AccessError as error:
                if not error.field:
                    raise
                return answered(_welcome(door, wrong=error.sentence, name=name), 422)
            answer = RedirectResponse("/", status_code=303)
            given = signing.begin(studio, person, address=address_of(request), device=device_of(request))
            cookies.give(answer, request.scope, given, Mode.PASSWORD)
            remember(answer, request, known.give(person.name))
            return answer

        return _through(entered)


def _welcome(door: Door, *, wrong: str = "", name: str = "") -> str:
    invited = ("Come in", f"You were invited to this studio as {_a(door.role)}.")
    title, text = TITLES.get(door.kind, invited)
    return pages.welcome(title, text, asks_name=door.kind is not DoorKind.PASSWORD, wrong=wrong, name=name)


def _through(go: Callable[[], Response]) -> Response:
    try:
        return go()
    except AccessError as error:
        return answered(pages.told("This address leads nowhere", error.sentence), 404)


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "aeio" else f"a {role}"
