"""Shingles: texts as numbers that can be compared: their words, what changes their meaning, and their min-hashes."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile

import numpy as np
from numpy.typing import NDArray

from studio.data.wording import Stretches, Worded, Wording
from studio.data.words import COUNTS, COUNTS_IN_PLACE

FEWEST_TOKENS = 4  # shorter texts are alike by chance
HASHES, BANDS = 64, 16  # of 4 hashes: pairs that share 70 % of their word pairs meet in some band 98.8 % of the time
IN_MEMORY = 1 << 25  # bytes of bands; more are kept on the disk until they are needed
BLOCK_CHARACTERS = 1 << 20  # texts that are read in one go: what is hashed of them fits the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Shingles:
    """The rows long enough to compare, by place: `numbers` are their row numbers, ascending.

    The tokens of place p are `tokens[starts[p]:starts[p + 1]]`, numbers of `words`; `spread` counts the rows of a word.
    Rows with equal `meaning` have the same numbers, operators, currencies and negations; with equal `order`, the same
    tokens throughout.
    """

    numbers: NDArray[np.int64]
    words: list[str]
    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    spread: NDArray[np.int64]
    meaning: NDArray[np.uint64]
    order: NDArray[np.uint64]

    def sizes(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many tokens each of these places has."""
        return self.starts[places + 1] - self.starts[places]

    def of(self, place: int) -> list[int]:
        """The tokens of one row, in order."""
        return self.tokens[self.starts[place] : self.starts[place + 1]].tolist()


class Bands:
    """Columns of numbers, one for every row, equal where four min-hashes of the word pairs are; read one by one.

    Those of a large file wait on the disk, in a file of `folder` without a name. Whoever makes them closes them.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._sizes: list[int] = []
        self._file = SpooledTemporaryFile(IN_MEMORY, dir=str(folder) if folder else None)  # noqa: SIM115, is closed by `close`

    def close(self) -> None:
        self._file.close()

    def add(self, block: NDArray[np.uint64]) -> None:
        """Take the columns of the next rows, each of them as one row of `block`."""
        self._sizes.append(block.shape[1])
        self._file.write(block.tobytes())

    def columns(self) -> Iterator[NDArray[np.uint64]]:
        """Each column; there is nothing left when all were read."""
        starts = 8 * BANDS * (np.cumsum(self._sizes) - self._sizes)
        with self._file:
            for number in range(BANDS):
                parts = []
                for start, size in zip(starts.tolist(), self._sizes, strict=True):
                    self._file.seek(start + 8 * size * number)
                    parts.append(np.frombuffer(self._file.read(8 * size), dtype=np.uint64))
                yield concatenated(parts)


def shingled(
    texts: Iterable[str], *, left_out: Collection[int] = (), fewest: int = FEWEST_TOKENS, bands: Bands | None = None
) -> Shingles:
    """Read every text once and keep numbers alone; texts of fewer than `fewest` tokens are passed over.

    The min-hashes go to `bands`, where there are any; they take a third of the time.
    """
    wording = Wording()
    shingling = Shingling(wording, fewest=fewest, bands=bands)
    for numbers, block in _blocks(texts, left_out):
        worded, picked = wording.read(block), Stretches()
        for place, number in enumerate(numbers):
            picked.add(number, place, place + 1, whole=worded.whole(place, place + 1))
        shingling.add(worded, picked)
    return shingling.done()


def _blocks(texts: Iterable[str], left_out: Collection[int]) -> Iterator[tuple[list[int], list[str]]]:
    """Texts with their numbers, so many at once."""
    numbers: list[int] = []
    block: list[str] = []
    characters = 0
    for number, text in enumerate(texts):
        if number in left_out:
            continue
        numbers.append(number)
        block.append(text)
        characters += len(text)
        if characters >= BLOCK_CHARACTERS:
            yield numbers, block
            numbers, block, characters = [], [], 0
    yield numbers, block


def distinct(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The values in ascending order, each once; sorts in place, quicker than the hash table of np.unique."""
    values.sort()
    return values[np.append(True, values[1:] != values[:-1])[: len(values)]]


