"""Prompt: connections that say soon what they want, or are closed; uvicorn by itself would wait for good."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

WITHIN = 20.0  # seconds, for the first line and the headers; at most 64 kB of them, as h11 has it


class PromptProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with a limit on how long the head of a request may take."""

    within = WITHIN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hurry: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._be_patient()
        super().connection_lost(exc)

    def _wait_for_head(self) -> None:
        """Close the connection unless a whole head comes in time; between two requests uvicorn has a limit itself."""
        if self.conn.their_state is not h11.IDLE:
            self._be_patient()
        elif self._hurry is None:
            self._hurry = self.loop.call_later(self.within, self.transport.close)

    def _be_patient(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None
