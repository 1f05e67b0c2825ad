"""Verdicts: how often would a study ship a model that is no better, if somebody looked after every rating?

    python -m bench.verdicts [--studies 20000] [--prompts 400] [--write]

Simulates whole studies and applies the rule of the verdict after every rating: to equal models with few and many ties,
to several opponents, and to one candidate after the other on the same prompts; beside it the habit that it replaces,
to stop as soon as an ordinary test says p < .05. Then the chance of a verdict by ratings and true preference.
`--write` puts the tables into docs/verdict.md. The same seed gives the same numbers everywhere.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import binom

from studio.domain.protocol import alpha_at
from studio.domain.verdict import Decision, Judged
from studio.verdict.decide import decide
from studio.verdict.planning import wins_needed
from studio.verdict.rule import FEWEST_DECISIVE, ROUNDING, decision_of, obstacles
from studio.verdict.sequential import log_e_better

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "verdict.md"
BEGIN, END = "<!-- written by python -m bench.verdicts --write -->", "<!-- end -->"
MARGIN = 0.05
FIRST_NAIVE_LOOK = 10
AT_ONCE = 4000  # studies in memory
CHECKED = 40
LOOKS = (25, 50, 100, 200, 400)
PREFERENCES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8)
CANDIDATES = 5

Steps = NDArray[np.int8]  # a row per study, a column per rating: 1 fine-tuned, -1 opponent, 0 no preference
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class World:
    """How often the fine-tuned answer is truly preferred, and how often nobody has a preference."""

    preference: float
    ties: float = 0.15


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--studies", type=int, default=20_000)
    asked.add_argument("--prompts", type=int, default=400)
    asked.add_argument("--seed", type=int, default=20_261_123)
    asked.add_argument("--write", action="store_true", help="put the tables into docs/verdict.md")
    given = asked.parse_args()
    started = time.perf_counter()
    told = report(studies=given.studies, prompts=given.prompts, seed=given.seed)
    print(told)
    if given.write:
        before, after = DOCUMENT.read_text().split(BEGIN)[0], DOCUMENT.read_text().split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{told}\n\n{END}{after}")
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


def report(*, studies: int, prompts: int, seed: int) -> str:
    """All tables as Markdown, after the simulated rule was checked against the studio's own."""
    looks = [look for look in LOOKS if look <= prompts]
    agree(np.random.default_rng([seed, 0]), prompts=min(prompts, 120))
    size = {"studies": studies, "prompts": prompts, "seed": seed}
    parts = [
        f"{studies:,} studies each, seed {seed}, a look after every rating.",
        "### No difference: how often is “ship” said at any look?",
        table(["", *(f"{look} prompts" for look in looks)], false_ships(looks, **size)),
        "### One candidate after the other on the same prompts, all no better",
        table(["any of them is called “ship”", *(_candidates(n) for n in range(1, CANDIDATES + 1))], in_a_row(**size)),
        "### The chance of “ship” by ratings and true preference",
        table(["true preference", *(f"{look} prompts" for look in looks)], chances(looks, opponents=1, **size)),
        "The same against three opponents at once, each beaten as often; prompts against each:",
        table(["true preference", *(f"{look} prompts" for look in looks)], chances(looks, opponents=3, **size)),
        "### Wins that settle it, by preferences and opening",
        table(["preferences", *(f"{_place(k)} opening" for k in (1, 2, 3))], wins()),
    ]
    return "\n\n".join(parts)


def false_ships(looks: Sequence[int], *, studies: int, prompts: int, seed: int) -> Iterator[list[str]]:
    """The share of studies of no difference that were shipped, by look; every row of this rule stays below 5 %."""
    nothing = [World(0.5, ties) for ties in (0.0, 0.15, 0.5)]
    arms = [(f"equal models, {world.ties:.0%} without preference".replace("%", " %"), [world]) for world in nothing]
    arms.append(("three opponents, one of them equal, two far behind", [World(0.5), World(0.8), World(0.8)]))
    arms.append(("three opponents, all equal", [World(0.5)] * 3))
    for number, (name, worlds) in enumerate(arms, start=1):
        rng = np.random.default_rng([seed, 1, number])
        ever = gather(rng, worlds, studies=studies, prompts=prompts, alpha=alpha_at(1))
        yield [name, *(share(ever[:, look - 1]) for look in looks)]
    rng = np.random.default_rng([seed, 1, 2])
    naive = np.concatenate([
        ever_naive(steps) for (steps,) in studies_of(rng, [World(0.5)], studies=studies, prompts=prompts)
    ])  # fmt: skip
    yield ["*the habit: stop at p < .05, 15 % without preference*", *(share(naive[:, look - 1]) for look in looks)]


def in_a_row(*, studies: int, prompts: int, seed: int) -> Iterator[list[str]]:
    """The share of projects in which any of so many candidates shipped, with the bar rising and with one bar for all.

    The base answers stay the same, so that prompts on which they happen to be weak help every candidate.
    """
    for name, alphas in (
        ("the bar doubles with each", [alpha_at(k) for k in range(1, CANDIDATES + 1)]),
        ("*one bar of 20 to 1 for all*", [0.05] * CANDIDATES),
    ):
        rng, any_so_far = np.random.default_rng([seed, 2]), []
        for few in _parts(studies):
            base = rng.standard_normal((few, prompts))
            shipped = [
                ships_now(_compared(rng.standard_normal((few, prompts)), base, World(0.5)), alpha=alpha).any(axis=1)
                for alpha in alphas
            ]
            any_so_far.append(np.logical_or.accumulate(shipped, axis=0))
        yield [name, *(share(row) for row in np.concatenate(any_so_far, axis=1))]


