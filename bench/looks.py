"""What a look costs the web process, beside a press on a page of bare Gradio with as many controls and events.

    python -m bench.looks                    1,000 runs with 200 events each
    python -m bench.looks --presses 300      of each kind

Processor time of the web process alone, so that it holds also where the machine has other things to do; the last column
says how many presses of bare Gradio that is. "told" is a look just after the run has told one thing more.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from studio.domain.event import Event, EventKind
from studio.flows.studio import open_studio
from studio.store import jobs, runs
from studio.web.serve import quiet_libraries
from tests.load import serving
from tests.load.beside import PRESS
from tests.load.crowd import Crowd
from tests.load.filled import filled
from tests.load.pages import pages_of
from tests.load.serving import Server
from tests.load.visitor import Tally, Visitor, browser

Act = Callable[[], Awaitable[object]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--events", type=int, default=200, help="of each run")
    parser.add_argument("--presses", type=int, default=100, help="of each kind")
    given = parser.parse_args()
    quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        made = filled(Path(folder) / "used", runs=given.runs, events=given.events, raters=1, prompts=10)
        pages = pages_of(made.folder)
        with serving.studio(made.folder) as server:
            found = asyncio.run(ours(Crowd(made, server, pages), given.presses, given.events))
        with serving.bare(pages[""]) as server:
            bare = asyncio.run(theirs(server, given.presses))
    print(f"{'a press of bare Gradio':24} {bare * 1000:6.1f} ms")
    for kind, seconds in found.items():
        print(f"{kind:24} {seconds * 1000:6.1f} ms {seconds / bare:5.1f} ×")


async def ours(crowd: Crowd, presses: int, events: int) -> dict[str, float]:
    """Seconds of the processor for one of each kind."""
    tally, show = Tally(), crowd.event("train:show")
    async with crowd.visitors(1, tally) as (one,):
        studio, newest = open_studio(crowd.filled.folder), events
        job = runs.get(studio.store, crowd.filled.live).job

        async def told() -> None:
            nonlocal newest
            newest += 1
            step = {"step": newest, "epoch": newest / 100, "loss": 1.0}
            event = Event(seq=newest, at=1750000000.0, kind=EventKind.METRIC, data=step)
            jobs.add_events(studio.store, job.id, job.attempt, [event], offset=10**9 + newest)
            await one.press(show, "told", Run=crowd.filled.live)

        async def opened() -> None:
            await Visitor(one.client, tally).press(show, "a run", **crowd.picked)

        ways: dict[str, Act] = {
            "open the page": lambda: one.client.get("/"),
            "its description": lambda: one.client.get("/config"),
            "open a run": opened,
            "look again": lambda: one.press(show, "again", Run=crowd.filled.live),
            "look again, told": told,
            "the machine": lambda: one.press(crowd.event("machine_now", "0.5"), "machine"),
            "rows": lambda: one.press(crowd.event("data:show"), "rows", **crowd.picked),
            "findings": lambda: one.press(crowd.event("inspect:show"), "findings", **crowd.picked),
            "list of runs": lambda: one.press(crowd.event("runs:show"), "list"),
        }
        found = {kind: await each(crowd.server, act, presses) for kind, act in ways.items()}
        studio.store.close()
    assert not tally.errors, tally.errors[:3]
    return found


async def theirs(server: Server, presses: int) -> float:
    async with browser(server.address) as client:
        visitor = Visitor(client, Tally())
        return await each(server, lambda: visitor.press(PRESS), presses)


async def each(server: Server, act: Act, presses: int) -> float:
    """After one that is not counted, since what is done for the first time is loaded first."""
    await act()
    before = server.process.cpu_times()
    for _ in range(presses):
        await act()
    now = server.process.cpu_times()
    return (now.user + now.system - before.user - before.system) / presses


if __name__ == "__main__":
    main()
