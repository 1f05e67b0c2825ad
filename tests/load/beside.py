"""Beside: what bare Gradio makes of as many people who press as often, to tell what is its own from what is ours."""

import asyncio
import random
import time
from contextlib import AsyncExitStack

from tests.load import serving
from tests.load.pages import Event, Field, Page
from tests.load.visitor import Tally, Visitor, browser

PRESS = Event(0, "bare", (), (Field("", "a word"),))


def pressed(page: Page, people: int, seconds: float, *, thinks: float = 0.0) -> Tally:
    """What the presses took on a bare page of that size."""
    with serving.bare(page) as server:
        return asyncio.run(_pressing(server.address, people, seconds, thinks))


async def _pressing(address: str, people: int, seconds: float, thinks: float) -> Tally:
    tally, until = Tally(), time.monotonic() + seconds

    async def one(visitor: Visitor) -> None:
        await asyncio.sleep(random.random() * min(thinks, seconds))
        while time.monotonic() < until:
            await visitor.press(PRESS, "press")
            if thinks:
                await asyncio.sleep(min(random.expovariate(1 / thinks), max(until - time.monotonic(), 0)))

    async with AsyncExitStack() as stack:
        each = [Visitor(await stack.enter_async_context(browser(address)), tally) for _ in range(people)]
        await asyncio.gather(*map(one, each))
    return tally
