"""Files under load: a large one while others work (L5, L6), and hostile ones (L14)."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.sending import Door, key_of, take_in, upload
from bench.size import validated
from studio.flows.studio import open_studio
from studio.store import datasets, jobs
from tests.data.hostile.listed import CASES
from tests.load import serving
from tests.load.crowd import Crowd
from tests.load.serving import Watch
from tests.load.target import Row, at_least, at_most
from tests.load.visitor import Tally, browser

MEGABYTE = 1e6
READ_WITHIN = 300.0  # seconds
OTHERS, PACE = 10, 1.0  # people at work meanwhile, and seconds between their presses
LINE = '{{"prompt": "Question number {n}: what does order {m} cost, and when does it come?", "completion": "It costs {m} euros and comes in {d} days. {tail}"}}\n'
TAIL = "We are glad to help with whatever else there is to know about it. " * 3


def written(path: Path, size: int) -> int:
    """A file of about this size; how many rows it has."""
    rows = 0
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            for _ in range(1000):
                rows += 1
                file.write(LINE.format(n=rows, m=rows * 7919 % 9973, d=rows % 17, tail=TAIL))
    return rows


def large(crowd: Crowd, scratch: Path, *, size: int) -> list[Row]:
    """L5 and L6: a file is sent, taken in, read and looked at, and others press what they press."""
    source = scratch / "large.jsonl"
    rows = written(source, size)
    door = Door(crowd.server.port, key_of(crowd.filled.folder))

    def bring() -> tuple[float, Watch, Watch]:
        with serving.supervisor(crowd.filled.folder) as supervisor:
            with Watch(crowd.server.process) as web:
                took = upload_seconds(door, source)
            with Watch(reader(crowd.filled.folder, supervisor), with_children=True) as reading:
                wait_until_read(crowd.filled.folder)
        return took, web, reading

    quiet, _ = asyncio.run(meanwhile(crowd, lambda: time.sleep(10)))
    busy, found = asyncio.run(meanwhile(crowd, bring))
    sent, web, reading = found
    data, seconds = newest(crowd.filled.folder)
    looked = asyncio.run(turning(crowd, data, rows))
    checked = validated(source)
    return [
        at_most("L5", f"{source.stat().st_size / MEGABYTE:,.0f} MB sent at {source.stat().st_size / sent / MEGABYTE:,.0f} "
                "MB/s: the web process grew by", 150, (web.most - web.before) / MEGABYTE, "MB"),
        at_most("L5", "others' p95 beside it, times what it is without", 1.5, busy.at(95, "press") / quiet.at(95, "press"), ""),
        at_most("L5", "the smallest answer (/healthz), p99", 0.1, busy.at(99, "alive")),
        at_least("L5", "reading, parsing and refusing alone, of a processor", 40,
                 source.stat().st_size / MEGABYTE / checked.busy, "MB/s"),
        at_most("L6", f"{rows:,} rows with all that is looked for in them, for a million", 60, seconds * 1e6 / rows),
        at_most("L6", "memory of both processes that read", 1000, reading.most / MEGABYTE, "MB"),
        at_most("L6", "another page of rows, p95", 0.3, looked.at(95)),
    ]  # fmt: skip


def upload_seconds(door: Door, source: Path) -> float:
    began = time.monotonic()
    place = upload(door, source)
    took = time.monotonic() - began
    take_in(door, place)
    return took


def reader(folder: Path, supervisor: psutil.Process) -> psutil.Process:
    """The process that reads the newest file, among whatever else the supervisor has at work."""
    studio = open_studio(folder)
    until = time.monotonic() + READ_WITHIN
    try:
        while time.monotonic() < until:
            read = max(datasets.all(studio.store), key=lambda each: each.created_at).job_id
            for process in supervisor.children():
                with suppress(psutil.Error):
                    if any(read in word for word in process.cmdline()):
                        return process
            time.sleep(0.02)
    finally:
        studio.store.close()
    raise RuntimeError("nothing began to read the large file")


def wait_until_read(folder: Path) -> None:
    studio = open_studio(folder)
    until = time.monotonic() + READ_WITHIN
    try:
        while any(job.kind in ("ingest", "examine") for job in jobs.live(studio.store)):
            if time.monotonic() > until:
                raise RuntimeError(f"the large file was not read within {READ_WITHIN:.0f} s")
            time.sleep(0.2)
    finally:
        studio.store.close()


def newest(folder: Path) -> tuple[str, float]:
    """The dataset that was brought last, and how long it was read."""
    studio = open_studio(folder)
    try:
        last = max(datasets.all(studio.store), key=lambda each: each.created_at)
        job = jobs.get(studio.store, last.job_id)
        if job.started_at is None or job.ended_at is None or job.state != "done":
            raise RuntimeError(f"the large file was not read: {job.state}, {job.message}")
        return last.id, (job.ended_at - job.started_at).total_seconds()
    finally:
        studio.store.close()


async def turning(crowd: Crowd, data: str, rows: int) -> Tally:
    tally = Tally()
    async with crowd.visitors(1, tally) as (visitor,):
        for _ in range(15):
            await visitor.press(crowd.event("data:show"), Examples=data)
            await visitor.press(crowd.event("data:turn", "Later"), Examples=data)
    assert not tally.errors, tally.errors
    return tally


async def meanwhile(crowd: Crowd, work: Any) -> tuple[Tally, Any]:
    """What people press while the work is done in a thread, and how quickly the smallest question is answered."""
    tally = Tally()
    async with crowd.visitors(OTHERS, tally) as visitors, AsyncExitStack() as stack:
        alone = await stack.enter_async_context(browser(crowd.server.address))
        done = asyncio.create_task(asyncio.to_thread(work))

        async def press(visitor: Any) -> None:
            while not done.done():
                await visitor.press(crowd.event("train:show"), "press", **crowd.picked)
                await asyncio.sleep(PACE * crowd.chance.random() * 2)

        async def ask() -> None:
            while not done.done():
                began = time.perf_counter()
                answer = await alone.get("/healthz")
                assert answer.status_code == 200
                tally.took("alive", time.perf_counter() - began)
                await asyncio.sleep(0.05)

        await asyncio.gather(ask(), *map(press, visitors))
        return tally, await done


def hostile(crowd: Crowd, scratch: Path, *, seconds: float, at_most_cases: int | None = None) -> list[Row]:
    """L14: hostile files are sent and taken in while twenty people work: all, or as many as there is time for."""
    door_key = key_of(crowd.filled.folder)
    cases = list(CASES)[:at_most_cases]
    statuses: list[int] = []
    said: list[str] = []

    async def attack() -> None:
        async with browser(crowd.server.address) as client:
            client.headers["Authorization"] = f"Bearer {door_key}"
            until = time.monotonic() + seconds
            for number, case in enumerate(cases):
                if time.monotonic() > until:
                    return
                path = scratch / f"case-{number}" / "file.jsonl"
                path.parent.mkdir()
                await asyncio.to_thread(case.build, path)
                files = [
                    each for each in path.parent.iterdir() if each.is_file() and each.stat().st_size < 20 * MEGABYTE
                ]
                for file in files:
                    await send(client, file, statuses, said)

    async def both() -> Tally:
        tally = Tally()
        async with crowd.visitors(20, tally) as visitors, crowd.raters(20, tally) as raters:
            working = [
                asyncio.create_task(crowd.visit(*pair, 600, thinks=2.0)) for pair in zip(visitors, raters, strict=True)
            ]
            await attack()
            for task in working:
                task.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        return tally

    quiet = asyncio.run(crowd.mixed(20, 10))
    busy = asyncio.run(both())
    return [
        at_most("L14", f"{len(statuses):,} hostile files: answers of 500 and above", 0, _faults(statuses), ""),
        at_most("L14", "tracebacks that anybody saw", 0, sum("Traceback" in text for text in said), ""),
        at_most("L14", "others' p95 beside it, times what it is without", 2, busy.at(95) / quiet.at(95), ""),
    ]


async def send(client: Any, file: Path, statuses: list[int], said: list[str]) -> None:
    content = await asyncio.to_thread(file.read_bytes)
    answer = await client.post("/gradio_api/upload", files={"files": (file.name, content)})
    statuses.append(answer.status_code)
    said.append(answer.text)
    if answer.status_code != 200:
        return
    asked = {"data": [{"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}]}
    called = await client.post("/gradio_api/call/bring_file", json=asked)
    statuses.append(called.status_code)
    told = await client.get(f"/gradio_api/call/bring_file/{called.json()['event_id']}")
    statuses.append(told.status_code)
    said.append(told.text)


def _faults(statuses: Sequence[int]) -> int:
    return int(np.sum(np.array(statuses) >= 500))
