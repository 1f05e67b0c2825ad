"""Line: who waits for their turn where only one is served at a time, and who is told at once that there is none.

Of those who wait, whoever has the lowest rank is next, and among equals whoever came first.
"""

import asyncio
import time
from bisect import insort
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address


class Full(Exception):
    """There is no place, or somebody of a lower rank has taken it."""


@dataclass(slots=True, order=True)
class _Place:
    rank: int
    number: int
    called: asyncio.Future[None] = field(compare=False)


class Line:
    """At most so many wait; to be asked on one event loop alone."""

    def __init__(self, *, most: int) -> None:
        self._most, self._came, self._is_serving = most, 0, False
        self._waiting: list[_Place] = []

    @asynccontextmanager
    async def turn(self, rank: int, *, within: float | None = None) -> AsyncIterator[None]:
        """Inside it is one's turn. Full where there is none: at once, later, or after `within` seconds."""
        if self._is_serving:
            try:
                async with asyncio.timeout(within):
                    await self._called(rank)  # whoever leaves serves on for whoever is called
            except TimeoutError:
                raise Full from None
        self._is_serving = True
        try:
            yield
        finally:
            self._next()

    async def _called(self, rank: int) -> None:
        self._came += 1
        place = _Place(rank, self._came, asyncio.get_running_loop().create_future())
        insort(self._waiting, place)
        if len(self._waiting) > self._most:
            last = self._waiting.pop()
            if not last.called.done():
                last.called.set_exception(Full())
        try:
            await place.called
        except asyncio.CancelledError:
            if place in self._waiting:
                self._waiting.remove(place)
            elif not place.called.cancelled() and place.called.exception() is None:
                self._next()  # it was called, and has gone
            raise

    def _next(self) -> None:
        while self._waiting:
            place = self._waiting.pop(0)
            if not place.called.done():
                place.called.set_result(None)
                return
        self._is_serving = False


class Lately:
    """How often each part of the network has tried within the last minute; of very many tries the newest count."""

    def __init__(self, *, within: float = 60.0, most: int = 20_000, now: Callable[[], float] = time.monotonic) -> None:
        self._within, self._most, self._now = within, most, now
        self._tries: deque[tuple[float, str]] = deque()
        self._counts: Counter[str] = Counter()

    def tried(self, address: str) -> int:
        """Count one more try; how many there were from there, this one included."""
        part, now = part_of(address), self._now()
        self._tries.append((now, part))
        self._counts[part] += 1
        while self._tries[0][0] <= now - self._within or len(self._tries) > self._most:
            _, gone = self._tries.popleft()
            self._counts[gone] -= 1
            if not self._counts[gone]:
                del self._counts[gone]
        return self._counts[part]


def part_of(address: str) -> str:
    """What belongs to one customer of a provider: an address of IPv4, or a block of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    is_long = isinstance(found, IPv6Address) and not found.ipv4_mapped
    return f"{IPv6Address(int(found) >> 64 << 64)}/64" if is_long else address
