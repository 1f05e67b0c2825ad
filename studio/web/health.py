"""Health: addresses by which machines ask how the studio is.

Strangers hear whether it can do its work, and nothing more.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse
from prometheus_client import CONTENT_TYPE_LATEST

from studio.domain.machine import Check
from studio.flows import health
from studio.flows.studio import Studio
from studio.flows.through import APART
from studio.web.metrics import Figures

HOLDS = 1.0  # seconds for which an answer is given again: whoever asks a thousand times costs no more

log = logging.getLogger(__name__)


def health_routes(studio: Studio, figures: Figures) -> APIRouter:
    """Alive; ready, and for whoever may look why not; and the figures."""
    routes, signs = APIRouter(), Signs(studio)

    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/healthz/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(_two_parts(), media_type="text/event-stream")

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        is_ready = all(sign.ok for sign in signs.now())
        return _answer({"status": "ok" if is_ready else "not ok"}, is_ready=is_ready)

    @routes.get("/readyz/why")
    def why() -> JSONResponse:
        found = signs.now()
        is_ready = all(sign.ok for sign in found)
        said = [{"name": each.name, "ok": each.ok, "found": each.found, "fix": each.fix} for each in found]
        return _answer({"status": "ok" if is_ready else "not ok", "checks": said}, is_ready=is_ready)

    @routes.get("/metrics")
    def metrics() -> Response:
        return Response(figures.text(), headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})

    return routes


async def _two_parts() -> AsyncIterator[bytes]:
    """So that `doctor --through` sees whether something on the way collects what is meant to be live."""
    yield b"data: first\n\n"
    await asyncio.sleep(APART)
    yield b"data: second\n\n"


@dataclass(slots=True)
class Signs:
    """The last answers, asked for anew when they are older than a moment."""

    studio: Studio
    found: list[Check] = field(default_factory=list)
    asked: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> list[Check]:
        with self.lock:
            if time.monotonic() - self.asked >= HOLDS:
                before, self.found = self.found, health.signs(self.studio)
                self.asked = time.monotonic()
                _tell(before, self.found)
            return self.found


def _tell(before: list[Check], now: list[Check]) -> None:
    """Tell once what is not well any more, and once that it is again."""
    known = {sign.name: sign.ok for sign in before}
    for sign in now:
        if not sign.ok and known.get(sign.name, True):
            log.warning("not ready: %s: %s", sign.name, sign.found)
        if sign.ok and not known.get(sign.name, True):
            log.warning("ready again: %s: %s", sign.name, sign.found)


def _answer(said: object, *, is_ready: bool) -> JSONResponse:
    return JSONResponse(said, status_code=200 if is_ready else 503, headers={"Cache-Control": "no-store"})