def chances(looks: Sequence[int], *, opponents: int, studies: int, prompts: int, seed: int) -> Iterator[list[str]]:
    """The share of studies that were shipped, by look and true preference, at the first opening."""
    for number, preference in enumerate(PREFERENCES):
        rng = np.random.default_rng([seed, 3, opponents, number])
        worlds = [World(preference)] * opponents
        ever = gather(rng, worlds, studies=studies, prompts=prompts, alpha=alpha_at(1))
        yield [f"{preference:.0%}".replace("%", " %"), *(share(ever[:, look - 1]) for look in looks)]


def wins() -> Iterator[list[str]]:
    for n in (20, 30, 50, 75, 100, 150, 200):
        yield [str(n), *(str(wins_needed(n, alpha=alpha_at(opening))) for opening in (1, 2, 3))]


def gather(rng: np.random.Generator, worlds: Sequence[World], *, studies: int, prompts: int, alpha: float) -> Truths:
    """Whether a study has said "ship" against all opponents at any look so far, by study and look."""
    found = []
    for compared in studies_of(rng, worlds, studies=studies, prompts=prompts):
        now = np.logical_and.reduce([ships_now(steps, alpha=alpha) for steps in compared])
        found.append(np.logical_or.accumulate(now, axis=1))
    return np.concatenate(found)


def studies_of(
    rng: np.random.Generator, worlds: Sequence[World], *, studies: int, prompts: int
) -> Iterator[list[Steps]]:
    """A part of the studies at a time: the steps against each opponent, which all meet the same fine-tuned answers."""
    for few in _parts(studies):
        tuned = rng.standard_normal((few, prompts))
        yield [_compared(tuned, rng.standard_normal((few, prompts)), world) for world in worlds]


def _compared(tuned: NDArray[np.float64], other: NDArray[np.float64], world: World) -> Steps:
    """Who is preferred where answers have a normal quality and small differences are ties."""
    won, lost = world.preference * (1 - world.ties), (1 - world.preference) * (1 - world.ties)
    above, below = sqrt(2) * ndtri(1 - won), sqrt(2) * ndtri(lost)
    ahead = tuned - other - (above + below) / 2
    return (ahead > (above - below) / 2).astype(np.int8) - (ahead < (below - above) / 2).astype(np.int8)


def ships_now(steps: Steps, *, alpha: float) -> Truths:
    """What the rule says of each study at each look."""
    wins, losses = (steps == 1).cumsum(axis=1, dtype=np.int16), (steps == -1).cumsum(axis=1, dtype=np.int16)
    held, bar = evidence_table(steps.shape[1]), np.log(1 / alpha)
    better = np.logical_or.accumulate(held[wins, losses] >= bar, axis=1)
    worse = np.logical_or.accumulate(held[losses, wins] >= bar, axis=1)
    decisive = wins + losses
    return better & ~worse & (wins >= (0.5 + MARGIN) * decisive - ROUNDING) & (decisive >= FEWEST_DECISIVE)


def ever_naive(steps: Steps) -> Truths:
    """Whether an exact sign test has ever favoured the fine-tuned model at p < .05, from the tenth preference on."""
    wins, losses = (steps == 1).cumsum(axis=1), (steps == -1).cumsum(axis=1)
    fewest = binom.isf(0.025, np.arange(steps.shape[1] + 1), 0.5) + 1  # the fewest with an upper tail of at most .025
    return np.logical_or.accumulate((wins >= fewest[wins + losses]) & (wins + losses >= FIRST_NAIVE_LOOK), axis=1)


@cache
def evidence_table(prompts: int) -> NDArray[np.float64]:
    """Logarithm of the evidence for better, by wins and losses."""
    counts = np.arange(prompts + 1)
    return log_e_better(counts[:, None], counts[None, :])


def agree(rng: np.random.Generator, *, prompts: int, studies: int = CHECKED) -> None:
    """Stop if the arrays and the studio's own rule ever differ, against one opponent and against two."""
    worlds = [World(0.7), World(0.75)]
    (compared,) = studies_of(rng, worlds, studies=studies, prompts=prompts)
    now = [ships_now(steps, alpha=alpha_at(1)) for steps in compared]
    for study in range(studies):
        looks = {int(np.argmax(each[study])) + 1 for each in now} | {prompts // 2, prompts}
        for look in looks:
            said = [_said(steps[study, :look], planned=prompts) for steps in compared]
            expected = [bool(each[study, look - 1]) for each in now]
            ships = decision_of(obstacles(said, [])) is Decision.SHIP
            if [one is Decision.SHIP for one in said] != expected or ships != all(expected):
                raise SystemExit(f"The benchmark and the verdict disagree on study {study} after {look} ratings.")


def _said(steps: Steps, *, planned: int) -> Decision:
    words = {1: "tuned", -1: "base", 0: "tie"}
    judged = [
        Judged(prompt_id=str(n), rater="simulated", outcome=words[int(step)], tuned_side="left" if n % 2 else "right")
        for n, step in enumerate(steps)
    ]
    return decide(judged, planned=planned, margin=MARGIN, alpha=alpha_at(1)).decision


def _parts(studies: int) -> Iterator[int]:
    for begun in range(0, studies, AT_ONCE):
        yield min(AT_ONCE, studies - begun)


def share(ended: NDArray[np.bool_]) -> str:
    return f"{100 * ended.mean():.2f} %" if ended.mean() < 0.1 else f"{100 * ended.mean():.0f} %"


def table(head: Sequence[str], rows: Iterator[list[str]]) -> str:
    lines = [list(head), ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _candidates(number: int) -> str:
    return "1 candidate" if number == 1 else f"{number} candidates"


def _place(opening: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}[opening]


if __name__ == "__main__":
    main()
