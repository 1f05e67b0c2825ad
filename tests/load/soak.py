"""Soak: people who come, work and leave for long, and whether the memory of what serves them stays what it was (L11)."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from tests.load import serving
from tests.load.crowd import Crowd
from tests.load.serving import Watch
from tests.load.target import Row, at_most
from tests.load.visitor import Tally, Visitor

PEOPLE, STAYS = 20, 45.0  # at once, and seconds until somebody closes the page and another opens one
FLAT = 2.0  # megabytes an hour
WARM, BLOCKS = 0.3, 16  # the share of the time that does not count, and into how many parts the rest is cut


def soaked(crowd: Crowd, *, minutes: float) -> list[Row]:
    """Whether the memory of the pages and of what carries out jobs is flat."""
    with serving.supervisor(crowd.filled.folder) as supervisor:
        with Watch(crowd.server.process) as web, Watch(supervisor) as jobs:
            files = crowd.server.process.num_fds()
            tally = asyncio.run(_come_and_go(crowd, minutes * 60))
    rows = [
        at_most("L11", f"{len(tally.all):,} presses in {minutes:.0f} min: memory of {name} {judged(watch.samples)}", 2, slope_of(watch.samples).low, "MB an hour at least")
        for name, watch in (("the pages", web), ("the supervisor", jobs))
    ]  # fmt: skip
    return [
        *rows,
        at_most("L11", "open files more than at the beginning", 30, crowd.server.process.num_fds() - files, ""),
    ]


async def _come_and_go(crowd: Crowd, seconds: float) -> Tally:
    tally, until = Tally(), time.monotonic() + seconds
    async with crowd.visitors(PEOPLE, tally) as visitors, crowd.raters(PEOPLE, tally) as raters:

        async def one(visitor: Visitor, rater: object) -> None:
            while (left := until - time.monotonic()) > 1:
                fresh = Visitor(visitor.client, tally)
                async with fresh.here():
                    await crowd.visit(fresh, rater, min(STAYS, left))

        await asyncio.gather(*(one(*pair) for pair in zip(visitors, raters, strict=True)))
    return tally


@dataclass(frozen=True, slots=True)
class Slope:
    """Megabytes an hour, and between which it lies with 95 %."""

    middle: float
    low: float
    high: float


def slope_of(samples: Sequence[tuple[float, int]]) -> Slope:
    """Theil and Sen's line (the median of the slopes between all pairs) through the medians of blocks.

    One jump or a garbage collection does not turn it. Neighbouring samples say nearly the same; as if each were news, the
    range would look far too narrow, and so it is blocks long enough to be apart that count.
    """
    kept = np.array(samples[int(len(samples) * WARM) :], dtype=float)
    blocks = np.array([np.median(block, axis=0) for block in np.array_split(kept, BLOCKS)])
    found = stats.theilslopes(blocks[:, 1] / 1e6, blocks[:, 0] / 3600, 0.95)
    return Slope(float(found.slope), float(found.low_slope), float(found.high_slope))


def judged(samples: Sequence[tuple[float, int]]) -> str:
    """In words: flat, or by how much it grows."""
    slope = slope_of(samples)
    between = f"({slope.low:+.1f} to {slope.high:+.1f} MB an hour)"
    return f"grows by {slope.middle:.1f} MB an hour {between}" if slope.low > FLAT else f"is flat {between}"
