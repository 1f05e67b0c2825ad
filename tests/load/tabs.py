"""Tabs: many open pages that watch a run (L3), and what they take of the memory while they are open and afterwards."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx

from tests.load import serving
from tests.load.beside import PRESS
from tests.load.crowd import Crowd, tell
from tests.load.serving import Server, Watch
from tests.load.target import Row, at_most, seen
from tests.load.visitor import Tally, Visitor, browser

MEGABYTE = 1e6
LOOKS_AGAIN = 5.0  # seconds
SETTLES = 3.0
LOOK, CROWDED = "look again", "look while others open"
Open = Callable[[Visitor], Awaitable[object]]
Look = Callable[[Visitor, str], Awaitable[object]]


@dataclass(slots=True)
class Watched:
    """Memory in megabytes with so many pages open, before any was (0) and after all were closed (-1)."""

    tally: Tally = field(default_factory=Tally)
    memory: dict[int, float] = field(default_factory=dict)
    busy: float = 0.0
    most: float = 0.0

    @property
    def each(self) -> float:
        """What one page more takes."""
        few, many = 1, max(self.memory)
        return (self.memory[many] - self.memory[few]) / (many - few)


def watching(crowd: Crowd, *, seconds: float, tabs: int = 200) -> list[Row]:
    """L3: the studio's pages, and as many of a bare page of that size; the memory with one, a quarter and all of them."""
    counts = (1, tabs // 4, tabs)
    event = crowd.event("train:show")

    async def opened(visitor: Visitor) -> None:
        await visitor.client.get("/")
        await visitor.press(crowd.event("_wire_address.<locals>.restore"), "open the page")
        await visitor.press(event, "open a run", Run=crowd.filled.live)

    async def ours() -> Watched:
        found = Watched()
        async with crowd.visitors(tabs, found.tally) as visitors:
            look = lambda visitor, said: visitor.press(event, said, Run=crowd.filled.live)  # noqa: E731
            await watched(crowd.server, visitors, counts, found, opened, look, seconds)
        return found

    async def theirs(server: Server) -> Watched:
        found = Watched()

        async def opened_bare(visitor: Visitor) -> None:
            await visitor.client.get("/")
            await visitor.press(PRESS, "open the page")

        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(browser(server.address)) for _ in range(tabs)]
            visitors = [Visitor(client, found.tally) for client in clients]
            await watched(
                server, visitors, counts, found, opened_bare, lambda each, said: each.press(PRESS, said), seconds / 2
            )
        return found

    found = asyncio.run(ours())
    with serving.bare(crowd.pages[""]) as server:
        bare = asyncio.run(theirs(server))
    tell(found.tally, f"{tabs} open pages")
    at = ", ".join(f"{found.memory[count]:.0f} with {count}" for count in counts)
    told = f"memory of the web process, {found.memory[0]:.0f} MB before, {at}, {found.memory[-1]:.0f} after they closed; most"
    return [
        at_most("L3", f"{tabs} open pages that watch a run, of one core", 60, found.busy * 100, "%", bare=bare.busy * 100),
        at_most("L3", told, 700, found.most / MEGABYTE, "MB", bare=bare.most / MEGABYTE),
        seen("L3", "memory of one open page more", found.each, "MB", bare=bare.each),
        at_most("L3", f"of {len(found.tally.all):,} looks, failed", 0, len(found.tally.errors), "", bare=len(bare.tally.errors)),
        at_most("L3", "p95 of a look", 1.0, found.tally.at(95, LOOK), bare=bare.tally.at(95, LOOK)),
        seen("L3", f"while {tabs - tabs // 4} more pages open at once", found.tally.at(95, CROWDED), "s", bare=bare.tally.at(95, CROWDED)),
    ]  # fmt: skip


async def watched(
    server: Server,
    visitors: list[Visitor],
    counts: tuple[int, ...],
    found: Watched,
    opened: Open,
    look: Look,
    seconds: float,
) -> None:
    """Open one, a quarter of them and the rest, all of these at once; watch for so long once all are there; close them."""
    all_there, ends = asyncio.Event(), asyncio.Event()

    async def tab(visitor: Visitor, is_there: asyncio.Event) -> None:
        try:
            async with visitor.here():
                await opened(visitor)
                is_there.set()
                while not ends.is_set():
                    await asyncio.sleep(LOOKS_AGAIN * (0.5 + random.random()))
                    await look(visitor, LOOK if all_there.is_set() else CROWDED)
        except httpx.HTTPError as error:
            found.tally.errors.append(f"a page: {type(error).__name__} {error}")
        finally:
            is_there.set()

    found.memory[0] = server.memory
    tasks: list[asyncio.Task[None]] = []
    with Watch(server.process) as whole:
        for count in counts:
            there = [asyncio.Event() for _ in range(count - len(tasks))]
            tasks += [
                asyncio.create_task(tab(visitors[len(tasks) + number], each)) for number, each in enumerate(there)
            ]
            await asyncio.gather(*(each.wait() for each in there))
            await asyncio.sleep(SETTLES)
            found.memory[count] = server.memory
        all_there.set()
        with Watch(server.process) as watch:
            await asyncio.sleep(seconds)
        ends.set()
        await asyncio.gather(*tasks)
    await asyncio.sleep(SETTLES)
    found.memory[-1], found.busy, found.most = server.memory, watch.busy, whole.most
