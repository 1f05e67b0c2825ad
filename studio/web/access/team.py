"""Team: who has which role, who is signed in where, which keys there are, and the log; for owners."""

import functools
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response, StreamingResponse

from studio.domain.access import Mode, Role
from studio.domain.errors import AccessError
from studio.flows import audit, keys, people, signing
from studio.flows.studio import Studio
from studio.web.access import tables
from studio.web.access.holding import add_keys, add_sign_ins
from studio.web.access.pressing import At, Words, pressing, shown, visitor
from studio.web.access.settings import Access

LINES = 100
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1)]  # the number of a line


def team_routes(studio: Studio, access: Access) -> APIRouter:
    """The page, and one address per thing that can be done on it; the gate lets owners alone come here."""
    routes = APIRouter(prefix="/team")
    at = pressing(routes, functools.partial(_page, studio, access))

    @routes.get("")
    def team(request: Request, log: str = "", before: Before = None) -> Response:
        return _page(studio, access, request, log=log, before=before)

    @routes.get("/log.csv")
    def log_csv() -> Response:
        named = {"Content-Disposition": 'attachment; filename="log.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(audit.as_csv(studio), media_type="text/csv", headers=named)

    @at("/check")
    def check(request: Request) -> str:
        return _checked(studio)

    if access.mode is not Mode.LOCAL:
        _add_people(at, studio)
    if access.gives_roles:
        _add_roles(at, studio, access)
    add_sign_ins(at, studio, access.mode, own=False)
    add_keys(at, studio, own=False)
    return routes


def _add_people(at: At, studio: Studio) -> None:
    @at("/remove")
    def remove(request: Request, person: Words) -> str:
        name = people.known(studio, person).name
        people.remove(studio, person)
        return f"{name} was removed and is signed out everywhere."

    @at("/password")
    def password(request: Request, person: Words) -> str:
        door, token = people.renew_password(studio, person)
        where = _welcome(request, token)
        return f"{door.label} chooses a new password here. The address is shown this once:\n{where}"


def _add_roles(at: At, studio: Studio, access: Access) -> None:
    @at("/role")
    def set_role(request: Request, person: Words, role: Annotated[Role, Form()]) -> str:
        people.set_role(studio, person, role)
        return f"{people.known(studio, person).name} is {role} from now on."

    @at("/invite")
    def invite(request: Request, role: Annotated[Role, Form()], label: Words = "") -> str:
        if access.mode is not Mode.PASSWORD:
            return f"{people.add(studio, label, role, mode=access.mode).name} is {role} from now on."
        door, token = people.invite(studio, role, label)
        until = f"{door.expires_at:%-d %B %Y, %H:%M} UTC"
        where = _welcome(request, token)
        return f"One {role} comes in by this address, until {until}. It is shown this once:\n{where}"

    @at("/withdraw")
    def withdraw(request: Request, door: Words) -> str:
        people.withdraw(studio, door)
        return "The invitation was taken back."


def _page(
    studio: Studio, access: Access, request: Request, *, said: str = "", status: int = 200, log: str = "",
    before: int | None = None,
) -> Response:  # fmt: skip
    found = audit.newest(studio, words=log, limit=LINES + 1, before=before)
    everybody = people.everybody(studio, access.mode)
    parts = [tables.said(said, is_bad=status != 200)]
    if access.mode is not Mode.LOCAL:
        parts.append(tables.team(everybody, access.mode, can_change=access.gives_roles))
    if access.gives_roles:
        parts.append(tables.inviting(people.invited(studio), access.mode))
    if access.mode is not Mode.PROXY:
        parts.append(tables.signed_in(signing.signed_in(studio, access.mode), visitor(request).session_id))
    parts.append(tables.keys(keys.every(studio), {each.id: each.name for each in everybody}))
    parts.append(tables.log(found[:LINES], words=log, more=found[LINES - 1].number if len(found) > LINES else None))
    return shown("Team", "".join(parts), style=tables.STYLE, status=status)


def _checked(studio: Studio) -> str:
    broken = audit.broken(studio)
    if broken is not None:
        raise AccessError(
            f"Line {broken} of the log is not as it was written, or is missing.", fix="Ask who has the database."
        )
    last = next(iter(audit.newest(studio, limit=1)), None)
    sealed = f" Its last line is number {last.number}, sealed {last.seal[:16]}." if last else ""
    return f"The log is whole.{sealed} Keep both to see later that no line at its end is gone."


def _welcome(request: Request, token: str) -> str:
    return f"{str(request.base_url).rstrip('/')}/welcome/{token}"
