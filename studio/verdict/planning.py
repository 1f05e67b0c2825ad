"""Planning: how likely a clear answer is, and how many more ratings it takes.

Evidence depends on wins and losses alone, so the chance of ever reaching 1/alpha is counted exactly over all paths;
there is nothing to simulate and no seed to choose.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import scipy
from numpy.typing import NDArray

from studio.verdict.sequential import log_e_better

Settles = Callable[[NDArray[np.int_], NDArray[np.int_]], NDArray[np.bool_]]


def wins_needed(n: int, *, alpha: float = 0.05) -> int | None:
    """The fewest wins among `n` decisive ratings that settle it for the fine-tuned model; None if `n` are too few."""
    wins = np.arange(n + 1)
    enough = np.flatnonzero(log_e_better(wins, n - wins) >= np.log(1 / alpha))
    return int(enough[0]) if enough.size else None


def chance_by_rating(
    preference: float, *, more: int, wins: int = 0, losses: int = 0, alpha: float = 0.05
) -> NDArray[np.float64]:
    """Chance that the evidence for better has reached 1/alpha after 0, 1, … `more` further decisive ratings.

    `preference` is how often the fine-tuned answer is truly preferred; `wins` and `losses` are where the path stands.
    """
    return _chance(preference, more=more, wins=wins, losses=losses, settles=partial(_better, alpha=alpha))


def chance_of_verdict(preference: float, *, ratings: int, alpha: float = 0.05) -> float:
    """Chance that `ratings` decisive ratings settle it for the fine-tuned model."""
    return float(chance_by_rating(preference, more=ratings, alpha=alpha)[-1])


def plan_sentence(prompts: int, *, most: int = 0, alpha: float = 0.05, ties: float = 0.15) -> str:
    """What a study of so many prompts can settle, to be read before it is frozen, and what all there are could.

    `ties` of them place no bet.
    """

    def times(preference: float, asked: int) -> float:
        return 100 * chance_of_verdict(preference, ratings=round(asked * (1 - ties)), alpha=alpha)

    decisive, clear, slight = round(prompts * (1 - ties)), times(0.7, prompts), times(0.6, prompts)
    more = f" More prompts settle more: with all {most:,}, {times(0.7, most):.0f} and {times(0.6, most):.0f} times."
    return (
        f"With {prompts:,} prompts, of which about {decisive:,} show a preference, a model that people truly prefer in "
        f"70 of 100 comparisons ships {_often(clear)} in 100; one that they prefer in 60 of 100, {_often(slight)}."
        f"{more if most > prompts else ''}"
    )


def _often(times: float) -> str:
    return "once" if round(times) == 1 else f"{times:.0f} times"


def more_ratings_needed(
    wins: int, losses: int, *, alpha: float = 0.05, chance: float = 0.8, limit: int = 200
) -> int | None:
    """The fewest further decisive ratings that settle it for the fine-tuned model with this chance.

    It supposes that the preference stays as seen so far. None where `limit` would not do or nothing has been seen.
    """
    return _fewest(wins, losses, chance=chance, limit=limit, settles=partial(_better, alpha=alpha))


def more_until_ruled_out(
    wins: int, losses: int, *, target: float, alpha: float = 0.05, chance: float = 0.8, limit: int = 200
) -> int | None:
    """The fewest further decisive ratings that settle it against the fine-tuned model: worse, or below `target`."""
    return _fewest(wins, losses, chance=chance, limit=limit, settles=partial(_worse, target=target, alpha=alpha))


def _better(wins: NDArray[np.int_], losses: NDArray[np.int_], *, alpha: float) -> NDArray[np.bool_]:
    return log_e_better(wins, losses) >= np.log(1 / alpha)


def _worse(wins: NDArray[np.int_], losses: NDArray[np.int_], *, target: float, alpha: float) -> NDArray[np.bool_]:
    against_target = scipy.special.betaln(1 + wins, 1 + losses) - wins * np.log(target) - losses * np.log1p(-target)
    ruled_out = (against_target > np.log(1 / alpha)) & (wins < target * (wins + losses))
    return ruled_out | _better(losses, wins, alpha=alpha)


def _fewest(wins: int, losses: int, *, chance: float, limit: int, settles: Settles) -> int | None:
    if wins + losses == 0:
        return None
    likely = _chance(wins / (wins + losses), more=limit, wins=wins, losses=losses, settles=settles) >= chance
    return int(np.argmax(likely)) if likely.any() else None


def _chance(preference: float, *, more: int, wins: int, losses: int, settles: Settles) -> NDArray[np.float64]:
    settled = np.zeros(more + 1)
    open_paths = np.ones(1)  # chance of each number of further wins, among paths that are not settled
    for rating in range(more + 1):
        if rating:
            open_paths = np.append(open_paths, 0.0) * (1 - preference) + np.append(0.0, open_paths) * preference
        further = np.arange(rating + 1)
        there = settles(wins + further, losses + rating - further)
        settled[rating] = open_paths[there].sum()
        open_paths[there] = 0.0
    return np.cumsum(settled)
