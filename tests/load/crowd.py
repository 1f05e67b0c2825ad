"""Crowd: many people at once on the pages: L1, L2 and L4, and what long use makes of them (L13)."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import psutil

from studio.flows.studio import open_studio
from studio.store.counts import counts
from tests.load import beside
from tests.load.filled import Filled, cookies
from tests.load.pages import Event, Page, by_handler
from tests.load.serving import Server
from tests.load.target import Row, at_least, at_most, seen
from tests.load.visitor import Tally, Visitor, browser

THINKS = 5.0  # seconds between two presses of a person
AGAIN = 0.2  # how many votes are sent twice at once
RATERS = 20
ASKED = 150  # votes a second
SIGNED_IN = 50  # sign-ins; more open pages than that are tabs of the same browsers


@dataclass(slots=True)
class Crowd:
    """A filled studio that is open, its events, and visitors of it."""

    filled: Filled
    server: Server
    pages: dict[str, Page]
    known: list[tuple[str, str]] = field(default_factory=list)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    @asynccontextmanager
    async def visitors(self, count: int, tally: Tally) -> AsyncIterator[list[Visitor]]:
        if not self.known:
            self.known = await asyncio.to_thread(cookies, self.filled.folder, self.server.port, SIGNED_IN)
        known = [self.known[number % SIGNED_IN] for number in range(count)]
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(browser(self.server.address, each)) for each in known]
            yield [Visitor(client, tally) for client in clients]

    def event(self, handler: str, begun_by: str = "", *, path: str = "") -> Event:
        return by_handler(self.pages[path].events, handler, begun_by=begun_by)

    @property
    def picked(self) -> dict[str, Any]:
        return {"Run": self.filled.ended, "Examples": self.filled.data, "Model": "starter"}

    async def visit(self, visitor: Visitor, rater: "Rater", seconds: float, *, thinks: float = THINKS) -> None:
        """Open the page, then look at runs, rows and figures, and rate, with pauses as people make them."""
        until = time.monotonic() + seconds
        await asyncio.sleep(self.chance.random() * min(thinks, seconds))
        began = time.perf_counter()
        answer = await visitor.client.get("/config")
        if answer.status_code == 200:
            visitor.tally.took("open the page", time.perf_counter() - began)
        else:
            visitor.tally.errors.append(f"/config: {answer.status_code}")
        ways = (
            (3, lambda: visitor.press(self.event("train:show"), "open a run", **self.picked)),
            (3, lambda: visitor.press(self.event("train:show"), "refresh its charts", **self.picked)),
            (2, lambda: visitor.press(self.event("machine_now", "0.5"), "the machine")),
            (2, lambda: visitor.press(self.event("data:show"), "rows", **self.picked)),
            (1, lambda: visitor.press(self.event("inspect:show"), "findings", **self.picked)),
            (1, lambda: visitor.press(self.event("runs:show"), "list of runs")),
            (3, rater.vote),
        )
        while time.monotonic() < until:
            (act,) = self.chance.choices([way for _, way in ways], [weight for weight, _ in ways])
            await act()
            await asyncio.sleep(min(self.chance.expovariate(1 / thinks), max(until - time.monotonic(), 0)))

    async def mixed(self, count: int, seconds: float) -> Tally:
        """So many people for so long."""
        tally = Tally()
        async with self.visitors(count, tally) as visitors, self.raters(count, tally) as raters:
            pairs = zip(visitors, raters, strict=True)
            await asyncio.gather(*(self.visit(visitor, rater, seconds) for visitor, rater in pairs))
        return tally

    @asynccontextmanager
    async def raters(self, count: int, tally: Tally) -> AsyncIterator[list["Rater"]]:
        tokens = self.filled.raters
        async with AsyncExitStack() as stack:
            found = []
            for number in range(count):
                client = await stack.enter_async_context(browser(self.server.address))
                page = Visitor(client, tally, "/rate", f"?t={tokens[number % len(tokens)]}")
                await stack.enter_async_context(page.here())
                found.append(Rater(self, page, tokens[number % len(tokens)]))
            yield found


@dataclass(slots=True)
class Rater:
    """Somebody on the rating page: the card that they hold, and how many judgements the studio has said yes to."""

    crowd: Crowd
    page: Visitor
    token: str
    card: str | None = None
    is_asked: bool = False
    kept: int = 0

    async def vote(self, *, again: float = 0.0) -> None:
        """Judge the card in hand, perhaps twice at once as an impatient browser does, or answer the question between."""
        if not self.card:
            begin = self.crowd.event("stepped", "rate-again", path="/rate")
            self._see(await self.page.press(begin, "first card", You=self.token))
            return
        button = "guess-none" if self.is_asked else "rate-left"
        event, about = (
            self.crowd.event("stepped", button, path="/rate"),
            {"You": self.token, "Card": self.card, "Why?": ""},
        )
        pressed = [self.page.press(event, "vote", **about)]
        if self.crowd.chance.random() < again:
            pressed.append(self.page.press(event, "vote", **about))
        answers = await asyncio.gather(*pressed)
        if answers[0] is not None and not self.is_asked:
            self.kept += 1
        self._see(answers[0])

    def _see(self, shown: list[Any] | None) -> None:
        if shown is None:
            return
        self.is_asked = "One question in between" in str(shown[0])
        card = shown[3]
        self.card = card if isinstance(card, str) and card else None


def many(crowd: Crowd, *, seconds: float) -> list[Row]:
    """L1 and L2: fifty, then a hundred, then fifty again."""
    me = psutil.Process(os.getpid())
    began = sum(me.cpu_times()[:2])
    fifty = asyncio.run(crowd.mixed(50, seconds))
    busy = (sum(me.cpu_times()[:2]) - began) / seconds
    hundred = asyncio.run(crowd.mixed(100, seconds / 2))
    again = asyncio.run(crowd.mixed(50, seconds / 2))
    bare = [beside.pressed(crowd.pages[""], people, seconds / 4, thinks=THINKS) for people in (50, 100)]
    tell(fifty, "50 people")
    tell(hundred, "100 people")
    lost = at_most("L2", "presses that were never answered", 0, len(hundred.errors), "", bare=len(bare[1].errors))
    return [
        at_most("L1", f"50 people, {len(fifty.all):,} presses, p50", 0.25, fifty.at(50), bare=bare[0].at(50)),
        at_most("L1", "p95", 1.0, fifty.at(95), bare=bare[0].at(95)),
        at_most("L1", "p99", 2.5, fifty.at(99), bare=bare[0].at(99)),
        at_most("L1", "errors", 0.1, fifty.error_share * 100, "%", bare=bare[0].error_share * 100),
        seen("L1", "the visitors themselves, of one core", busy * 100, "%"),
        at_most("L2", f"100 people, {len(hundred.all):,} presses, p95", 2.5, hundred.at(95), bare=bare[1].at(95)),
        lost,
        at_most("L2", "50 people right after it, p95", 1.0, again.at(95)),
    ]


def votes(crowd: Crowd, *, seconds: float) -> list[Row]:
    """L4: as many votes as come through, then as many a second as are asked for, every fifth sent twice at once; and the
    same presses on bare Gradio."""
    before, tally, paced, half = _ratings(crowd), Tally(), Tally(), seconds / 2
    kept = asyncio.run(voted(crowd, tally, seconds))
    slower = asyncio.run(voted(crowd, paced, half, every=RATERS / ASKED))
    tell(tally, "votes")
    tell(paced, "votes at a pace")
    bare = beside.pressed(crowd.pages["/rate"], RATERS, seconds)
    at_pace = beside.paced(crowd.pages["/rate"], RATERS, half, every=RATERS / ASKED, again=AGAIN)
    given = f"p95 while {slower / half:.0f} votes a second are given"
    doubled = abs(_ratings(crowd) - before - kept - slower)
    return [
        at_least("L4", "votes a second", ASKED, kept / seconds, "/s", bare=len(bare.all) / seconds),
        at_most("L4", "p95 of a vote", 0.08, tally.at(95, "vote"), bare=bare.at(95)),
        at_most("L4", given, 0.08, paced.at(95, "vote"), bare=at_pace.at(95)),
        seen("L4", "presses a second meanwhile", len(paced.all) / half, "/s", bare=len(at_pace.all) / half),
        at_most("L4", f"of {kept + slower:,} votes, lost or counted twice", 0, doubled, ""),
    ]


async def voted(crowd: Crowd, tally: Tally, seconds: float, *, every: float = 0.0) -> int:
    """How many votes were kept of raters who judge as fast as they can, or each of them `every` so many seconds."""
    async with crowd.raters(RATERS, tally) as raters:
        until = time.monotonic() + seconds

        async def rate(rater: Rater) -> None:
            await asyncio.sleep(crowd.chance.random() * every)
            while (began := time.monotonic()) < until:
                await rater.vote(again=AGAIN)
                await asyncio.sleep(max(began + every - time.monotonic(), 0))

        await asyncio.gather(*map(rate, raters))
        return sum(rater.kept for rater in raters)


def long_used(crowd: Crowd, *, runs: int, events: int) -> list[Row]:
    """L13: the list of all runs and the curve of one, in a studio that has been in use for long."""

    async def pressed() -> Tally:
        tally = Tally()
        async with crowd.visitors(1, tally) as (visitor,):
            for _ in range(20):
                await visitor.press(crowd.event("runs:show"), "list")
                fresh = Visitor(visitor.client, tally)  # who has seen nothing yet is sent all of it
                await fresh.press(crowd.event("train:show"), "curve", **crowd.picked)
        return tally

    tally = asyncio.run(pressed())
    alone = beside.pressed(crowd.pages[""], 1, 5).at(95)
    what = f"{runs:,} runs, {runs * events:,} events"
    return [
        at_most("L13", f"{what}: the list of runs, p95", 0.3, tally.at(95, "list"), bare=alone),
        at_most("L13", f"the curve of one ({events:,} points), p95", 0.2, tally.at(95, "curve"), bare=alone),
    ]


def _ratings(crowd: Crowd) -> int:
    studio = open_studio(crowd.filled.folder)
    try:
        return counts(studio.store).ratings
    finally:
        studio.store.close()


def tell(tally: Tally, who: str) -> None:
    """What each kind of press took, for whoever looks for the slow one."""
    kinds: Sequence[str] = sorted(tally.seconds, key=lambda kind: -tally.at(95, kind))
    told = ", ".join(
        f"{kind} {tally.at(50, kind) * 1000:,.0f} / {tally.at(95, kind) * 1000:,.0f} ms ({len(tally.seconds[kind])})"
        for kind in kinds
    )
    print(f"{who}: p50 / p95 of {told}", flush=True)
    for error in tally.errors[:3]:
        print(f"   {error}", flush=True)
