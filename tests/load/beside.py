"""Beside: what bare Gradio makes of as many people who press as often, to tell what is its own from what is ours."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from tests.load import serving
from tests.load.pages import Event, Field, Page
from tests.load.visitor import Tally, Visitor, browser

PRESS = Event(0, "bare", (), (Field("", "a word"),))


# What one of them does until a moment.
Doing = Callable[[Visitor, float], Awaitable[None]]


def pressed(page: Page, people: int, seconds: float, *, thinks: float = 0.0) -> Tally:
    """What the presses took on a bare page of that size."""

    async def one(visitor: Visitor, until: float) -> None:
        await asyncio.sleep(random.random() * min(thinks, seconds))
        while time.monotonic() < until:
            await visitor.press(PRESS, "press")
            if thinks:
                await asyncio.sleep(min(random.expovariate(1 / thinks), max(until - time.monotonic(), 0)))

    return _done(page, people, seconds, one)


def paced(page: Page, people: int, seconds: float, *, every: float, again: float) -> Tally:
    """What they took where each presses `every` so many seconds, or as soon as there is an answer, and some twice at once."""

    async def one(visitor: Visitor, until: float) -> None:
        both = [visitor, Visitor(visitor.client, visitor.tally)]  # on one line they would take each other's answers
        await asyncio.sleep(random.random() * every)
        while (began := time.monotonic()) < until:
            pressing = both if random.random() < again else both[:1]
            await asyncio.gather(*(each.press(PRESS, "press") for each in pressing))
            await asyncio.sleep(max(began + every - time.monotonic(), 0))

    return _done(page, people, seconds, one)


def _done(page: Page, people: int, seconds: float, one: Doing) -> Tally:
    async def all_of_them(address: str) -> Tally:
        tally, until = Tally(), time.monotonic() + seconds
        async with AsyncExitStack() as stack:
            each = [Visitor(await stack.enter_async_context(browser(address)), tally) for _ in range(people)]
            await asyncio.gather(*(one(visitor, until) for visitor in each))
        return tally

    with serving.bare(page) as server:
        return asyncio.run(all_of_them(server.address))
