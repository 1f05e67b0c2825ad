"""Team: who has which role, who is signed in where, which keys there are, and the log; for owners."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from studio.domain.access import KEY_DAYS, Mode, Role, Scope, Visitor
from studio.domain.errors import AccessError, StudioError
from studio.flows import audit, keys, people, signing
from studio.flows.studio import Studio
from studio.web.access import pages, tables
from studio.web.access.settings import Access

Words = Annotated[str, Form()]
LINES = 100


def team_routes(studio: Studio, access: Access) -> APIRouter:
    """The page, and one address per thing that can be done on it; the gate lets owners alone come here."""
    routes = APIRouter(prefix="/team")

    @routes.get("")
    def team(request: Request, log: str = "", before: int | None = None) -> Response:
        return _page(studio, access, request, log=log, before=before)

    @routes.get("/log.csv")
    def log_csv() -> Response:
        named = {"Content-Disposition": 'attachment; filename="log.csv"', "Cache-Control": "no-store"}
        return StreamingResponse(audit.as_csv(studio), media_type="text/csv", headers=named)

    @routes.post("/check")
    def check(request: Request) -> Response:
        return _done(studio, access, request, lambda: _checked(studio))

    if access.mode is not Mode.LOCAL:
        _add_people(routes, studio, access)
        _add_invitations(routes, studio, access)
    _add_keys(routes, studio, access)
    return routes


def _add_people(routes: APIRouter, studio: Studio, access: Access) -> None:
    @routes.post("/role")
    def set_role(request: Request, person: Words, role: Annotated[Role, Form()]) -> Response:
        def act() -> str:
            people.set_role(studio, person, role)
            return f"{people.known(studio, person).name} is {role} from now on."

        return _done(studio, access, request, act)

    @routes.post("/remove")
    def remove(request: Request, person: Words) -> Response:
        def act() -> str:
            name = people.known(studio, person).name
            people.remove(studio, person)
            return f"{name} was removed and is signed out everywhere."

        return _done(studio, access, request, act)

    @routes.post("/password")
    def password(request: Request, person: Words) -> Response:
        def act() -> str:
            door, token = people.renew_password(studio, person)
            where = _welcome(request, token)
            return f"{door.label} chooses a new password here. The address is shown this once:\n{where}"

        return _done(studio, access, request, act)


def _add_invitations(routes: APIRouter, studio: Studio, access: Access) -> None:
    @routes.post("/invite")
    def invite(request: Request, role: Annotated[Role, Form()], label: Words = "") -> Response:
        def act() -> str:
            if access.mode is not Mode.PASSWORD:
                return f"{people.add(studio, label, role, mode=access.mode).name} is {role} from now on."
            door, token = people.invite(studio, role, label)
            until = f"{door.expires_at:%-d %B %Y, %H:%M} UTC"
            where = _welcome(request, token)
            return f"One {role} comes in by this address, until {until}. It is shown this once:\n{where}"

        return _done(studio, access, request, act)

    @routes.post("/withdraw")
    def withdraw(request: Request, door: Words) -> Response:
        def act() -> str:
            people.withdraw(studio, door)
            return "The invitation was taken back."

        return _done(studio, access, request, act)


def _add_keys(routes: APIRouter, studio: Studio, access: Access) -> None:
    @routes.post("/end")
    def end(request: Request, signin: Words) -> Response:
        def act() -> str:
            signing.end(studio, signin)
            return "The sign-in was ended."

        return _done(studio, access, request, act)

    @routes.post("/key")
    def make_key(
        request: Request, label: Words = "", scope: Annotated[Scope, Form()] = Scope.LOOK,
        days: Annotated[int, Form()] = KEY_DAYS,
    ) -> Response:  # fmt: skip
        def act() -> str:
            person = _visitor(request).person
            assert person is not None  # whoever manages is a person
            key, text = keys.make(studio, person, label, scope, days=days)
            return f"The key {key.label} holds until {key.expires_at:%-d %B %Y}. It is shown this once:\n{text}"

        return _done(studio, access, request, act)

    @routes.post("/revoke-key")
    def revoke_key(request: Request, key: Words) -> Response:
        def act() -> str:
            keys.revoke(studio, key)
            return "The key was taken back."

        return _done(studio, access, request, act)


def _done(studio: Studio, access: Access, request: Request, act: Callable[[], str]) -> Response:
    """Do it and show the page with what came of it; or why nothing did."""
    try:
        return _page(studio, access, request, said=act())
    except StudioError as error:
        return _page(studio, access, request, said=error.sentence, status=422)


def _page(
    studio: Studio, access: Access, request: Request, *, said: str = "", status: int = 200, log: str = "",
    before: int | None = None,
) -> Response:  # fmt: skip
    found = audit.newest(studio, words=log, limit=LINES + 1, before=before)
    everybody = people.everybody(studio, access.mode)
    parts = [tables.said(said, is_bad=status != 200)]
    if access.mode is not Mode.LOCAL:
        parts.append(tables.team(everybody, access.mode))
        parts.append(tables.inviting(people.invited(studio), access.mode))
    if access.mode is not Mode.PROXY:
        parts.append(tables.signed_in(signing.signed_in(studio, access.mode), _visitor(request).session_id))
    parts.append(tables.keys(keys.every(studio), {person.id: person.name for person in everybody}))
    parts.append(tables.log(found[:LINES], words=log, more=found[LINES - 1].number if len(found) > LINES else None))
    head = '<p><a href="/">← Back to the studio</a></p><h1>Team</h1>'
    text = pages.page("Team", head + "".join(parts), style=tables.STYLE, wide=True)
    return HTMLResponse(text, status_code=status, headers=pages.HEADERS)


def _checked(studio: Studio) -> str:
    broken = audit.broken(studio)
    if broken is not None:
        raise AccessError(
            f"Line {broken} of the log is not as it was written, or is missing.", fix="Ask who has the database."
        )
    last = next(iter(audit.newest(studio, limit=1)), None)
    sealed = f" Its last line is number {last.number}, sealed {last.seal[:16]}." if last else ""
    return f"The log is whole.{sealed} Keep both to see later that no line at its end is gone."


def _visitor(request: Request) -> Visitor:
    return request.scope["visitor"]


def _welcome(request: Request, token: str) -> str:
    return f"{str(request.base_url).rstrip('/')}/welcome/{token}"
