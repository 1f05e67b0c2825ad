"""Peeking: how often would a study ship a model that is no better, if somebody looked after every rating?

    python bench/peeking.py [--studies 20000] [--prompts 400] [--ties 0.15]

Simulates whole studies and applies the rule of the verdict after every rating, beside the habit it replaces: stop as
soon as an ordinary test says p < .05. Then prints how likely an answer is, by rating and by true preference.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from studio.domain.verdict import Decision, Judged
from studio.verdict.decide import decide
from studio.verdict.planning import chance_by_rating, wins_needed
from studio.verdict.rule import FEWEST_DECISIVE, ROUNDING
from studio.verdict.sequential import log_e_better

ALPHA, MARGIN = 0.05, 0.05
FIRST_NAIVE_LOOK = 10
CHECKED = 60
LOOKS = (50, 100, 200, 400)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--studies", type=int, default=20_000)
    asked.add_argument("--prompts", type=int, default=400)
    asked.add_argument("--ties", type=float, default=0.15, help="share of prompts without a preference")
    asked.add_argument("--seed", type=int, default=20_261_123)
    given = asked.parse_args()
    started = time.perf_counter()
    draw = np.random.default_rng(given.seed)
    steps = outcomes(draw, studies=given.studies, prompts=given.prompts, ties=given.ties, preference=0.5)
    shipped, naive = ever_shipped(steps), ever_naive(steps)
    agree(steps, shipped)
    print(f"{given.studies:,} studies of two equal models, {given.ties:.0%} ties, a look after every rating")
    print(f"{'prompts rated':>16} {'this rule ships':>16} {'p < .05 ships':>16}")
    for look in looks(given.prompts):
        print(f"{look:>16} {shipped[:, look - 1].mean():>16.2%} {naive[:, look - 1].mean():>16.2%}")
    print(
        f"\nChance that N ratings with a preference settle it for the fine-tuned model (exact)\n{'preference':>16}",
        end="",
    )
    print("".join(f"{f'N={look}':>9}" for look in LOOKS), f"{'half by':>9}")
    for preference in (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8):
        chance = chance_by_rating(preference, more=max(LOOKS), alpha=ALPHA)
        half = int(np.argmax(chance >= 0.5)) if chance[-1] >= 0.5 else None
        print(f"{preference:>16.0%}" + "".join(f"{chance[look]:>9.1%}" for look in LOOKS), f"{half or '-':>9}")
    print("\nWins that settle it: " + ", ".join(f"{wins_needed(n)} of {n}" for n in (7, 20, 50, 100, 200)))
    print(f"{time.perf_counter() - started:.1f} s")


def outcomes(
    draw: np.random.Generator, *, studies: int, prompts: int, ties: float, preference: float
) -> NDArray[np.int8]:
    """One row per study and one column per rating: 1 fine-tuned, -1 base, 0 no preference."""
    won = np.where(draw.random((studies, prompts)) < preference, 1, -1)
    return np.where(draw.random((studies, prompts)) < ties, 0, won).astype(np.int8)


def ever_shipped(steps: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether the rule has said "ship" at any look so far, by study and rating; evidence against ends a study."""
    wins, losses = (steps == 1).cumsum(axis=1), (steps == -1).cumsum(axis=1)
    table = evidence_table(steps.shape[1])
    better = np.logical_or.accumulate(table[wins, losses] >= np.log(1 / ALPHA), axis=1)
    worse = np.logical_or.accumulate(table[losses, wins] >= np.log(1 / ALPHA), axis=1)
    decisive = wins + losses
    leads = wins >= (0.5 + MARGIN) * decisive - ROUNDING
    return np.logical_or.accumulate(better & ~worse & leads & (decisive >= FEWEST_DECISIVE), axis=1)


def ever_naive(steps: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Whether an exact sign test has ever favoured the fine-tuned model at p < .05, from the tenth preference on."""
    wins, losses = (steps == 1).cumsum(axis=1), (steps == -1).cumsum(axis=1)
    n = np.arange(steps.shape[1] + 1)
    fewest = binom.isf(0.025, n, 0.5) + 1  # the fewest wins with an upper tail of at most .025
    return np.logical_or.accumulate((wins >= fewest[wins + losses]) & (wins + losses >= FIRST_NAIVE_LOOK), axis=1)


def evidence_table(prompts: int) -> NDArray[np.float64]:
    """Logarithm of the evidence for better, by wins and losses."""
    counts = np.arange(prompts + 1)
    return log_e_better(counts[:, None], counts[None, :])


def agree(steps: NDArray[np.int8], shipped: NDArray[np.bool_]) -> None:
    """Stop if the arrays and the studio's own decision ever differ: some studies that shipped, some that did not."""
    final = shipped.any(axis=1)
    for study in (*np.flatnonzero(final)[:CHECKED], *np.flatnonzero(~final)[:CHECKED]):
        first = int(np.argmax(shipped[study])) + 1 if final[study] else steps.shape[1] // 2
        for rated in {first - 1, first} if final[study] else {first}:
            said = decide(judged(steps[study, :rated]), planned=steps.shape[1], margin=MARGIN, alpha=ALPHA)
            expected = bool(shipped[study, rated - 1])
            if (said.decision is Decision.SHIP) != expected:
                raise SystemExit(f"The benchmark and the verdict disagree on study {study} after {rated} ratings.")


def judged(steps: Sequence[int] | NDArray[np.int8]) -> list[Judged]:
    said = {1: "tuned", -1: "base", 0: "tie"}
    return [
        Judged(prompt_id=str(n), rater="simulated", outcome=said[int(step)], tuned_side="left" if n % 2 else "right")
        for n, step in enumerate(steps)
    ]


def looks(prompts: int) -> list[int]:
    return sorted({look for look in LOOKS if look < prompts} | {prompts})


if __name__ == "__main__":
    main()
