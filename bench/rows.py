"""The rows that speed is measured on: how many a step has, and how long each is."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.made_up import rows_of
from studio.domain.row import Row

WARM = 2  # steps that do not count
PART = 4  # rows at once where bare TRL pads and keeps everything: more do not fit a large model
BIN = {"starter": 512}  # tokens that bare TRL packs rows into


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a step and how long each is."""

    step: int
    length: Callable[[random.Random], int]


def log_normal(median: int, longest: int) -> Callable[[random.Random], int]:
    """Lengths as those of instruction data are."""
    return lambda chance: max(16, min(longest, round(chance.lognormvariate(0, 0.9) * median)))


ROWS = {
    "small": Rows(8, log_normal(90, 400)),
    "mixed": Rows(16, log_normal(350, 2048)),
    "even": Rows(16, lambda _: 2048),
    "long": Rows(4, lambda _: 8192),
    "longest": Rows(1, lambda _: 32768),
}


def rows_for(tokenizer: Any, rows: str, steps: int) -> tuple[int, list[int], list[Row]]:
    """How many rows a step has, how long each is, and the rows themselves; always the same ones."""
    chance, step = random.Random(7), ROWS[rows].step
    lengths = [ROWS[rows].length(chance) for _ in range((steps + WARM) * step)]
    made = [rows_of(tokenizer, 1, length=length, seed=at)[0] for at, length in enumerate(lengths)]
    return step, lengths, [Row(number, number + 1, row.messages) for number, row in enumerate(made)]


def parts_of_step(lengths: Sequence[int], step: int, longest: int) -> int:
    """How many packs of `longest` tokens hold about as many rows as a step."""
    return min(max(1, round(sum(lengths) / len(lengths) * step / longest)), step)
