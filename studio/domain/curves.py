"""Curves: what a run told of its losses, made ready for the rules that read them."""

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from statistics import median

from studio.domain.run import Best, Metric

WINDOW = 5  # steps whose middle loss stands for all of them, so that one odd batch is no trend
ABOVE = 1.25  # times where training loss began: further than a few unlucky batches take it
CHANCE = 5.0  # deviations of single steps that the middles of five are apart by chance in 10,000 steps, at most
ENOUGH = 8  # changes from step to step that say how much steps differ


@dataclass(frozen=True)
class Jump:
    """Where training loss rose far above what it had been: from `low` to `high` (middle losses), highest at `step`.

    `back` is how many steps it took, from the first, until the loss was as low again; None while it is not.
    """

    step: int
    low: float
    high: float
    back: int | None


@dataclass(frozen=True)
class Curves:
    """What the rules look at: losses by step, and (step, validation loss) of each check."""

    metrics: Sequence[Metric]

    @cached_property
    def told(self) -> list[Metric]:
        return [m for m in self.metrics if m.loss is not None]

    @cached_property
    def losses(self) -> list[float]:
        return [m.loss for m in self.told if m.loss is not None]

    @cached_property
    def checks(self) -> list[tuple[int, float]]:
        return [(m.step, m.validation_loss) for m in self.metrics if m.validation_loss is not None]

    @cached_property
    def best(self) -> Best | None:
        return best_check(self.metrics)

    @cached_property
    def begin(self) -> float:
        """Training loss before anything was learned: the worst of the first three steps."""
        return max(self.losses[:3])

    @cached_property
    def level(self) -> list[float]:
        """The middle of every `WINDOW` losses in a row."""
        return [median(self.losses[at - WINDOW : at]) for at in range(WINDOW, len(self.losses) + 1)]

    @cached_property
    def noise(self) -> list[float]:
        """By how much steps differ for no reason, as known at each: a standard deviation, robust against jumps.

        The middle size of the changes from step to step, which have the root of 2 times the deviation of the losses;
        zero while there are too few of them to tell a jump from noise.
        """
        sizes: list[float] = []
        found = [0.0]
        for before, now in pairwise(self.losses):
            insort(sizes, abs(now - before))
            found.append(sizes[len(sizes) // 2] / 0.6745 / math.sqrt(2) if len(sizes) >= ENOUGH else 0.0)
        return found

    @cached_property
    def jump(self) -> Jump | None:
        """The highest rise: to half as much again and by a tenth of the beginning, or to above the beginning.

        In a long run the middle losses of unlike rows lie far apart by chance alone, so a rise has to be above that.
        """
        found, low = None, self.begin
        for at, now in enumerate(self.level):
            rises = (now > 1.5 * low and now - low > 0.1 * self.begin) or now > ABOVE * self.begin
            rises = rises and now - low > CHANCE * self.noise[at + WINDOW - 1]
            if rises and (found is None or now > found.high):
                found = Jump(self.told[at + WINDOW - 1].step, low if found is None else found.low, now, None)
            elif found and found.back is None and now < found.low:
                found = replace(found, back=at + WINDOW)
            low = min(low, now)
        return found


def best_check(metrics: Sequence[Metric]) -> Best | None:
    """The check with the lowest validation loss, the earliest where equal; the base model's own at step 0 is none."""
    checks = [Best(m.step, m.validation_loss) for m in metrics if m.step and m.validation_loss is not None]
    return min(checks, key=lambda check: check.loss, default=None)
