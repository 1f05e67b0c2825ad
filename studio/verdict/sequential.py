"""Sequential evidence: numbers that stay honest however often somebody looks at them.

An e-value is the factor by which a fair bet against "no better than a coin" has grown. By Ville's inequality it
reaches 1/alpha at any moment with chance at most alpha if there is nothing to find, so a study may stop at any look.
The bets here spread over all preferences evenly (the beta-binomial mixture of Robbins, 1970).
"""

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from studio.domain.verdict import Interval

LARGEST_LOG = 700.0  # exp of more is no longer a float
SMALLEST_SHARE = 1e-300  # below, floats lose digits


def e_better(wins: int, losses: int) -> float:
    """Evidence that wins are more likely than losses: 20 or more settles it at alpha .05, whenever it is reached.

    2·2ⁿ·B(1+w, 1+l)·I_½(1+l, 1+w), the bets spread over preferences above one half.
    """
    return math.exp(min(float(log_e_better(wins, losses)), LARGEST_LOG))


def e_worse(wins: int, losses: int) -> float:
    """Evidence that losses are more likely than wins."""
    return e_better(losses, wins)


def e_two_sided(wins: int, losses: int) -> float:
    """Evidence of any difference, 2ⁿ·B(1+w, 1+l); the mean of `e_better` and `e_worse`."""
    return math.exp(min(_log_e_two_sided(wins, losses), LARGEST_LOG))


def log_e_better(wins: ArrayLike, losses: ArrayLike) -> NDArray[np.float64]:
    """Natural logarithm of `e_better`, element by element."""
    w, l = np.asarray(wins, dtype=float), np.asarray(losses, dtype=float)  # noqa: E741
    share = scipy.special.betainc(1 + l, 1 + w, 0.5)
    with np.errstate(divide="ignore"):
        exact = np.log(2) + (w + l) * np.log(2) + scipy.special.betaln(1 + w, 1 + l) + np.log(share)
    # Where I_½ is too small for a precise float, 1/(l+1) stands in: the evidence is never below it, nothing overstated.
    exact = np.where(share > SMALLEST_SHARE, exact, -np.inf)
    return np.maximum(exact, -np.log1p(l))


def always_valid_band(wins: int, losses: int, *, level: float = 0.95) -> Interval:
    """All preferences that two-sided bets have not ruled out: {p : B(1+w, 1+l)·p^-w·(1-p)^-l < 1/(1-level)}."""
    return Interval(
        low=_band_low(wins, losses, level=level), high=1 - _band_low(losses, wins, level=level), level=level
    )


def evidence_path(steps: Sequence[int]) -> NDArray[np.float64]:
    """Evidence for better after each rating; steps are 1 (win), -1 (loss) or 0 (no preference, hence no bet)."""
    taken = np.asarray(steps, dtype=int)
    logs = log_e_better(np.cumsum(taken == 1), np.cumsum(taken == -1))
    return np.exp(np.minimum(logs, LARGEST_LOG))


def always_valid_p(path: Sequence[float] | NDArray[np.float64]) -> float:
    """One over the strongest evidence on the path, at most 1.

    The maximum is sound because Ville's inequality bounds the chance of ever crossing: a study that crossed could have
    stopped there, and looking on cannot undo it. It needs the ratings in the order in which they were given.
    """
    return min(1.0, 1.0 / float(max(path, default=1.0)))


def first_crossing(path: Sequence[float] | NDArray[np.float64], *, alpha: float = 0.05) -> int | None:
    """After how many ratings the evidence first reached 1/alpha; None if it never did."""
    crossed = np.flatnonzero(np.asarray(path) >= 1 / alpha)
    return int(crossed[0]) + 1 if crossed.size else None


def betting_evidence(scores: Sequence[float], *, stake: float | None = None) -> float:
    """Evidence that scores between 0 and 1 (½ is a tie) average above one half: Π(1 + 2·stake·(score - ½)).

    For prompts that several people rated, where the mean of a prompt is no longer a win or a loss. Without a `stake`
    in [0, 1) each bet is set from the scores before it (approximate GRAPA, Waudby-Smith and Ramdas, 2024), at most ½.
    """
    wealth, total, squares = 1.0, 0.5, 0.25  # one imagined tie, with the spread of a coin, before the first score
    for seen, score in enumerate(scores, start=1):
        lead = total / seen - 0.5
        bet = stake if stake is not None else min(max(lead / (2 * (squares / seen + lead**2)), 0.0), 0.5)
        wealth *= 1 + 2 * bet * (score - 0.5)
        total += score
        squares += (score - total / (seen + 1)) ** 2
    return wealth


def _log_e_two_sided(wins: int, losses: int) -> float:
    return (wins + losses) * math.log(2) + float(scipy.special.betaln(1 + wins, 1 + losses))


def _band_low(wins: int, losses: int, *, level: float) -> float:
    if wins == 0:
        return 0.0

    def excess(p: float) -> float:
        return (
            float(scipy.special.betaln(1 + wins, 1 + losses))
            - wins * math.log(p)
            - losses * math.log1p(-p)
            + math.log(1 - level)
        )

    share = wins / (wins + losses)
    highest = share if losses else 1 - 1e-16  # log1p(-1) has no value; the share itself is never ruled out
    return cast(float, scipy.optimize.brentq(excess, 1e-300, highest, xtol=1e-12))
