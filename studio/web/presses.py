"""Presses: what is pressed on the rating page, told in one request, and the answer is what the page shows next."""

from collections.abc import Callable
from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response

from studio.domain.access import Visitor
from studio.web.access.rights import PRESSED

# What comes of a press as it was sent: the status and the content of the answer.
Answered = Callable[[Visitor | None, bytes], tuple[int, dict[str, Any]]]


def press_routes(answered: Answered, *, at_once: int) -> APIRouter:
    """The address to which Gradio's page sends an event that asks for no queue, in front of Gradio's own.

    It has so many threads of its own: where all are busy, every other address still answers.
    """
    routes, threads = APIRouter(), CapacityLimiter(at_once)

    @routes.post(PRESSED)
    async def press(request: Request) -> Response:
        who, body = request.scope.get("visitor"), await request.body()
        status, told = await to_thread.run_sync(answered, who, body, limiter=threads)
        return Response(orjson.dumps(told), status, media_type="application/json")

    return routes
