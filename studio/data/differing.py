"""Differing: what two texts share and what only one of them has, word by word."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

LONGEST_COMPARED = 10_000  # words between the first and the last difference; beyond, difflib would take minutes
_PIECE = re.compile(r"\s+|[^\W\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]+|.", re.DOTALL)


def differences(first: str, second: str) -> list[tuple[str, str]]:
    """What two texts share and what only one has, word by word: ("same" | "only_first" | "only_second", text).

    The pieces that are not `only_second` make up the first text, those that are not `only_first` the second. More than
    LONGEST_COMPARED words between the first and the last difference are one piece each.
    """
    one, other = _PIECE.findall(first), _PIECE.findall(second)
    blocks = [("same" if tag == "equal" else tag, one[i:j], other[k:m]) for tag, i, j, k, m in opcodes(one, other)]
    made: list[tuple[str, str]] = []
    left, right = "", ""
    for place, (tag, before, after) in enumerate(blocks):
        is_gap = 0 < place < len(blocks) - 1 and "".join(before).isspace()  # a space between two changed words
        if tag == "same" and not is_gap:
            made += _changed(left, right)
            made.append(("same", "".join(before)))
            left, right = "", ""
        else:
            left, right = left + "".join(before), right + "".join(after)
    return made + _changed(left, right)


def _changed(left: str, right: str) -> list[tuple[str, str]]:
    return [piece for piece in (("only_first", left), ("only_second", right)) if piece[1]]


def opcodes(first: Sequence[Any], second: Sequence[Any]) -> Iterator[tuple[str, int, int, int, int]]:
    """How to turn one sequence into the other, as difflib tells it; the ends that agree cost next to nothing."""
    shorter = min(len(first), len(second))
    start = next((place for place in range(shorter) if first[place] != second[place]), shorter)
    end = next((n for n in range(shorter - start) if first[-1 - n] != second[-1 - n]), shorter - start)
    middle, other = first[start : len(first) - end], second[start : len(second) - end]
    if start:
        yield "equal", 0, start, 0, start
    if max(len(middle), len(other)) > LONGEST_COMPARED:
        yield "replace", start, start + len(middle), start, start + len(other)
    else:
        for tag, i, j, k, m in SequenceMatcher(None, middle, other).get_opcodes():
            yield tag, i + start, j + start, k + start, m + start
    if end:
        yield "equal", len(first) - end, len(first), len(second) - end, len(second)
