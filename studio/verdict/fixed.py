"""Fixed-sample summaries: right for one look at the end, shown in the details and never used to decide."""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from math import sqrt

import numpy as np
import scipy  # and not its parts by name: they are loaded when they are used, and no command waits for them before

from studio.domain.verdict import Interval


def sign_test_p(wins: int, losses: int) -> float:
    """Exact two-sided sign test: how surprising the split is if both are preferred equally often."""
    return float(scipy.stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def mcnemar_p(gained: int, lost: int) -> float:
    """Exact McNemar test for paired pass or fail: a sign test on the pairs that changed."""
    return sign_test_p(gained, lost)


def wilson(wins: int, n: int, *, level: float = 0.95) -> Interval:
    """Wilson's score interval for a share."""
    return _share(wins, n, level=level, method="wilson")


def wilson_corrected(wins: int, n: int, *, level: float = 0.95) -> Interval:
    """Wilson's interval with continuity correction (Newcombe, 1998)."""
    return _share(wins, n, level=level, method="wilsoncc")


def clopper_pearson(wins: int, n: int, *, level: float = 0.95) -> Interval:
    """The exact interval for a share; never too narrow, often a little wide."""
    return _share(wins, n, level=level, method="exact")


def trinomial_p(wins: int, losses: int, ties: int) -> float:
    """Two-sided trinomial test, which counts ties instead of dropping them (Bian, McAleer and Wong, 2011).

    The tie rate is plugged in as observed, so it is not exact.
    """
    n, difference = wins + losses + ties, abs(wins - losses)
    if difference == 0:
        return 1.0
    decisive = np.arange(n + 1)  # however many decisive ratings come up, their wins are a fair coin's
    this_many = scipy.stats.binom.pmf(decisive, n, 1 - ties / n)
    this_far = scipy.stats.binom.sf(np.ceil((decisive + difference) / 2) - 1, decisive, 0.5)
    return min(1.0, 2 * float(this_many @ this_far))


def bootstrap_mean(
    scores: Sequence[float], *, level: float = 0.95, seed: int = 0, resamples: int = 9999
) -> Interval | None:
    """BCa bootstrap of the mean of one score per prompt; None where all are the same: resampling cannot widen that."""
    if len(set(scores)) < 2:
        return None
    found = scipy.stats.bootstrap(
        (np.asarray(scores, dtype=float),),
        np.mean,
        confidence_level=level,
        n_resamples=resamples,
        method="BCa",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(float(found.low), float(found.high), level)


def clustered_error(scores: Sequence[float], prompts: Sequence[Hashable]) -> float:
    """Standard error of the mean where ratings of one prompt belong together.

    √(C/(C-1)·Σ(Σ(x-x̄))²)/n for C prompts and n ratings (Miller, 2024).
    """
    mean = sum(scores) / len(scores)
    off: dict[Hashable, float] = defaultdict(float)
    for prompt, score in zip(prompts, scores, strict=True):
        off[prompt] += score - mean
    return sqrt(len(off) / (len(off) - 1) * sum(total**2 for total in off.values())) / len(scores)


def _share(wins: int, n: int, *, level: float, method: str) -> Interval:
    if n == 0:
        return Interval(0.0, 1.0, level)
    found = scipy.stats.binomtest(wins, n).proportion_ci(confidence_level=level, method=method)
    return Interval(float(found.low), float(found.high), level)
