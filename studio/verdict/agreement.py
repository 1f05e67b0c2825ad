"""Agreement: do people who judge the same prompts mean the same by "better"?"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.domain.verdict import Agreement, Judged

Scale = Literal["nominal", "ordinal", "interval", "ratio"]


def agreement(judged: Sequence[Judged]) -> Agreement | None:
    """How far raters agree on the prompts that several of them rated; None where no prompt was rated twice.

    Outcomes are compared by model, not by side, because every rater of a prompt may see other sides.
    """
    by_prompt: dict[str, dict[str, str]] = defaultdict(dict)
    for rating in judged:
        by_prompt[rating.prompt_id].setdefault(rating.rater, rating.outcome)
    shared = [said for said in by_prompt.values() if len(said) > 1]
    if not shared:
        return None
    codes = {outcome: code for code, outcome in enumerate(("tuned", "base", "tie", "both_bad"))}
    raters = sorted({rater for said in shared for rater in said})
    table = [[codes[said[rater]] if rater in said else None for said in shared] for rater in raters]
    return Agreement(
        prompts=len(shared),
        same=sum(len(set(said.values())) == 1 for said in shared),
        alpha=krippendorff_alpha(table),
    )


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]], *, scale: Scale = "nominal") -> float | None:
    """Krippendorff's alpha, 1 - D_o/D_e (Computing Krippendorff's Alpha-Reliability, 2011).

    `ratings` has a row per rater and a column per unit, None where a rater did not judge. 1 is perfect, 0 is what
    chance gives; .80 is good, below .667 the raters disagree. None where nothing varies or no unit was judged twice.
    """
    units = [[value for value in column if value is not None] for column in zip(*ratings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in units for value in unit})
    if len(values) < 2:
        return None
    place = {value: index for index, value in enumerate(values)}
    coincidences = np.zeros((len(values), len(values)))
    for unit in units:
        counts = np.bincount([place[value] for value in unit], minlength=len(values)).astype(float)
        coincidences += (np.outer(counts, counts) - np.diag(counts)) / (len(unit) - 1)
    totals = coincidences.sum(axis=0)
    distance = _DISTANCES[scale](np.asarray(values, dtype=float), totals)
    observed = (coincidences * distance).sum()
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
    return float(1 - observed / expected)


def _nominal(values: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values[:, None] != values[None, :]).astype(float)


def _ordinal(values: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    middles = np.cumsum(totals) - totals / 2
    return (middles[:, None] - middles[None, :]) ** 2


def _interval(values: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    return (values[:, None] - values[None, :]) ** 2


def _ratio(values: NDArray[np.float64], totals: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = values[:, None] + values[None, :]
    return np.divide(values[:, None] - values[None, :], sums, out=np.zeros_like(sums), where=sums != 0) ** 2


_DISTANCES: dict[Scale, Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
    "ratio": _ratio,
}
