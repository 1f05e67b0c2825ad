"""Soak: people who come, work and leave for long, and whether the memory of what serves them stays what it was (L11)."""

import asyncio
import time
from collections.abc import Sequence

import numpy as np
from scipy import stats

from tests.load import serving
from tests.load.crowd import Crowd
from tests.load.serving import Watch
from tests.load.target import Row, at_most
from tests.load.visitor import Tally, Visitor

PEOPLE, STAYS = 20, 45.0  # at once, and seconds until somebody closes the page and another opens one
WARM, BLOCKS = 0.3, 12  # the share of the time that does not count, and into how many parts the rest is cut


def soaked(crowd: Crowd, *, minutes: float) -> list[Row]:
    """The slope of the memory of the pages and of what carries out jobs, and between which it lies with 95 %."""
    with serving.supervisor(crowd.filled.folder) as supervisor:
        with Watch(crowd.server.process) as web, Watch(supervisor) as jobs:
            files = crowd.server.process.num_fds()
            tally = asyncio.run(_come_and_go(crowd, minutes * 60))
    rows = []
    for name, watch in (("the pages", web), ("the supervisor", jobs)):
        slope, low, high = slope_of(watch.samples)
        what = (
            f"{len(tally.all):,} presses in {minutes:.0f} min: memory of {name}, MB an hour ({low:+.1f} to {high:+.1f})"
        )
        rows.append(Row("L11", what, "≤ 2, or not told from 0", f"{slope:+.1f}", is_met=low <= 2))
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


def slope_of(samples: Sequence[tuple[float, int]]) -> tuple[float, float, float]:
    """Megabytes an hour, and between which with 95 %: a line through the means of blocks long enough to be apart.

    Neighbouring samples say nearly the same; as if each were news, the range would look far too narrow.
    """
    kept = np.array(samples[int(len(samples) * WARM) :], dtype=float)
    blocks = [block.mean(axis=0) for block in np.array_split(kept, BLOCKS)]
    hours, megabytes = (
        np.array(column) for column in zip(*((at / 3600, size / 1e6) for at, size in blocks), strict=True)
    )
    line = stats.linregress(hours, megabytes)
    half = float(stats.t.ppf(0.975, len(blocks) - 2)) * line.stderr
    return float(line.slope), float(line.slope - half), float(line.slope + half)
