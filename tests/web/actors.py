"""Everybody who may come to the studio's door, and what each may do there; `door` is a fixture for all tests of the web."""

import asyncio
import json
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from studio.domain.access import Mode, Role, Scope
from studio.flows import compare, keys, people, sharing, signing
from studio.store import access_tables
from studio.store.acting import visitor
from studio.ui.guarded import GuardedPage
from studio.web.access.gate import AccessGate
from studio.web.access.settings import Access
from studio.web.app import build_app

if TYPE_CHECKING:
    from tests.web.conftest import Kept

T = TypeVar("T")

HERE = Path(__file__).parent
ADDRESS = "http://127.0.0.1:7860"
GOOD = "seven quiet lanterns"
# What each may do; the roles as the brief of a team would write them, not as the code does.
MAY = {
    "nobody": "everybody", "viewer": "everybody look", "rater": "everybody look rate",
    "editor": "everybody look rate change", "owner": "everybody look rate change manage",
    "rating link": "everybody rate", "verdict link": "everybody", "ended sign-in": "everybody",
    "old sign-in": "everybody", "removed person": "everybody", "key to look": "everybody look",
    "key to change": "everybody look rate change", "revoked key": "everybody", "overdue key": "everybody",
    "owner elsewhere": "everybody", "key elsewhere": "everybody", "rating link elsewhere": "everybody",
}  # fmt: skip


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine comes to; in a thread of its own, since a browser's driver may run a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(copy_context().run, asyncio.run, work).result()


def listed(name: str) -> dict[str, str]:
    """What is written down by hand: each thing, and what it needs."""
    lines = [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("#")]
    return {line.rpartition(" ")[0].strip(): line.rpartition(" ")[2] for line in lines}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who sends requests: with which headers, and which cookies."""

    headers: dict[str, str]
    cookies: dict[str, str]
    query: str = ""


Sent = tuple[str, str, Any]


@dataclass(frozen=True, slots=True)
class Door:
    """The studio with passwords; `seen` is what its gate let through to a stand-in for all that is behind it."""

    app: FastAPI
    gate: AccessGate
    seen: list[tuple[str, str, str]]
    actors: dict[str, Actor]
    pages: dict[str, GuardedPage]

    def browser(self, actor: str) -> TestClient:
        """The whole studio, as this one asks it."""
        who = self.actors[actor]
        return TestClient(self.app, base_url=ADDRESS, headers=who.headers, cookies=who.cookies, follow_redirects=False)

    def tried(self, actor: str, *requests: Sent) -> list[tuple[int, bool]]:
        """The status that this actor gets for each request, and whether it was let in; asked of the gate alone."""

        async def ask() -> list[tuple[int, bool]]:
            return [await self._ask(self.actors[actor], request) for request in requests]

        return at_once(ask())

    async def _ask(self, who: Actor, request: Sent) -> tuple[int, bool]:
        method, path, body = request
        headers = [(name.lower().encode(), value.encode()) for name, value in who.headers.items()]
        headers += [(b"cookie", f"{name}={value}".encode()) for name, value in who.cookies.items()]
        scope = {
            "type": "http", "method": method, "path": path, "headers": headers, "query_string": who.query.encode(), "scheme": "http",
            "server": ("127.0.0.1", 7860), "peer": "127.0.0.1",
        }  # fmt: skip
        status: list[int] = []

        async def send(message: dict[str, Any]) -> None:
            status.extend([message["status"]] if "status" in message else [])

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body if isinstance(body, bytes) else json.dumps(body).encode()}

        before = len(self.seen)
        await self.gate(scope, receive, send)  # type: ignore[arg-type]
        return status[0], len(self.seen) > before


@pytest.fixture(scope="session")
def door(kept: "Kept", other: "Kept") -> Iterator[Door]:
    app = build_app(kept.studio, access=Access(Mode.PASSWORD))
    (made,) = [each for each in app.user_middleware if each.cls is AccessGate]
    seen: list[tuple[str, str, str]] = []

    async def behind(scope: Any, receive: Any, send: Any) -> None:
        now = visitor()
        seen.append((scope["method"], scope["path"], now.name if now else "nobody"))
        await PlainTextResponse("let in")(scope, receive, send)

    pages = {path: events.__self__ for path, events in made.kwargs["events"].items()}
    with TestClient(app, base_url=ADDRESS):  # the queues run for as long as these tests
        yield Door(app, AccessGate(behind, **made.kwargs), seen, _actors(kept) | _from_elsewhere(other), pages)


def _actors(kept: "Kept") -> dict[str, Actor]:
    studio = kept.studio
    team = {role.value: people.add(studio, f"The {role}", role, mode=Mode.PASSWORD, password=GOOD) for role in Role}
    tokens = {name: signing.begin(studio, person, address="127.0.0.1") for name, person in team.items()}
    gone = people.add(studio, "Gone", Role.OWNER, mode=Mode.PASSWORD, password=GOOD)
    tokens["removed person"] = signing.begin(studio, gone, address="127.0.0.1")
    people.remove(studio, gone.id)
    for name in ("ended sign-in", "old sign-in"):
        tokens[name] = signing.begin(studio, team["owner"], address="127.0.0.1")
        newest = max(signing.signed_in(studio, Mode.PASSWORD, team["owner"].id), key=lambda each: each[0].began_at)
        if name == "ended sign-in":
            signing.end(studio, newest[0].id)
        else:
            _set(studio, access_tables.sign_ins, newest[0].id, began_at=datetime(2026, 1, 1, tzinfo=UTC))
    actors = {name: Actor({}, {"studio-7860": token}) for name, token in tokens.items()}
    for name, scope in (
        ("key to look", "look"),
        ("key to change", "change"),
        ("revoked key", "change"),
        ("overdue key", "change"),
    ):
        key, text = keys.make(studio, team["owner"], name, Scope(scope))
        actors[name] = Actor({"Authorization": f"Bearer {text}"}, {})
        if name == "revoked key":
            keys.revoke(studio, key.id)
        if name == "overdue key":
            _set(studio, access_tables.keys, key.id, expires_at=datetime(2026, 1, 1, tzinfo=UTC))
    link = compare.invitation(studio, kept.open.id).token
    shared = sharing.share(studio, kept.closed.id).token
    actors["rating link"] = Actor({}, {}, f"t={link}")
    actors["verdict link"] = Actor({}, {"studio-7860": shared})
    return actors | {"nobody": Actor({}, {})}


def _from_elsewhere(other: "Kept") -> dict[str, Actor]:
    """Whoever may do everything, in another workspace."""
    studio = other.studio
    owner = people.add(studio, "The owner", Role.OWNER, mode=Mode.PASSWORD, password=GOOD)
    _, key = keys.make(studio, owner, "key elsewhere", Scope.CHANGE)
    return {
        "owner elsewhere": Actor({}, {"studio-7860": signing.begin(studio, owner, address="127.0.0.1")}),
        "key elsewhere": Actor({"Authorization": f"Bearer {key}"}, {}),
        "rating link elsewhere": Actor({}, {}, f"t={compare.invitation(studio, other.open.id).token}"),
    }


def _set(studio: Any, table: Any, id: str, **values: Any) -> None:
    with studio.store.write() as connection:
        connection.execute(update(table).where(table.c.id == id).values(**values))
