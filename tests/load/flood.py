"""Flood: somebody tries passwords, many times a second, while others sign in and work (L15)."""

import asyncio
import random
import time
from pathlib import Path

from studio.domain.access import Mode, Role
from studio.flows import people, signing
from studio.flows.studio import open_studio
from tests.load import serving
from tests.load.crowd import Crowd
from tests.load.filled import Filled
from tests.load.pages import Page
from tests.load.target import Row, at_least, at_most
from tests.load.visitor import Tally, Visitor, browser

A_SECOND, PASSWORD, OWNERS = 200, "seven quiet lanterns", 8


def flooded(filled: Filled, pages: dict[str, Page], *, seconds: float) -> list[Row]:
    """With passwords, behind a proxy that is believed, so that each try comes from an address of its own."""
    tokens = _people(filled.folder)
    options = ("--access", "password", "--proxy", "127.0.0.1", "--address", "http://127.0.0.1:{port}")
    with serving.studio(filled.folder, *options) as server:
        crowd = Crowd(filled, server, pages)
        quiet = asyncio.run(_meanwhile(crowd, tokens, seconds / 2, floods=False))
        busy = asyncio.run(_meanwhile(crowd, tokens, seconds, floods=True))
    tried = len(busy.seconds.get("try", []))
    return [
        at_least("L15", "tries a second that were answered", A_SECOND, tried / seconds, "/s"),
        at_most("L15", "signing in meanwhile, p95", 3, busy.at(95, "sign in")),
        at_most("L15", "other pages' p95, times what it is without", 2, busy.at(95, "page") / quiet.at(95, "page"), ""),
        at_most("L15", "sign-ins of the right password that were refused", 0, len(busy.errors), ""),
    ]


def _people(folder: Path) -> list[str]:
    studio = open_studio(folder)
    try:
        made = [
            people.add(studio, f"Owner {n}", Role.OWNER, mode=Mode.PASSWORD, password=PASSWORD) for n in range(OWNERS)
        ]
        return [signing.begin(studio, person, address="127.0.0.1") for person in made]
    finally:
        studio.store.close()


async def _meanwhile(crowd: Crowd, tokens: list[str], seconds: float, *, floods: bool) -> Tally:
    tally, until = Tally(), time.monotonic() + seconds
    async with browser(crowd.server.address, (f"studio-{crowd.server.port}", tokens[0])) as known:
        async with browser(crowd.server.address) as stranger:
            work = [_work(crowd, Visitor(known, tally), until), _sign_in(stranger, tally, until)]
            await asyncio.gather(*work, *([_flood(crowd, tally, until)] if floods else []))
    return tally


async def _work(crowd: Crowd, visitor: Visitor, until: float) -> None:
    while time.monotonic() < until:
        await visitor.press(crowd.event("train:show"), "page", **crowd.picked)
        await asyncio.sleep(0.2)


async def _sign_in(client, tally: Tally, until: float) -> None:
    """People with the right password, one every second and each not too often."""
    number = 0
    while time.monotonic() < until:
        number += 1
        said = {"name": f"Owner {number % OWNERS}", "password": PASSWORD}
        began = time.perf_counter()
        answer = await client.post("/signin", data=said, headers={"X-Forwarded-For": f"10.1.0.{number % 250}"})
        if answer.status_code == 303:
            tally.took("sign in", time.perf_counter() - began)
        else:
            tally.errors.append(f"sign in: {answer.status_code}")
        await asyncio.sleep(1)


async def _flood(crowd: Crowd, tally: Tally, until: float) -> None:
    """Names that nobody has, from addresses all over, as fast as asked or as they are answered."""
    async with browser(crowd.server.address) as client:
        waiting: set[asyncio.Task[None]] = set()

        async def one() -> None:
            said = {"name": f"nobody {random.random()}", "password": "a wrong guess"}
            address = f"10.{random.randrange(2, 250)}.{random.randrange(250)}.{random.randrange(250)}"
            began = time.perf_counter()
            await client.post("/signin", data=said, headers={"X-Forwarded-For": address})
            tally.took("try", time.perf_counter() - began)

        while time.monotonic() < until:
            if len(waiting) < A_SECOND:
                task = asyncio.create_task(one())
                waiting.add(task)
                task.add_done_callback(waiting.discard)
            await asyncio.sleep(1 / A_SECOND)
        for task in list(waiting):
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
