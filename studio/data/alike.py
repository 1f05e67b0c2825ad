"""Alike: rows that say nearly the same, and rows made from one template, which are no copies of each other."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from studio.data.differing import opcodes
from studio.data.shingles import Bands, Shingles, concatenated, distinct, mixed, shingled
from studio.data.sides import Sides
from studio.data.words import joined
from studio.data.wordsets import BLOCK_TOKENS, WordSets, blocks

NEAR = 0.7  # likeness of near copies
LOOSE = (0.25, 0.4, 0.55, 0.7)  # likeness that ties a family; a set held together by chains alone is tried tighter
FAMILY_ROWS = 20
SHARED_ROWS, SHARED_WEIGHT = 0.75, 0.25  # a family's common words are in so many rows and carry so much of a row
WITNESSES = 8  # rows beside a pair that are asked whether the words in which it differs are a slot
RAREST = 4  # words of a row, of which close rows share two
KEY_PARTS = 8  # of the keys of pairs of rare words, looked at one after the other
SHOWN_WORDS, PATTERN_WORDS, SLOT = 3, 40, "…"


@dataclass(frozen=True, slots=True)
class Near:
    """A row that is kept (the first) and its near copies, in file order, with their `likeness` to it (0 to 1).

    `reason` says in words how the second differs from the first.
    """

    rows: tuple[int, ...]
    likeness: tuple[float, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Family:
    """Rows made from one template, in file order; `pattern` is what they share, with … where they differ."""

    rows: tuple[int, ...]
    pattern: str


@dataclass(frozen=True, slots=True)
class Alike:
    """Near copies and template families; a row may stand in both only if it repeats a member word for word.

    `close` are sets of rows tied by a likeness of near copies, templates included: a test on one tells what training on
    another has shown.
    """

    near: tuple[Near, ...]
    families: tuple[Family, ...]
    close: tuple[tuple[int, ...], ...] = ()


def alike(texts: Iterable[str], *, left_out: Collection[int] = ()) -> Alike:
    """Near copies and families among `texts`, one whole text per row; rows `left_out` appear nowhere.

    Likeness is the share of words in common, rare words counting more (Jaccard, weighted by inverse document
    frequency). Near copies agree in at least 70 % and have the same numbers, signs and negations. Candidates are
    found with min-hashes of word pairs (Broder 1997), so a few near copies of short texts can be missed.
    """
    with closing(Bands()) as bands:
        return compared(shingled(texts, left_out=frozenset(left_out), bands=bands), bands)


def compared(shingles: Shingles, bands: Bands, *, ties: bool = True, at: Callable[[], object] = lambda: None) -> Alike:
    """The same for texts that were read already, without `ties` nothing `close`; `at` may raise to stop."""
    leaders, twins = _twins(shingles.order)
    first, second = _candidates(bands, leaders, at=at)
    sets = WordSets(shingles)
    likeness = sets.likeness(first, second, at=at)
    families = _families(first, second, likeness, sets)
    pairs = _Pairs(first, second, likeness)
    apart = {place for family in families for place in family}
    near = _near(shingles, sets, pairs, apart=apart, at=at)
    return Alike(
        near=tuple(_as_near(group, twins, shingles) for group in _with_twins(near, twins)),
        families=tuple(_as_family(family, twins, sets) for family in families),
        close=_tied(sets, pairs, leaders, twins, families, at=at) if ties else (),
    )


def _tied(
    sets: WordSets,
    pairs: "_Pairs",
    leaders: NDArray[np.int64],
    twins: dict[int, list[int]],
    families: Sequence[NDArray[np.int64]],
    *,
    at: Callable[[], object],
) -> tuple[tuple[int, ...], ...]:
    """Sets of close rows; a family of which some rows are close is one, since the others are nearly so."""
    more = _candidates_by_rare_words(sets, leaders, at=at)
    measured = (pairs, _Pairs(*more, sets.likeness(*more, at=at)))
    shingles = sets.shingles
    sides = Sides()
    for place, others in twins.items():
        sides.join([place, *others])
    for pairs in measured:
        same = shingles.meaning[pairs.first] == shingles.meaning[pairs.second]
        for place, others in pairs.where((pairs.likeness >= NEAR) & same).partners().items():
            sides.join([place, *others])
    leaders = sides.leaders(len(shingles.numbers))
    for family in families:
        if len(np.unique(leaders[family])) < len(family):
            sides.join(family.tolist())
    leaders = sides.leaders(len(shingles.numbers))
    held: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(np.bincount(leaders, minlength=len(leaders))[leaders] > 1).tolist():
        held[int(leaders[place])].append(int(shingles.numbers[place]))
    return tuple(map(tuple, held.values()))


def _twins(order: NDArray[np.uint64]) -> tuple[NDArray[np.int64], dict[int, list[int]]]:
    """The first place of every sequence of tokens, and the later places that repeat one."""
    _, firsts, inverse = np.unique(order, return_index=True, return_inverse=True)
    leader = firsts[inverse]
    twins: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(leader != np.arange(len(order))).tolist():
        twins[int(leader[place])].append(place)
    return np.sort(firsts), twins


def _candidates(
    bands: Bands, places: NDArray[np.int64], *, at: Callable[[], object]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs that share a band: each row with the one before it and with the first, so their number grows linearly."""
    found: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    for band in (column[places] for column in bands.columns()):
        at()
        order = np.argsort(band, kind="stable")
        sorted_band = band[order]
        is_first = np.append(True, sorted_band[1:] != sorted_band[:-1])[: len(band)]
        first = order[np.flatnonzero(is_first)[np.cumsum(is_first) - 1]] if len(band) else order
        later = np.flatnonzero(~is_first)
        for partner in (first[later], order[later - 1]):
            found.append(partner * len(places) + order[later])
        found = [distinct(np.concatenate(found))]
    return places[found[0] // max(1, len(places))], places[found[0] % max(1, len(places))]


def _candidates_by_rare_words(
    sets: WordSets, places: NDArray[np.int64], *, at: Callable[[], object]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of one meaning that share two of their rarest words, each row with the first such and the one before it.

    A word more or less in a short text changes many of its word pairs, and few of its rarest words.
    """
    rarest = _rarest(sets, places, at=at)
    held, made = [], []
    for one, other in combinations(range(RAREST - 1, -1, -1), 2):
        has = (rarest[:, one] >= 0) & (rarest[:, other] >= 0)
        words = (rarest[has, one] << 32 | rarest[has, other]).astype(np.uint64)
        held.append(places[has])
        made.append(mixed(mixed(words) ^ sets.shingles.meaning[places[has]]))
    of, key = concatenated(held), concatenated(made)
    rows, found = max(1, len(sets.shingles.numbers)), []
    for number in range(KEY_PARTS):
        at()
        part = np.flatnonzero(key % np.uint64(KEY_PARTS) == number)
        order = part[np.lexsort((of[part], key[part]))]
        first, second = _partners(key[order], of[order])
        found.append(np.minimum(first, second) * rows + np.maximum(first, second))
    once = distinct(np.concatenate(found))
    return once // rows, once % rows


def _rarest(sets: WordSets, places: NDArray[np.int64], *, at: Callable[[], object]) -> NDArray[np.int64]:
    """The rarest words of each place in ascending order, with -1 before them where it has fewer."""
    by_rarity = np.argsort(-sets.weights, kind="stable")
    rank = np.empty_like(by_rarity)
    rank[by_rarity] = np.arange(len(by_rarity))
    rarest = np.full((len(places), RAREST), -1, dtype=np.int64)
    for block in blocks(sets.shingles.sizes(places), BLOCK_TOKENS):
        at()
        words, found = sets.matrix(places[block]), rarest[block]
        ranked = np.repeat(np.arange(len(found), dtype=np.int64) << 32, np.diff(words.indptr)) | rank[words.indices]
        ranked.sort()
        for n in range(RAREST):
            has = words.indptr[:-1] + n < words.indptr[1:]
            found[has, n] = by_rarity[ranked[words.indptr[:-1][has] + n] & 0xFFFFFFFF]
    rarest.sort(axis=1)
    return rarest


def _partners(key: NDArray[np.uint64], of: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of sorted keys, each place with the first that has its key, and with the one before it."""
    is_first = np.append(True, key[1:] != key[:-1])[: len(key)]
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1] if len(key) else np.zeros(0, dtype=np.int64)
    later = np.flatnonzero(~is_first)
    return np.concatenate([of[first[later]], of[later - 1]]), np.concatenate([of[later], of[later]])


def _families(
    first: NDArray[np.int64], second: NDArray[np.int64], likeness: NDArray[np.float64], sets: WordSets
) -> list[NDArray[np.int64]]:
    """Sets of at least FAMILY_ROWS places, tied by loose likeness, whose rows do share a pattern."""
    rows = len(sets.shingles.numbers)
    taken = np.zeros(rows, dtype=bool)
    found = []
    for least in LOOSE:
        tied = (likeness >= least) & ~taken[first] & ~taken[second]
        ties = csr_array((np.ones(tied.sum(), dtype=np.int8), (first[tied], second[tied])), shape=(rows, rows))
        _, component = connected_components(ties, directed=False)
        large = np.bincount(component, minlength=1) >= FAMILY_ROWS if rows else np.zeros(1, dtype=bool)
        members = np.flatnonzero(large[component])
        order = members[np.argsort(component[members], kind="stable")]
        for places in np.split(order, np.flatnonzero(np.diff(component[order])) + 1):
            if len(places) and _is_of_one_pattern(places, sets):
                taken[places] = True
                found.append(places)
    return sorted(found, key=lambda places: places[0])


def _is_of_one_pattern(places: NDArray[np.int64], sets: WordSets) -> bool:
    shared = sets.weights[_shared(places, sets)].sum()
    return shared >= SHARED_WEIGHT * np.median(sets.matrix(places) @ sets.weights)


def _shared(places: NDArray[np.int64], sets: WordSets) -> NDArray[np.int64]:
    """The words that most of these rows have."""
    return np.flatnonzero(np.bincount(sets.matrix(places).indices) >= SHARED_ROWS * len(places))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs of places, the earlier one first, with their likeness."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    likeness: NDArray[np.float64]

    def where(self, chosen: NDArray[np.bool_]) -> "_Pairs":
        return _Pairs(self.first[chosen], self.second[chosen], self.likeness[chosen])

    def partners(self) -> dict[int, list[int]]:
        """For every place its partners, most alike first."""
        order = np.lexsort((self.second, self.first, -self.likeness))
        found: dict[int, list[int]] = defaultdict(list)
        for first, second in zip(self.first[order].tolist(), self.second[order].tolist(), strict=True):
            found[first].append(second)
            found[second].append(first)
        return found


def _near(
    shingles: Shingles, sets: WordSets, pairs: _Pairs, *, apart: set[int], at: Callable[[], object]
) -> dict[int, list[tuple[int, float]]]:
    """The near copies of every kept place, each compared with it and not only with another copy."""
    meaning = shingles.meaning
    is_apart = np.isin(pairs.second, np.fromiter(apart, np.int64, len(apart)))
    close = (pairs.likeness >= NEAR) & (meaning[pairs.first] == meaning[pairs.second]) & ~is_apart
    near = pairs.where(close).partners()
    loose = pairs.where((pairs.likeness >= LOOSE[0]) & np.isin(pairs.first, list(near))).partners()
    kept: dict[int, int] = {}
    groups: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for place in sorted(near):
        at()
        leaders = sorted({kept[other] for other in near[place] if other < place})
        for leader in leaders:
            measured = sets.likeness_of(leader, place)
            if measured >= NEAR and not _are_siblings(shingles, leader, place, loose):
                kept[place] = leader
                groups[leader].append((place, measured))
                break
        kept.setdefault(place, place)
    return groups


def _are_siblings(shingles: Shingles, first: int, second: int, loose: dict[int, list[int]]) -> bool:
    """Whether a third row has yet another word where two differ: then that is a slot to fill, not a slip."""
    others = dict.fromkeys(other for one in (first, second) for other in loose[one][:WITNESSES])
    witnesses = [other for other in others if other not in (first, second)]
    if not witnesses:
        return False
    kept = shingles.of(first)
    slots = _replaced(kept, shingles.of(second))
    return any(
        words != slots.get(slot, words)
        for witness in witnesses
        for slot, words in _replaced(kept, shingles.of(witness)).items()
    )


def _replaced(first: list[int], second: list[int]) -> dict[tuple[int, int], list[int]]:
    """What stands in the second text in place of the words of the first, by their place in the first."""
    return {(i, j): second[k:m] for tag, i, j, k, m in opcodes(first, second) if tag == "replace"}


def _with_twins(
    near: dict[int, list[tuple[int, float]]], twins: dict[int, list[int]]
) -> Iterator[list[tuple[int, float]]]:
    """Groups of (place, likeness to the first), in file order: near copies, and whatever repeats one of them."""
    copies = {place for members in near.values() for place, _ in members}
    for leader in sorted({*near, *twins} - copies):
        members = [(leader, 1.0), *near.get(leader, [])]
        yield sorted(members + [(twin, likeness) for place, likeness in members for twin in twins.get(place, [])])


def _as_near(group: list[tuple[int, float]], twins: dict[int, list[int]], shingles: Shingles) -> Near:
    (first, _), (second, _), *_ = group
    return Near(
        rows=tuple(int(shingles.numbers[place]) for place, _ in group),
        likeness=tuple(round(likeness, 4) for _, likeness in group),
        reason=_reason(*([shingles.words[token] for token in shingles.of(place)] for place in (first, second))),
    )


def _reason(first: list[str], second: list[str]) -> str:
    if Counter(first) == Counter(second):
        return "Only punctuation, capitals or spaces differ" if first == second else "Only the order of words differs"
    changed = [code for code in opcodes(first, second) if code[0] != "equal"]
    left = [word for _, start, end, *_ in changed for word in first[start:end]]
    right = [word for *_, start, end in changed for word in second[start:end]]
    if not left:
        return f"Only these words are added: {_quoted(right)}"
    if not right:
        return f"Only these words are missing: {_quoted(left)}"
    only = "Only these" if max(len(left), len(right)) <= SHOWN_WORDS else "These"
    return f"{only} words differ: {_quoted(left)} / {_quoted(right)}"


def _quoted(words: list[str]) -> str:
    return f"“{joined(words[:SHOWN_WORDS])}{' …' if len(words) > SHOWN_WORDS else ''}”"


def _as_family(places: NDArray[np.int64], twins: dict[int, list[int]], sets: WordSets) -> Family:
    shingles = sets.shingles
    everyone = sorted({twin for place in places.tolist() for twin in (place, *twins.get(place, []))})
    shared = set(_shared(places, sets).tolist())
    pattern: list[str] = []
    for token in shingles.of(int(places[0])):
        word = shingles.words[token] if token in shared else SLOT
        if word != SLOT or pattern[-1:] != [SLOT]:
            pattern.append(word)
    if len(pattern) > PATTERN_WORDS:
        pattern = [*pattern[:PATTERN_WORDS], SLOT]
    return Family(tuple(shingles.numbers[everyone].tolist()), joined(pattern))
