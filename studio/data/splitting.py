"""Splitting: deal the rows into training, validation and test, so that no test row has a twin in training."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio.data.findings import DUPLICATES
from studio.data.rows import Rows
from studio.domain.errors import DatasetError
from studio.domain.finding import Finding, FindingKind
from studio.domain.split import Bin, SplitChoices

TOGETHER = (*DUPLICATES, FindingKind.NEAR_DUPLICATE, FindingKind.CONFLICT, FindingKind.VARIETY)
STRATA = 10


@dataclass(frozen=True, slots=True)
class Deal:
    """The bin of every row by number, and for each duplicate the row that is kept instead of it."""

    bins: tuple[Bin, ...]
    duplicate_of: dict[int, int]


@dataclass(frozen=True, slots=True)
class SplitSizes:
    """How many rows each part is meant to have."""

    train: int
    validation: int
    test: int


def split_sizes(rows: int, *, held_out: float) -> SplitSizes:
    """Sizes for `rows` examples; validation and test share `held_out` and get at least one row each."""
    if not 0 < held_out < 1:
        raise DatasetError("The share held out must lie between 0 and 1.", fix="Try 0.2.", field="held_out")
    aside = max(2, round(rows * held_out))
    if aside >= rows:
        raise DatasetError(
            f"{rows} {'example is' if rows == 1 else 'examples are'} too few to hold any out.",
            fix="Add examples until there are at least 10.",
        )
    return SplitSizes(train=rows - aside, validation=aside // 2, test=aside - aside // 2)


def deal(rows: Rows, findings: Sequence[Finding], choices: SplitChoices) -> Deal:
    """Deal the rows by seed. Copies, contradictions and rows with one value of `choices.by` stay on one side.

    Sizes come as close to the asked ones as those groups allow, and long and short rows are spread evenly.
    """
    _check_numbers(choices, count=len(rows))
    duplicate_of = _duplicates(findings, choices)
    dealt = [number for number in range(len(rows)) if number not in duplicate_of and number not in choices.removed]
    groups = _groups(dealt, _ties(rows, findings, choices))
    sizes = split_sizes(len(dealt), held_out=choices.held_out)
    validation, test = _held_out(groups, sizes, stored_sizes=rows.sizes, draw=random.Random(choices.seed))
    bins = [Bin.TRAIN] * len(rows)
    for bin, numbers in (
        (Bin.VALIDATION, validation), (Bin.TEST, test), (Bin.DUPLICATE, duplicate_of), (Bin.REMOVED, choices.removed),
    ):  # fmt: skip
        for number in numbers:
            bins[number] = bin
    return Deal(tuple(bins), duplicate_of)


def _check_numbers(choices: SplitChoices, *, count: int) -> None:
    for number in (*choices.removed, *choices.keep, *choices.keep.values()):
        if not 0 <= number < count:
            raise DatasetError(f"There is no row {number}.", fix=f"Rows are numbered from 0 to {count - 1}.")


class _Sides:
    """Rows that must stay together, joined pair by pair (union-find); a side is named by its first row."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def of(self, number: int) -> int:
        path = []
        while (above := self._above.get(number)) is not None:
            path.append(number)
            number = above
        for passed in path:
            self._above[passed] = number
        return number

    def join(self, numbers: Sequence[int]) -> None:
        for other in numbers[1:]:
            first, second = sorted((self.of(numbers[0]), self.of(other)))
            if first != second:
                self._above[second] = first


def _duplicates(findings: Sequence[Finding], choices: SplitChoices) -> dict[int, int]:
    """For every copy that is left out, the row that is kept; rows removed by hand are in neither place."""
    copies = [group.rows for finding in findings if finding.kind in DUPLICATES for group in finding.groups]
    sides = _Sides()
    for numbers in copies:
        sides.join(numbers)
    members: dict[int, list[int]] = defaultdict(list)
    for number in sorted({number for numbers in copies for number in numbers}):
        members[sides.of(number)].append(number)
    asked = _asked_to_keep(choices, sides)
    if choices.keep_copies:
        return {}
    duplicate_of = {}
    for first, numbers in members.items():
        there = [number for number in numbers if number not in choices.removed]
        kept = asked.get(first)
        kept = kept if kept in there else next(iter(there), None)
        duplicate_of |= {number: kept for number in there if kept is not None and number != kept}
    return duplicate_of


