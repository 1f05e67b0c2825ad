"""Lengths: the measured token counts of a dataset, and which cut-off they suggest."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from studio.data.arrays import arrays
from studio.domain.lengths import Lengths

STEPS = (128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)
ENOUGH = 0.99
PERCENTILES = (50, 90, 95, 99)


@dataclass(frozen=True, slots=True)
class Option:
    """One possible cut-off and the rows whose answer it would cut."""

    tokens: int
    cut_rows: int
    share: float


@dataclass(frozen=True, slots=True)
class CutOff:
    """The suggested cut-off in tokens with its reason, what others would cost, and how long the rows are.

    `percentiles` maps 50, 90, 95 and 99 to tokens: that share of the rows is at most so long.
    """

    tokens: int
    reason: str
    options: tuple[Option, ...]
    percentiles: dict[int, int]
    longest: int


def load_lengths(path: Path) -> Lengths:
    """The token counts that were measured, by row number."""
    with arrays(path) as held:
        facts = orjson.loads(held["facts"].tobytes())
        return Lengths(
            model_id=facts["model_id"],
            prompt=tuple(held["prompt"].tolist()),
            total=tuple(held["total"].tolist()),
            stop_token_trained=facts["stop_token_trained"],
            stop_token=facts["stop_token"],
            left_out=tuple(facts.get("left_out", ())),
            partial=frozenset(held["partial"].tolist()) if "partial" in held else frozenset(),
            rejected=tuple(held["rejected"].tolist()) if "rejected" in held else (),
            refused={int(number): why for number, why in facts.get("refused", {}).items()},
            are_texts=facts.get("are_texts", False),
            dated=facts.get("dated", False),
            proven=facts.get("proven", False),
        )


def learned_rows(path: Path, numbers: Sequence[int]) -> Iterator[dict[str, list[int]]]:
    """The measured tokens of rows as TRL takes them, with a label of -100 for each that is not learned."""
    with arrays(path) as held:
        ids, mask, offsets = held["ids"], held["mask"], held["offsets"]
    for number in numbers:
        part = slice(offsets[number], offsets[number + 1])
        yield {"input_ids": ids[part].tolist(), "labels": np.where(mask[part], ids[part], -100).tolist()}


def suggest_cut_off(lengths: Lengths) -> CutOff:
    """The smallest step that fits every row, or 99 % of them where a few very long rows would cost four times that."""
    ordered = sorted(total for number, total in enumerate(lengths.total) if number not in lengths.partial)
    ordered = ordered or sorted(lengths.total)
    count, longest = len(ordered), ordered[-1]
    whole = _step(longest)
    most = _step(ordered[min(count - 1, int(np.ceil(ENOUGH * count)) - 1)])
    tokens = most if whole >= 4 * most else whole
    top = STEPS.index(whole)
    options = tuple(_option(step, ordered) for step in STEPS[max(0, top - 5) : top + 1])
    return CutOff(
        tokens=tokens,
        reason=_reason(tokens, ordered),
        options=options,
        percentiles={percent: ordered[max(0, -(-percent * count // 100) - 1)] for percent in PERCENTILES},
        longest=longest,
    )


def _step(tokens: int) -> int:
    """The smallest step that holds so many tokens; the largest where none does."""
    return STEPS[min(bisect_left(STEPS, tokens), len(STEPS) - 1)]


def _option(step: int, ordered: list[int]) -> Option:
    cut = len(ordered) - bisect_right(ordered, step)
    return Option(step, cut, cut / len(ordered))


def _reason(tokens: int, ordered: list[int]) -> str:
    count, longest = len(ordered), ordered[-1]
    cut = count - bisect_right(ordered, tokens)
    if not cut:
        rows = f"all {count:,} rows" if count > 1 else "the one row"
        return f"{tokens:,} tokens hold {rows} whole; the longest has {longest:,}."
    return (
        f"{tokens:,} tokens hold {count - cut:,} of {count:,} rows whole. The other {cut:,} need up to {longest:,}: "
        "room for them would cost memory and time in every step."
    )
