"""Leakage: how many held-out rows have a copy in training, if rows are dealt at random and by the studio."""

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.accuracy.copies import Row
from bench.accuracy.reading import Read
from bench.accuracy.share import Share
from studio.data.rows import load_rows
from studio.data.splitting import deal
from studio.domain.split import Bin, SplitChoices

AT_RANDOM, DEALT, KEPT = "at random", "by the studio, copies left out", "by the studio, every copy kept"
HELD_OUT = (Bin.VALIDATION, Bin.TEST)


@dataclass(frozen=True, slots=True)
class Leakage:
    """Held-out rows with a planted copy of themselves in training: outside of template families, and in them."""

    outside: Share
    inside: Share


def leakages(rows: Sequence[Row], said: Read, *, seed: int) -> dict[str, Leakage]:
    """The same rows dealt in three ways, with the same share held out."""
    choices = SplitChoices(seed=seed)
    loaded = load_rows(said.folder)
    shuffled = list(range(len(rows)))
    random.Random(seed).shuffle(shuffled)
    aside = set(shuffled[: round(len(rows) * choices.held_out)])
    at_random = [Bin.TEST if number in aside else Bin.TRAIN for number in range(len(rows))]
    return {
        AT_RANDOM: _leaked(rows, at_random),
        DEALT: _leaked(rows, deal(loaded, choices).bins),
        KEPT: _leaked(rows, deal(loaded, SplitChoices(seed=seed, keep_copies=True)).bins),
    }


def _leaked(rows: Sequence[Row], bins: Sequence[Bin]) -> Leakage:
    trained: dict[int, int] = defaultdict(int)
    for row, bin in zip(rows, bins, strict=True):
        trained[row.origin] += bin is Bin.TRAIN

    def counted(is_meant: Callable[[Row], bool]) -> Share:
        held_out = [row for row, bin in zip(rows, bins, strict=True) if bin in HELD_OUT and is_meant(row)]
        return Share(sum(trained[row.origin] > 0 for row in held_out), len(held_out))

    return Leakage(outside=counted(lambda row: row.family < 0), inside=counted(lambda row: row.family >= 0))