def _asked_to_keep(choices: SplitChoices, sides: _Sides) -> dict[int, int]:
    """The row to keep by side; a choice named by the side's own first row goes before one named by another."""
    asked: dict[int, int] = {}
    for first, kept in sorted(choices.keep.items(), reverse=True):
        if sides.of(first) != sides.of(kept):
            raise DatasetError(
                f"Row {kept} is no copy of row {first}.", fix="Keep one of the rows of the group.", field="keep"
            )
        asked[sides.of(first)] = kept
    return asked


def _ties(rows: Rows, findings: Sequence[Finding], choices: SplitChoices) -> Iterable[Sequence[int]]:
    """Every set of rows that must not be separated."""
    for finding in findings:
        if finding.kind in TOGETHER:
            yield from (group.rows for group in finding.groups)
    if choices.by is None:
        return
    same: dict[str, list[int]] = defaultdict(list)
    known: set[str] = set()
    for number, record in enumerate(rows.records()):
        known |= record["extra"].keys()
        if choices.by in record["extra"]:
            same[record["extra"][choices.by]].append(number)
    if not same:
        listed = ", ".join(sorted(known)) or "none"
        raise DatasetError(f"No row has the field “{choices.by}”.", fix=f"Its other fields are: {listed}.", field="by")
    yield from same.values()


def _groups(dealt: Sequence[int], ties: Iterable[Sequence[int]]) -> list[list[int]]:
    """The rows to deal, in sets that stay together; most are sets of one."""
    sides = _Sides()
    for numbers in ties:
        sides.join(numbers)
    groups: dict[int, list[int]] = defaultdict(list)
    for number in dealt:
        groups[sides.of(number)].append(number)
    return list(groups.values())


def _held_out(
    groups: Sequence[list[int]], sizes: SplitSizes, *, stored_sizes: Sequence[int], draw: random.Random
) -> tuple[list[int], list[int]]:
    """Validation and test rows: groups go in while they fit, and one more where that comes closer to the size asked."""
    if len(groups) < 3:
        raise DatasetError(
            f"Rows that must stay together form {len(groups)} group(s); three are needed.",
            fix="Choose another field to keep together, or none, or add examples.",
        )
    waiting = _spread(groups, stored_sizes, draw)
    test, waiting = _fill(waiting, sizes.test, leave=2)
    validation, _ = _fill(waiting, sizes.validation, leave=1)
    return validation, test


def _spread(groups: Sequence[list[int]], stored_sizes: Sequence[int], draw: random.Random) -> list[list[int]]:
    """The groups in a random order of which every stretch has short and long rows in the same shares."""
    by_size = sorted(groups, key=lambda group: sum(stored_sizes[number] for number in group) / len(group))
    width = -(-len(by_size) // STRATA)
    placed = []
    for start in range(0, len(by_size), width):
        stratum = by_size[start : start + width]
        draw.shuffle(stratum)
        placed += [((place + draw.random()) / len(stratum), group) for place, group in enumerate(stratum)]
    return [group for _, group in sorted(placed)]


def _fill(waiting: Sequence[list[int]], asked: int, *, leave: int) -> tuple[list[int], list[list[int]]]:
    """Rows of the groups that fit, one group more where that comes closer to `asked`; and the groups left over."""
    taken: list[int] = []
    left: list[list[int]] = []
    spare = len(waiting) - leave
    for group in waiting:
        if spare and len(taken) + len(group) <= asked:
            taken += group
            spare -= 1
        else:
            left.append(group)
    smallest, missing = min(left, key=len), asked - len(taken)
    if spare and (not taken or len(smallest) - missing < missing):
        left.remove(smallest)
        taken += smallest
    return taken, left
