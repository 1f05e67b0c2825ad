"""Flood: somebody tries passwords, many times a second, while others sign in and work (L15)."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from studio.domain.access import Mode, Role
from studio.flows import people, signing
from studio.flows.known import known_browsers
from studio.flows.studio import open_studio
from tests.load import serving
from tests.load.crowd import Crowd
from tests.load.filled import Filled
from tests.load.pages import Page
from tests.load.target import Row, at_least, at_most, seen
from tests.load.visitor import Tally, Visitor, browser

A_SECOND, PASSWORD, OWNERS = 200, "seven quiet lanterns", 8
SENT = A_SECOND + 5  # tries a second: those who stand in the line at the end are answered too late to be counted
SENDERS = A_SECOND + 40  # so that nobody is missing to the flood who stands in the line for seconds
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
FORM = """POST /signin HTTP/1.1
Host: 127.0.0.1:{port}
X-Forwarded-For: {address}
Content-Type: application/x-www-form-urlencoded
Content-Length: {size}

"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who is signed in, and what their own browser is known by when they sign in anew."""

    name: str
    token: str
    known: str


def flooded(filled: Filled, pages: dict[str, Page], *, seconds: float) -> list[Row]:
    """With passwords, behind a proxy that is believed, so that each try comes from an address of its own."""
    owners = _people(filled.folder)
    options = ("--access", "password", "--proxy", "127.0.0.1", "--address", "http://127.0.0.1:{port}")
    with serving.studio(filled.folder, *options) as server:
        crowd = Crowd(filled, server, pages)
        quiet = asyncio.run(_meanwhile(crowd, owners, seconds / 2, floods=False))
        with serving.Watch(server.process) as watch:
            busy = asyncio.run(_meanwhile(crowd, owners, seconds, floods=True))
    tried, at = len(busy.seconds.get("try", [])), busy.at(95, "try")
    new = len(busy.seconds.get("a new browser", [])), len(busy.seconds.get("a new browser, no turn", []))
    return [
        at_least("L15", "tries a second that were answered", A_SECOND, tried / seconds, "/s"),
        seen("L15", f"p95 of their answers, {len(busy.seconds.get('no turn', []))} of {tried} being that they get no turn", at, "s"),
        at_most("L15", "signing in meanwhile, p95", 3, busy.at(95, "sign in")),
        at_most("L15", "sign-ins of the right password that were refused", 0, len(busy.errors), ""),
        seen("L15", f"in a browser that was never there, p95; {new[1]} of {sum(new)} got no turn", busy.at(95, "a new browser"), "s"),
        at_most("L15", "other pages' p95, times what it is without", 2, busy.at(95, "page") / quiet.at(95, "page"), ""),
        seen("L15", "the web process, of one core, with the hashes", watch.busy * 100, "%"),
    ]  # fmt: skip


def _people(folder: Path) -> list[Owner]:
    studio = open_studio(folder)
    known = known_browsers(studio)
    try:
        made = [
            people.add(studio, f"Owner {n}", Role.OWNER, mode=Mode.PASSWORD, password=PASSWORD) for n in range(OWNERS)
        ]
        return [
            Owner(each.name, signing.begin(studio, each, address="127.0.0.1"), known.give(each.name)) for each in made
        ]
    finally:
        studio.store.close()


async def _meanwhile(crowd: Crowd, owners: list[Owner], seconds: float, *, floods: bool) -> Tally:
    tally = Tally()
    async with AsyncExitStack() as stack:
        known, own, new = [
            await stack.enter_async_context(browser(crowd.server.address, cookie))
            for cookie in ((f"studio-{crowd.server.port}", owners[0].token), None, None)
        ]
        port, bots = crowd.server.port, SENDERS if floods else 0
        lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(bots)]
        began = time.monotonic()
        until, due = began + seconds, (began + number / SENT for number in range(int(SENT * seconds)))
        work = [_work(crowd, Visitor(known, tally), until)]
        work += [_sign_in(crowd, own, owners, tally, until), _sign_in_elsewhere(new, owners, tally, until)]
        await asyncio.gather(*work, *(_flood(line, port, tally, due, until) for line in lines))
    return tally


async def _work(crowd: Crowd, visitor: Visitor, until: float) -> None:
    while time.monotonic() < until:
        await visitor.press(crowd.event("train:show"), "page", **crowd.picked)
        await asyncio.sleep(0.2)


async def _sign_in(crowd: Crowd, client: httpx.AsyncClient, owners: list[Owner], tally: Tally, until: float) -> None:
    """People with the right password in their own browsers, one every second and each not too often."""
    number = 0
    while time.monotonic() < until:
        number += 1
        owner = owners[number % (OWNERS // 2)]
        cookie = {"Cookie": f"studio-known-{crowd.server.port}={owner.known}"}
        began = time.perf_counter()
        answer = await _try(client, owner.name, PASSWORD, f"10.1.0.{number % 250}", cookie)
        if answer.status_code == 303:
            tally.took("sign in", time.perf_counter() - began)
        else:
            tally.errors.append(f"sign in: {answer.status_code}")
        await asyncio.sleep(1)


async def _sign_in_elsewhere(client: httpx.AsyncClient, owners: list[Owner], tally: Tally, until: float) -> None:
    """The same in browsers that nobody has signed in with, from addresses that were never seen."""
    number = 0
    while time.monotonic() < until:
        number += 1
        owner, began = owners[OWNERS // 2 + number % (OWNERS // 2)], time.perf_counter()
        answer = await _try(client, owner.name, PASSWORD, f"10.0.{random.randrange(250)}.{random.randrange(250)}")
        kind = {303: "a new browser", 429: "a new browser, no turn"}[answer.status_code]
        tally.took(kind, time.perf_counter() - began)
        await asyncio.sleep(1)


async def _flood(line: Line, port: int, tally: Tally, due: Iterator[float], until: float) -> None:
    """One of the many, from an address of its own: whoever is free makes the next try that is `due`, each with another
    name that nobody has.

    On a bare connection: with a whole client for each of them the flood would take more of the machine than the studio.
    """
    address = f"10.{random.randrange(2, 250)}.{random.randrange(250)}.{random.randrange(250)}"
    reader, writer = line
    for at in due:
        await asyncio.sleep(max(at - time.monotonic(), 0))
        began, body = time.perf_counter(), f"name=nobody+{random.random()}&password=a+wrong+guess"
        head = FORM.format(port=port, address=address, size=len(body))
        writer.write(head.replace("\n", "\r\n").encode() + body.encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode()
        await reader.readexactly(int(answer.lower().partition("content-length: ")[2].partition("\r\n")[0]))
        if time.monotonic() > until:
            break
        tally.took("try", time.perf_counter() - began)
        if answer.startswith("HTTP/1.1 429"):
            tally.took("no turn", 0)
    writer.close()


async def _try(
    client: httpx.AsyncClient, name: str, password: str, address: str, cookie: dict[str, str] | None = None
) -> httpx.Response:
    said = {"name": name, "password": password}
    return await client.post("/signin", data=said, headers={"X-Forwarded-For": address, **(cookie or {})})
