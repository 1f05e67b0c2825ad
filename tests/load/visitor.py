"""Visitor: somebody with an open page, who presses things and waits for what they show, as a browser does it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import numpy as np
import orjson

from studio.store.ids import new_id
from tests.load.lines import Lines
from tests.load.pages import Event

PATIENCE = 60.0


@dataclass(slots=True)
class Tally:
    """How long each press took, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def took(self, kind: str, seconds: float) -> None:
        self.seconds.setdefault(kind, []).append(seconds)

    @property
    def all(self) -> list[float]:
        return [each for kind in self.seconds.values() for each in kind]

    def at(self, percent: float, kind: str | None = None) -> float:
        found = self.all if kind is None else self.seconds.get(kind, [])
        return float(np.percentile(found, percent)) if found else float("nan")

    @property
    def error_share(self) -> float:
        return len(self.errors) / max(len(self.all) + len(self.errors), 1)


@dataclass(slots=True)
class Visitor:
    """One session of a page; `query` stands in its address."""

    client: httpx.AsyncClient
    tally: Tally
    path: str = ""
    query: str = ""
    session: str = field(default_factory=lambda: new_id("tab"))

    async def press(self, event: Event, kind: str = "", **values: Any) -> list[Any] | None:
        """What the page is given; None, and an error in the tally, where that is nothing."""
        kind, began = kind or event.handler.rpartition(":")[2], time.perf_counter()
        asked = {"data": event.payload(values), "fn_index": event.number, "session_hash": self.session}
        try:
            told = await (self._queued if event.is_queued else self._answered)(asked)
        except (httpx.HTTPError, KeyError) as error:
            self.tally.errors.append(f"{kind}: {type(error).__name__} {error}"[:200])
            return None
        if not told.get("success"):
            self.tally.errors.append(f"{kind}: {told.get('output')}"[:200])
            return None
        self.tally.took(kind, time.perf_counter() - began)
        return told["output"]["data"]

    async def _queued(self, asked: dict[str, Any]) -> dict[str, Any]:
        joined = await self.client.post(f"{self.path}/gradio_api/queue/join{self.query}", json=asked)
        joined.raise_for_status()
        return await self._told(joined.json()["event_id"])

    async def _answered(self, asked: dict[str, Any]) -> dict[str, Any]:
        """As the page sends what asks for no queue."""
        answer = await self.client.post(f"{self.path}/gradio_api/run/predict{self.query}", json=asked)
        answer.raise_for_status()
        return {"success": True, "output": orjson.loads(answer.content)}

    async def _told(self, event_id: str) -> dict[str, Any]:
        asked = {"session_hash": self.session}
        async with self.client.stream("GET", f"{self.path}/gradio_api/queue/data", params=asked) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data:") and '"process_completed"' in line:
                    told = orjson.loads(line[5:])
                    if told["event_id"] == event_id:
                        return told
        raise KeyError(f"{event_id} was never told of")

    @asynccontextmanager
    async def here(self) -> AsyncIterator[None]:
        """Hold the page open: a stream that a browser keeps for as long as somebody looks at it."""
        line = f"{self.path}/gradio_api/heartbeat/{self.session}{self.query}"
        async with self.client.stream("GET", line, timeout=None) as held:
            held.raise_for_status()
            yield


def browser(address: str, cookie: tuple[str, str] | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=address, cookies=dict([cookie]) if cookie else None, timeout=PATIENCE, transport=Lines()
    )
