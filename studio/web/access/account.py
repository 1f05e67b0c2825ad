"""Account: one's own password, the browsers in which one is signed in, and one's keys; for everybody who has a role."""

import functools

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from studio.domain.access import Mode
from studio.domain.errors import AccessError
from studio.flows import keys, people, signing
from studio.flows.studio import Studio
from studio.web.access import cookies, tables
from studio.web.access.holding import add_keys, add_sign_ins
from studio.web.access.pressing import At, Words, address_of, device_of, person, pressing, shown, visitor
from studio.web.access.settings import Access

CHANGED = "Your password was changed, and every other browser is signed out."


def account_routes(studio: Studio, access: Access) -> APIRouter:
    """The page and what can be done on it, to what is one's own and to nothing else."""
    routes = APIRouter(prefix="/account")
    at = pressing(routes, functools.partial(_page, studio, access))

    @routes.get("")
    def account(request: Request, changed: bool = False) -> Response:
        return _page(studio, access, request, said=CHANGED if changed else "")

    if access.mode is Mode.PASSWORD:
        _add_password(at, studio)
    if access.mode is not Mode.PROXY:
        add_sign_ins(at, studio, access.mode, own=True)
    add_keys(at, studio, own=True)
    return routes


def _add_password(at: At, studio: Studio) -> None:
    @at("/password")
    def password(request: Request, old: Words = "", new: Words = "", again: Words = "") -> Response:
        who, address = person(request), address_of(request)
        if new != again:
            raise AccessError("The two new passwords differ.", fix="Write the same twice.")
        signing.slow_down(studio, f"password {who.id}")
        people.change_password(studio, who, old, new)
        given = signing.begin(studio, who, address=address, device=device_of(request))
        answer = RedirectResponse("/account?changed=true", status_code=303)
        cookies.give(answer, request.scope, given, Mode.PASSWORD)
        return answer


def _page(studio: Studio, access: Access, request: Request, *, said: str = "", status: int = 200) -> Response:
    who, now = person(request), visitor(request)
    parts = [tables.said(said, is_bad=status != 200), tables.who(who)]
    if access.mode is Mode.PASSWORD:
        parts.append(tables.new_password())
    if access.mode is not Mode.PROXY:
        signed_in = signing.signed_in(studio, access.mode, who.id)
        parts.append(tables.signed_in(signed_in, now.session_id, at="/account"))
    own = [key for key in keys.every(studio) if key.person_id == who.id]
    parts.append(tables.keys(own, {who.id: who.name}, at="/account", rights=who.rights))
    return shown("Your account", "".join(parts), style=tables.STYLE, status=status)
