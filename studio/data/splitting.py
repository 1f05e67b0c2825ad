"""Splitting: deal the rows into training, validation and test, so that no test row has a twin in training.

Every row has its place in a fixed order that comes from its own words and the seed. Who comes first is held out; so a
row that is added or taken away moves a few others at the edges, and leaves the rest where they were.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.data.kinds import same_value
from studio.data.outline import Outline, outline_of
from studio.data.rows import Rows
from studio.data.shingles import mixed
from studio.data.sides import sides_of
from studio.data.strata import Strata, strata_of
from studio.domain.errors import DatasetError
from studio.domain.split import Bin, SplitChoices
from studio.domain.topics import Topics


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


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Rows that stay together, as they are dealt: `of` each dealt row, and by group its first row, rows and stratum."""

    dealt: NDArray[np.int64]
    of: NDArray[np.int64]
    first: NDArray[np.int64]
    rows: NDArray[np.int64]
    stratum: NDArray[np.int64]


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


def deal(rows: Rows, choices: SplitChoices, *, topics: Topics | None = None) -> Deal:
    """Deal the rows by seed. Copies, contradictions, conversations and rows with one value of `by` share a side.

    Sizes come as close to the asked ones as those groups allow, and each part gets its share of every stratum.
    """
    _check_numbers(choices, count=len(rows))
    outline = outline_of(rows)
    duplicate_of = _duplicates(outline.ties.copies, choices)
    dealt = np.delete(np.arange(len(rows), dtype=np.int64), [*duplicate_of, *choices.removed])
    sizes = split_sizes(len(dealt), held_out=choices.held_out)
    strata = strata_of(rows, outline, topics, stratify=choices.stratify)
    groups = _groups(dealt, together(rows, outline, by=choices.by), strata)
    validation, test = _held_out(groups, sizes, order=_order(groups, outline, strata, seed=choices.seed))
    bins = [Bin.TRAIN] * len(rows)
    for bin, numbers in (
        (Bin.VALIDATION, validation), (Bin.TEST, test), (Bin.DUPLICATE, duplicate_of), (Bin.REMOVED, choices.removed),
    ):  # fmt: skip
        for number in numbers:
            bins[number] = bin
    return Deal(tuple(bins), duplicate_of)


def together(rows: Rows, outline: Outline, *, by: str | None) -> NDArray[np.int64]:
    """The first of the rows that each row must not be separated from; itself where it stands alone."""
    always = outline.ties.together
    return always if by is None else sides_of(len(rows), (), always, same_value(rows, by))


def _check_numbers(choices: SplitChoices, *, count: int) -> None:
    for number in (*choices.removed, *choices.keep, *choices.keep.values()):
        if not 0 <= number < count:
            raise DatasetError(f"There is no row {number}.", fix=f"Rows are numbered from 0 to {count - 1}.")


def _duplicates(sides: NDArray[np.int64], choices: SplitChoices) -> dict[int, int]:
    """For every copy that is left out, the row that is kept; rows removed by hand are in neither place.

    `sides` are the first of its copies for every row.
    """
    asked = _asked_to_keep(choices, sides)
    if choices.keep_copies:
        return {}
    copies = np.flatnonzero(np.bincount(sides, minlength=len(sides))[sides] > 1)
    there = copies[~np.isin(copies, list(choices.removed))]
    groups, at, of = np.unique(sides[there], return_index=True, return_inverse=True)
    kept = there[at]
    for first, number in asked.items():
        if number not in choices.removed and len(group := np.flatnonzero(groups == first)):
            kept[group] = number
    out = there != kept[of]
    return dict(zip(there[out].tolist(), kept[of][out].tolist(), strict=True))


def _asked_to_keep(choices: SplitChoices, sides: NDArray[np.int64]) -> dict[int, int]:
    """The row to keep by side; a choice named by the side's own first row goes before one named by another."""
    asked: dict[int, int] = {}
    for first, kept in sorted(choices.keep.items(), reverse=True):
        if sides[first] != sides[kept]:
            raise DatasetError(
                f"Row {kept} is no copy of row {first}.", fix="Keep one of the rows of the group.", field="keep"
            )
        asked[int(sides[first])] = kept
    return asked


def _groups(dealt: NDArray[np.int64], leaders: NDArray[np.int64], strata: Strata) -> _Groups:
    """The rows to deal, in sets that stay together; a set is of the stratum that most of its rows are of."""
    first, of, rows = np.unique(leaders[dealt], return_inverse=True, return_counts=True)
    held, counts = np.unique(of * len(strata.names) + strata.of[dealt], return_counts=True)
    group, stratum = held // len(strata.names), held % len(strata.names)
    best = np.lexsort((stratum, -counts, group))
    return _Groups(dealt, of, first, rows, stratum[best][np.searchsorted(group[best], np.arange(len(first)))])


def _order(groups: _Groups, outline: Outline, strata: Strata, *, seed: int) -> NDArray[np.int64]:
    """The groups in an order of which every stretch has the same shares of every stratum as the whole.

    Within its stratum, a group stands where the hash of its first row puts it; the strata are merged by the share of
    their rows that comes before, each beginning at a random fraction of a row (systematic sampling; Madow 1944).
    """
    salt = mixed(np.array([seed], dtype=np.int64).astype(np.uint64))
    place = mixed(outline.keys[groups.first] ^ salt)
    begin = mixed(strata.keys ^ mixed(salt))[groups.stratum] / 2.0**64
    within = np.lexsort((place, groups.stratum))  # it is stable, and the groups come by their first rows
    rows, stratum = groups.rows[within], groups.stratum[within]
    total = np.bincount(stratum, weights=rows, minlength=len(strata.names))
    before = np.cumsum(rows) - rows - (np.cumsum(total) - total)[stratum]
    share = np.empty(len(within))
    share[within] = (before + (rows - 1) / 2 + begin[within]) / total[stratum]
    return np.lexsort((place, share))


def _held_out(
    groups: _Groups, sizes: SplitSizes, *, order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Validation and test rows: the test is filled from the one end of the order, validation from the other."""
    if len(groups.first) < 3:
        raise DatasetError(
            f"Rows that must stay together form {len(groups.first)} group(s); three are needed.",
            fix="Choose another field to keep together, or none, or add examples.",
        )
    test = _filled(order, groups.rows, sizes.test, leave=2)
    rest = order[~np.isin(order, test)]
    validation = _filled(rest[::-1], groups.rows, sizes.validation, leave=1)
    return groups.dealt[np.isin(groups.of, validation)], groups.dealt[np.isin(groups.of, test)]


def _filled(order: NDArray[np.int64], rows: NDArray[np.int64], asked: int, *, leave: int) -> list[int]:
    """The first groups that fit, and one more where that comes closer to `asked`; so many groups are left at least."""
    taken: list[int] = []
    missing, spare = asked, len(order) - leave
    for group, size in zip(order.tolist(), rows[order].tolist(), strict=True):
        if not missing or not spare:
            break
        if size <= missing:
            taken.append(group)
            missing -= size
            spare -= 1
    left = order[~np.isin(order, taken)]
    smallest = int(left[np.argmin(rows[left])])
    if spare and (not taken or rows[smallest] - missing < missing):
        taken.append(smallest)
    return taken
