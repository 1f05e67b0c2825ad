"""Preferences: pairs of which nothing can be learned, pairs at odds with each other, and length as a habit."""

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from studio.data.checks.gathering import Gathered, titled
from studio.data.normalising import normalised
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.row import Message, Row

SAME_TEXT, SAME_WORDS = "word for word the same", "the same but for capitals, spaces and marks"
SWAPPED = "The same two answers are preferred once this way and once the other way round"
BOTH = "An answer that is chosen in line {one:,} is rejected in line {other:,}"
BY_FAR = 2.0  # times as long
HABIT, SAMPLE = 0.6, 20  # share of pairs that makes a habit, and pairs that it takes to speak of one


@dataclass(slots=True)
class _Pairs:
    """What is kept of every pair: row, line, and a number each for its chosen and its rejected answer."""

    rows: array = field(default_factory=lambda: array("q"))
    lines: array = field(default_factory=lambda: array("q"))
    chosen: array = field(default_factory=lambda: array("Q"))
    rejected: array = field(default_factory=lambda: array("Q"))


class Preferences:
    """Takes every row, and looks at those that are pairs of a chosen and a rejected answer."""

    def __init__(self) -> None:
        self._same = Gathered()
        self._pairs = _Pairs()
        self._by_far = {"shorter": Gathered(), "longer": Gathered()}
        self._count = 0

    def add(self, row: Row) -> None:
        if not row.rejected:
            return
        self._count += 1
        chosen, rejected = row.chosen, row.rejected
        one, other = _plain(chosen), _plain(rejected)
        if one == other:
            self._same.add(row, SAME_TEXT if _written(chosen) == _written(rejected) else SAME_WORDS)
            return
        asked = _plain(row.messages[: -len(chosen)])
        self._pairs.rows.append(row.number)
        self._pairs.lines.append(row.line)
        self._pairs.chosen.append(_number(asked, one))
        self._pairs.rejected.append(_number(asked, other))
        if len(one) * BY_FAR < len(other):
            self._by_far["shorter"].add(row, "")
        elif len(other) * BY_FAR < len(one):
            self._by_far["longer"].add(row, "")

    def findings(self) -> list[Finding]:
        """Pairs whose answers are equal, pairs at odds with each other, and whether length decides."""
        same = self._same.finding(
            FindingKind.SAME_PAIR,
            one="preference pair has the same answer twice",
            many="preference pairs have the same answer twice",
            why="There is nothing to prefer, so nothing can be learned from them.",
        )
        return [found for found in (same, self._at_odds(), self._length()) if found]

    def _at_odds(self) -> Finding | None:
        groups = sorted(_at_odds(self._pairs), key=lambda group: group.rows)
        rows = {number for group in groups for number in group.rows}
        title = titled(
            len(rows), "preference pair is at odds with another", "preference pairs are at odds with each other"
        )
        why = "The model cannot learn that an answer is better and worse than another. Leave the wrong ones out."
        return Finding(FindingKind.SWAPPED_PAIR, title, len(rows), why, tuple(groups)) if groups else None

    def _length(self) -> Finding | None:
        for how, found in self._by_far.items():
            share = found.count("") / max(1, self._count)
            if self._count >= SAMPLE and share >= HABIT:
                return found.finding(
                    FindingKind.PAIR_LENGTH,
                    one=f"chosen answer is by far the {how} one ({100 * share:.0f} % of the pairs)",
                    many=f"chosen answers are by far the {how} ones ({100 * share:.0f} % of the pairs)",
                    why=f"The model may learn to be {how[:-2]}, and nothing else, unless that is what you want.",
                )
        return None


def _at_odds(pairs: _Pairs) -> list[Group]:
    """Rows that prefer two answers to one question each way, and rows of which one chooses what the other rejects."""
    chosen, rejected = np.array(pairs.chosen, dtype=np.uint64), np.array(pairs.rejected, dtype=np.uint64)
    both = np.intersect1d(chosen, rejected)
    places = np.flatnonzero(np.isin(chosen, both) | np.isin(rejected, both)).tolist()
    ways: dict[frozenset[int], list[int]] = defaultdict(list)
    for place in places:
        ways[frozenset((pairs.chosen[place], pairs.rejected[place]))].append(place)
    swapped = [held for held in ways.values() if len({pairs.chosen[place] for place in held}) > 1]
    groups = [_group(pairs, held, SWAPPED) for held in swapped]
    told = {place for held in swapped for place in held}
    chosen_in, rejected_in = _homes(pairs.chosen, places), _homes(pairs.rejected, places)
    for number in both.tolist():
        one, other = chosen_in[number], rejected_in[number]
        if not told.issuperset((*one, *other)):
            reason = BOTH.format(one=pairs.lines[one[0]], other=pairs.lines[other[0]])
            groups.append(_group(pairs, sorted((*one, *other)), reason))
    return groups


def _homes(answers: Sequence[int], places: Sequence[int]) -> dict[int, list[int]]:
    homes: dict[int, list[int]] = defaultdict(list)
    for place in places:
        homes[answers[place]].append(place)
    return homes


def _group(pairs: _Pairs, places: Sequence[int], reason: str) -> Group:
    return Group(tuple(pairs.rows[p] for p in places), tuple(pairs.lines[p] for p in places), reason)


def _written(messages: Sequence[Message]) -> str:
    return "\x1e".join(f"{message.role}\x1f{message.text}" for message in messages)


def _plain(messages: Sequence[Message]) -> str:
    return "\x1e".join(f"{message.role}\x1f{normalised(message.text)}" for message in messages)


def _number(asked: str, answer: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{asked}\x1d{answer}".encode(), digest_size=8).digest(), "little")
