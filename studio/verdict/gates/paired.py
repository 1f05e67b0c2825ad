"""Paired: how far the fine-tuned model is from the base on the same prompts, and how sure that is.

Every interval is two-sided, holds for one look, and speaks of prompts like these.
"""

from collections.abc import Sequence
from math import ceil, exp, inf, log, sqrt

import numpy as np
import scipy  # and not its parts by name: they are loaded when they are used

from studio.domain.gate_result import Difference
from studio.domain.verdict import Interval
from studio.verdict.fixed import mcnemar_p

LEVEL = 0.95
RESAMPLES = 2000


def share_difference(base: Sequence[bool], tuned: Sequence[bool], *, level: float = LEVEL) -> Difference:
    """Difference of two paired shares, tuned - base, with Tango's score interval and the exact McNemar test."""
    n = len(base)
    gained = sum(t and not b for b, t in zip(base, tuned, strict=True))
    lost = sum(b and not t for b, t in zip(base, tuned, strict=True))
    return Difference(
        base=sum(base) / n,
        tuned=sum(tuned) / n,
        value=(gained - lost) / n,
        interval=tango(gained, lost, n, level=level),
        unit="share",
        source="score interval for paired shares (Tango 1998); exact McNemar test",
        p=mcnemar_p(gained, lost),
    )


def tango(gained: int, lost: int, n: int, *, level: float = LEVEL) -> Interval:
    """Tango's score interval for (gained - lost) / n of n pairs (Statistics in Medicine 17:891-908, 1998).

    It stays honest where nothing changed: n equal pairs still leave about ± z²/(n + z²).
    """
    z = float(scipy.special.ndtri(0.5 + level / 2))
    at = (gained - lost) / n

    def beyond(difference: float) -> float:
        return tango_score(difference, gained, lost, n)

    low = -1.0 if at <= -1 else scipy.optimize.brentq(lambda d: beyond(d) - z, -1.0, at)
    high = 1.0 if at >= 1 else scipy.optimize.brentq(lambda d: beyond(d) + z, at, 1.0)
    return Interval(float(low), float(high), level)


def least_margin(prompts: int) -> float:
    """How much worse nothing can be shown to be, at the least, on so many prompts without any change; rounded up."""
    return min(0.5, ceil(-100 * tango(0, 0, prompts).low - 1e-9) / 100)


def tango_score(difference: float, gained: int, lost: int, n: int) -> float:
    """How many standard errors the data lie above `difference`, by its constrained maximum-likelihood estimate."""
    above = gained - lost - n * difference
    if above == 0:
        return 0.0
    a, c = 2 * n, -lost * difference * (1 - difference)
    b = -gained - lost + (2 * n - gained + lost) * difference
    only_base = (sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = n * (2 * only_base + difference * (1 - difference))
    return above / sqrt(max(variance, 1e-18))


def mean_difference(base: Sequence[float], tuned: Sequence[float], *, level: float = LEVEL) -> Difference:
    """Difference of two paired means, tuned - base, with Student's paired t interval; at least two pairs."""
    off = np.asarray(tuned, dtype=float) - np.asarray(base, dtype=float)
    middle = float(off.mean())
    half = _t(len(off), level) * float(off.std(ddof=1)) / sqrt(len(off))
    return Difference(
        base=float(np.mean(base)),
        tuned=float(np.mean(tuned)),
        value=middle,
        interval=Interval(middle - half, middle + half, level),
        unit="points",
        source="paired t interval (Student 1908)",
    )


def ratio_of_typical(base: Sequence[float], tuned: Sequence[float], *, level: float = LEVEL) -> Difference:
    """How many times the base the fine-tuned values typically are: geometric means, paired t interval of the logs."""
    off = np.log(np.asarray(tuned, dtype=float)) - np.log(np.asarray(base, dtype=float))
    middle = float(off.mean())
    half = _t(len(off), level) * float(off.std(ddof=1)) / sqrt(len(off))
    return Difference(
        base=exp(float(np.log(base).mean())),
        tuned=exp(float(np.log(tuned).mean())),
        value=exp(middle),
        interval=Interval(exp(middle - half), _exp(middle + half), level),
        unit="times",
        source="paired t interval of logarithms",
    )


def ratio_of_perplexity(
    tokens: Sequence[int], base: Sequence[float], tuned: Sequence[float], *, level: float = LEVEL
) -> Difference:
    """Perplexity exp(Σ NLL / Σ tokens) of both, and how many times the base's the fine-tuned one's is.

    The difference of the mean NLL per token is a ratio estimate over answers of unequal length: its standard error is
    √(n/(n-1)·Σ(d - R·t)²)/Σt (Cochran 1977, Sampling Techniques, 6.4), with Student's t.
    """
    t, b, f = (np.asarray(each, dtype=float) for each in (tokens, base, tuned))
    n, off, total = len(t), f - b, float(t.sum())
    per_token = float(off.sum()) / total
    error = sqrt(n / (n - 1) * float(((off - per_token * t) ** 2).sum())) / total
    half = _t(n, level) * error
    return Difference(
        base=_exp(float(b.sum()) / total),
        tuned=_exp(float(f.sum()) / total),
        value=_exp(per_token),
        interval=Interval(_exp(per_token - half), _exp(per_token + half), level),
        unit="times",
        source="paired ratio estimate with a t interval (Cochran 1977)",
    )


def resampled(n: int, *, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """How often each of n prompts is drawn in each resample, (resamples, n): one draw serves both models, in pairs."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples)


def percentiles(values: np.ndarray, *, level: float = LEVEL) -> Interval:
    """The middle `level` of resampled values (Efron and Tibshirani 1993, 13.3)."""
    low, high = np.quantile(values, [0.5 - level / 2, 0.5 + level / 2])
    return Interval(float(low), float(high), level)


def _t(n: int, level: float) -> float:
    return float(scipy.stats.t.ppf(0.5 + level / 2, n - 1))


def _exp(value: float) -> float:
    """e to this, and infinity where that is too large a number."""
    return exp(value) if value < log(1e300) else inf
