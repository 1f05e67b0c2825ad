"""Length: how often the fine-tuned answer would be preferred if both were equally long and on neutral sides."""

from collections.abc import Sequence
from math import sqrt

import numpy as np
import scipy

from studio.domain.closing import Adjusted
from studio.domain.verdict import Interval, Judged, Outcome
from studio.verdict.logistic import fit
from studio.verdict.wording import percent

SCORES: dict[Outcome, float] = {"tuned": 1.0, "base": 0.0, "tie": 0.5, "both_bad": 0.5}
FEWEST_DECISIVE = 50  # below, three coefficients say nothing
FAR = 0.10


def adjusted(judged: Sequence[Judged], *, level: float = 0.95) -> Adjusted | None:
    """The share at equal length and neutral sides; None with fewer than 50 preferences or without lengths.

    A fractional logit of the score on the side (±1) and tanh of the difference in length over its deviation, after the
    length-controlled win rate of AlpacaEval 2 (Dubois and others, 2024), with errors clustered by prompt.
    """
    known = [rating for rating in judged if rating.tuned_chars and rating.base_chars]
    if sum(SCORES[rating.outcome] != 0.5 for rating in known) < FEWEST_DECISIVE:
        return None
    scores = np.array([SCORES[rating.outcome] for rating in known])
    side = np.array([1.0 if rating.tuned_side == "left" else -1.0 for rating in known])
    longer = np.array([rating.tuned_chars - rating.base_chars for rating in known], dtype=float)
    columns = [np.ones_like(side), side]
    if spread := float(longer.std()):
        columns.append(np.tanh(longer / spread))
    found = fit(np.column_stack(columns), scores, groups=[rating.prompt_id for rating in known])
    raw, logit = float(scores.mean()), float(found.coefficients[0])
    reach = float(scipy.special.ndtri(0.5 + level / 2)) * sqrt(found.covariance[0, 0])
    low, share, high = (float(scipy.special.expit(logit + way * reach)) for way in (-1, 0, 1))
    differs = abs(share - raw) > FAR or (share - 0.5) * (raw - 0.5) < 0
    return Adjusted(raw, share, Interval(low, high, level), differs, _sentence(raw, share, differs=differs))


def _sentence(raw: float, share: float, *, differs: bool) -> str:
    would = f"the fine-tuned model would score {percent(share)} instead of {percent(raw)}"
    said = f"At equal length and on neutral sides {would}"
    if differs:
        return f"{said}: part of the result is length or side, not content. Ask for shorter answers and compare again."
    return f"{said}: length and side do not explain the result."