def concatenated(parts: list[np.ndarray]) -> np.ndarray:
    """All parts as one array; the list is emptied on the way, since of a large file both would take gigabytes."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), parts[0].dtype)
    end = len(whole)
    while parts:
        part = parts.pop()
        whole[end - len(part) : end] = part
        end -= len(part)
    return whole


class Shingling:
    """Texts come in by the block, as the words of `wording`, and are hashed."""

    def __init__(self, wording: Wording, *, fewest: int = FEWEST_TOKENS, bands: Bands | None = None) -> None:
        self._wording, self._fewest, self._bands = wording, fewest, bands
        self._spread = np.zeros(0, dtype=np.int64)
        self._blocks: list[tuple[np.ndarray, ...]] = []

    def add(self, worded: Worded, picked: Stretches) -> None:
        """Take these rows; those of few words are passed over."""
        tokens, sizes = self._wording.of(worded, picked)
        is_long = sizes >= self._fewest
        numbers, tokens, sizes = picked.rows[is_long], tokens[np.repeat(is_long, sizes)], sizes[is_long]
        ends = np.cumsum(sizes)
        hashes, roles = self._wording.hashes(tokens), self._wording.roles(tokens)
        self._count(tokens, sizes)
        self._blocks.append(
            (
                numbers,
                sizes,
                tokens,
                _meaning(hashes, roles, ends),
                _order(hashes, sizes, ends),
            )
        )
        if self._bands:
            self._bands.add(_bands(hashes, ends - sizes, ends))

    def done(self) -> Shingles:
        if not self._blocks:
            self.add(self._wording.read([]), Stretches())
        columns = [list(parts) for parts in zip(*self._blocks, strict=True)]
        self._blocks = []
        numbers, sizes, tokens, meaning, order = map(concatenated, columns)
        self._count(tokens[:0], sizes[:0])  # words that came since are in no row of these
        return Shingles(
            numbers=numbers,
            words=self._wording.words,
            tokens=tokens,
            starts=np.concatenate([[0], np.cumsum(sizes)]),
            spread=self._spread,
            meaning=meaning,
            order=order,
        )

    def _count(self, tokens: np.ndarray, sizes: np.ndarray) -> None:
        rows = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        words = distinct(rows << 32 | tokens) & 0xFFFFFFFF
        counts = np.bincount(words, minlength=len(self._wording))
        counts[: len(self._spread)] += self._spread
        self._spread = counts


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit given: the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _row_sums(values: NDArray[np.uint64], ends: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Sums row by row, modulo 2^64, whatever the order within a row."""
    sums = np.cumsum(values, dtype=np.uint64)[ends - 1] if len(ends) else np.zeros(0, dtype=np.uint64)
    return np.diff(sums, prepend=np.uint64(0))


def _meaning(hashes: np.ndarray, roles: np.ndarray, ends: np.ndarray) -> NDArray[np.uint64]:
    """One number per row for the multiset of what changes its meaning; a sign counts with the words beside it."""
    counted = np.zeros(len(hashes), dtype=np.uint64)
    plain = np.flatnonzero(roles == COUNTS)
    counted[plain] = mixed(hashes[plain])
    signs = np.flatnonzero(roles == COUNTS_IN_PLACE)
    padded = np.concatenate([[np.uint64(0)], hashes, [np.uint64(0)]])
    before, after = padded[signs], padded[signs + 2]
    before[np.isin(signs, ends)] = 0
    after[np.isin(signs, ends - 1)] = 0
    counted[signs] = mixed(hashes[signs] + mixed(before * np.uint64(3)) + mixed(after * np.uint64(5)))
    return _row_sums(counted, ends)


def _order(hashes: np.ndarray, sizes: np.ndarray, ends: np.ndarray) -> NDArray[np.uint64]:
    """One number per row for its tokens in their order."""
    places = np.arange(len(hashes), dtype=np.int64) - np.repeat(ends - sizes, sizes)
    return _row_sums(mixed(hashes + mixed(places.astype(np.uint64))), ends)


def _bands(hashes: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> NDArray[np.uint64]:
    """Min-hashes of every row's pairs of neighbouring tokens, four to a band (BANDS x rows)."""
    made = np.zeros((BANDS, len(starts)), dtype=np.uint64)
    if not len(starts):
        return made
    pairs = (mixed(hashes[:-1] * np.uint64(3) + hashes[1:]) >> np.uint64(32)).astype(np.uint32)
    pairs = np.append(pairs, pairs[-1])
    pairs[ends - 1] = pairs[ends - 2]  # no pair reaches into the next row
    factors = mixed(np.arange(1, HASHES + 1, dtype=np.uint64)).astype(np.uint32) | np.uint32(1)
    turned = np.empty_like(pairs)
    for number, factor in enumerate(factors):
        np.multiply(pairs, factor, out=turned)
        smallest = np.minimum.reduceat(turned, starts)
        band = number * BANDS // HASHES
        made[band] = mixed(made[band] + smallest)
    return made
