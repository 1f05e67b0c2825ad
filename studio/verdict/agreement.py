"""Agreement: do people who judge the same pairs mean the same by "better"?"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from studio.domain.light import Light, Sign
from studio.domain.protocol import Rival
from studio.domain.verdict import Agreement, Interval, Judged
from studio.verdict.wording import of

ENOUGH_UNITS = 10  # below, resampling them says nothing
LOW_ALPHA = 0.2  # below, raters agree little more than chance gives
MOSTLY_ALIKE = 2 / 3  # from here on they do agree, however one-sided what they say is
RESAMPLES = 2000
AGREEMENT = "agreement"  # the kind of its light
AGREE_FIRST = "Agree on what makes an answer better, write it into the rubric, and have a new comparison rated."
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
        interval=alpha_interval(table),
    )


def agreement_of_all(judged: Mapping[Rival, Sequence[Judged]]) -> Agreement | None:
    """The same over all opponents: the unit is the pair, a prompt with one opponent."""
    return agreement(
        [
            replace(rating, prompt_id=f"{rating.prompt_id}/{rival.value}")
            for rival, said in judged.items()
            for rating in said
        ]
    )


def agreement_sign(found: Agreement | None) -> Sign | None:
    """Agreement as a light: amber, so that nothing ships, where raters mean different things by "better".

    That is where alpha is below .2 on ten shared pairs or more, and fewer than two in three of these were judged alike.
    Alpha alone would also be low where nearly everybody always prefers the same model, since there is nothing to agree
    about; a clear win is no disagreement. None with fewer shared pairs, which tell nothing. Where everybody said the
    same of every pair, alpha is not defined, and they agree.
    """
    if found is None or found.prompts < ENOUGH_UNITS:
        return None
    said = f"Raters said the same of {of(found.same, found.prompts)} pairs that more than one of them judged"
    if found.alpha is None or found.alpha >= LOW_ALPHA:
        return Sign(AGREEMENT, "Raters agree", Light.GREEN, f"{said}, more than chance gives.", is_required=False)
    if found.same >= MOSTLY_ALIKE * found.prompts:
        return Sign(AGREEMENT, "Raters agree", Light.GREEN, f"{said}.", is_required=False)
    return Sign(AGREEMENT, "Raters hardly agree", Light.AMBER, f"{said}, little more than chance gives. {AGREE_FIRST}")


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]], *, scale: Scale = "nominal") -> float | None:
    """Krippendorff's alpha, 1 - D_o/D_e (Computing Krippendorff's Alpha-Reliability, 2011).

    `ratings` has a row per rater and a column per unit, None where a rater did not judge. 1 is perfect, 0 is what
    chance gives; .80 is good, below .667 the raters disagree. None where nothing varies or no unit was judged twice.
    """
    values, counts = _counts(ratings)
    if len(values) < 2:
        return None
    coincidences = _coincidences(counts).sum(axis=0)
    totals = coincidences.sum(axis=0)
    distance = _DISTANCES[scale](values, totals)
    observed = (coincidences * distance).sum()
    expected = (np.outer(totals, totals) * distance).sum() / (totals.sum() - 1)
    return float(1 - observed / expected)


def alpha_interval(ratings: Sequence[Sequence[float | None]], *, level: float = 0.95, seed: int = 0) -> Interval | None:
    """Percentile bootstrap of the nominal alpha over units; None with fewer than 10 units or where nothing varies."""
    values, counts = _counts(ratings)
    if len(values) < 2 or len(counts) < ENOUGH_UNITS:
        return None
    draw = np.random.default_rng(seed)
    times = draw.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), size=RESAMPLES)
    coincidences = np.tensordot(times, _coincidences(counts), axes=1)
    totals = coincidences.sum(axis=1)
    n = totals.sum(axis=1)
    observed = n - coincidences.trace(axis1=1, axis2=2)
    expected = (n**2 - (totals**2).sum(axis=1)) / (n - 1)
    varied = expected > 0
    low, high = np.quantile(1 - observed[varied] / expected[varied], [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high), level)


def cohen_kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Cohen's kappa of two raters, (p_o - p_e)/(1 - p_e) (Cohen, 1960); rows are what one said, columns the other.

    None where nothing was judged or chance alone would make them agree everywhere.
    """
    counts = np.asarray(table, dtype=float)
    n = counts.sum()
    if n == 0:
        return None
    expected = float(counts.sum(axis=0) @ counts.sum(axis=1)) / n**2
    return None if expected == 1 else float((counts.trace() / n - expected) / (1 - expected))


def fleiss_kappa(table: Sequence[Sequence[int]]) -> float | None:
    """Fleiss' kappa (1971); each row says how many raters put a unit into each class, the same number in every row."""
    counts = np.asarray(table, dtype=float)
    raters = counts[0].sum() if counts.size else 0
    if raters < 2:
        return None
    same = ((counts**2).sum(axis=1) - raters) / (raters * (raters - 1))
    expected = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return None if expected == 1 else float((same.mean() - expected) / (1 - expected))


def _counts(ratings: Sequence[Sequence[float | None]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The values that occur, and how often each was said of each unit that was judged more than once."""
    units = [[value for value in column if value is not None] for column in zip(*ratings, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    values = sorted({value for unit in units for value in unit})
    place = {value: index for index, value in enumerate(values)}
    counts = [np.bincount([place[value] for value in unit], minlength=len(values)) for unit in units]
    return np.asarray(values, dtype=float), np.asarray(counts, dtype=float).reshape(len(units), len(values))


def _coincidences(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The matrix of coincidences of each unit."""
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(counts.shape[1])
    return pairs / (counts.sum(axis=1) - 1)[:, None, None]


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
