"""Shingles: texts as numbers that can be compared: their words, what changes their meaning, and their min-hashes."""

import re
from array import array
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from studio.data.normalising import normalised

FEWEST_TOKENS = 4  # shorter texts are alike by chance
HASHES, BANDS = 64, 16  # of 4 hashes: pairs that share 70 % of their word pairs meet in some band 98.8 % of the time
BLOCK_TOKENS = 1 << 18

# Scripts written without spaces, where a character is a token: Thai to Tibetan, Burmese, Khmer, kana, Han.
_SPACELESS = "\u0e00-\u109f\u1780-\u17ff\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACELESS_NOT = "ません|なかった|ない|ไม่"
_RAISED = "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209c\u2150-\u218b\u2460-\u24ff"
_SIGNS = r"+*/\\%^=<>&|~#@$!\[{¢-¥¬°±×÷\u20a0-\u20cf\u2190-\u22ff\u27c0-\u2bff" + _RAISED
_NO_WORD = (
    r"\s\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\xbf×÷\u2000-\u25ff\u27c0-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3006\u3008-\u303f"
)
_WORD = f"[^{_NO_WORD}{_SPACELESS}]+"
# The space before a token goes first: where none begins, all that a token can be would be tried in vain.
_TOKEN = re.compile(
    rf" ?({_WORD}(?:(?:'|(?<=\d)[.,:](?=\d)){_WORD})*(?:\+\+|\#)?"
    rf"|{_SPACELESS_NOT}|[{_SPACELESS}]|[{_SIGNS}]"
    r"|(?<![^\W\d_]{2})-|-(?![^\W\d_]{2})|[–—](?=\s?\d)"  # a minus, not the hyphen of well-known
    r"|(?<=\S):(?=\S)|(?<![\w.])\.(?=\w)"  # x[1:] is not x[:1], .5 is not 5
    r"|(?<=[a-z0-9_])\(|\((?=[^()]{0,40}[\d+*/^=<>%])|[)\]}](?=\s*[-+*/^=<>%\d(])"  # f(x), and brackets of a formula
    r")"
)
_SIGN = re.compile(rf"[{_SIGNS}\-–—:.()\]}}]")
_PLAIN_SPACELESS = re.compile(rf"(?:[{_SPACELESS}])+")

# One of these more or less, and a text says something else. Contractions (n't, French n') are told by their form.
_MEANING = frozenset(
    (
        "not no nor never none neither nobody nothing without cannot true false "
        "nicht nichts kein keine keinen keinem keiner keines nie niemals ohne "
        "pas ne jamais sans aucun aucune non nunca sin ningún ninguna ni mai senza não sem "
        "niet geen nooit zonder не нет ни без никогда nie bez nigdy ikke inte ingen aldrig değil لا لم لن ليس "
        "不 没 沒 无 無 未 非 别 別 勿 ません なかった ない ไม่ 안 못 "
        "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand million "
        "usd eur gbp jpy cny rmb chf inr dollar dollars euro euros pound pounds yen yuan rupee rupees franc francs 元"
    ).split()
)
_PLAIN, _COUNTS, _COUNTS_IN_PLACE = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Shingles:
    """The rows long enough to compare, by place: `numbers` are their row numbers, ascending.

    The tokens of place p are `tokens[starts[p]:starts[p + 1]]`, numbers of `words`; `spread` counts the rows of a word.
    Rows with equal `meaning` have the same numbers, operators, currencies and negations; with equal `order`, the same
    tokens throughout. `bands` (places x BANDS) are equal where four min-hashes of the word pairs are.
    """

    numbers: NDArray[np.int64]
    words: list[str]
    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]
    spread: NDArray[np.int64]
    meaning: NDArray[np.uint64]
    order: NDArray[np.uint64]
    bands: NDArray[np.uint64]

    def sizes(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many tokens each of these places has."""
        return self.starts[places + 1] - self.starts[places]

    def of(self, place: int) -> list[int]:
        """The tokens of one row, in order."""
        return self.tokens[self.starts[place] : self.starts[place + 1]].tolist()


def shingled(
    texts: Iterable[str], *, left_out: Collection[int] = (), fewest: int = FEWEST_TOKENS, banded: bool = True
) -> Shingles:
    """Read every text once and keep numbers alone; texts of fewer than `fewest` tokens are passed over.

    Without `banded` there are no bands, which take a third of the time.
    """
    shingling = Shingling(fewest=fewest, bands=BANDS if banded else 0)
    for number, text in enumerate(texts):
        if number not in left_out:
            shingling.add(number, normalised(text))
    return shingling.done()


def joined(words: Iterable[str]) -> str:
    """Words as a reader writes them: no spaces within Chinese, Japanese or Thai."""
    written: list[str] = []
    after_spaceless = True
    for word in words:
        is_spaceless = _PLAIN_SPACELESS.fullmatch(word) is not None
        written.append(word if not written or (after_spaceless and is_spaceless) else f" {word}")
        after_spaceless = is_spaceless
    return "".join(written)


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


def tokenised(text: str) -> list[str]:
    """Words, single characters of scripts without spaces, and the signs that change a meaning; the rest is dropped."""
    return _tokens(normalised(text))


def _tokens(normal: str) -> list[str]:
    if normal.isascii() and normal.replace(" ", "").isalnum():
        return normal.split(" ")  # words alone, as in most prose
    return _TOKEN.findall(normal)


def changes_meaning(word: str) -> bool:
    """Whether one of these words more or less makes another statement: a number, a sign, a currency, a negation."""
    return _role(word) != _PLAIN


class Shingling:
    """Texts come in one by one, normalised, and are hashed in blocks that fit the processor's cache."""

    def __init__(self, *, fewest: int = FEWEST_TOKENS, bands: int = BANDS) -> None:
        self._fewest, self._bands = fewest, bands
        self._known: dict[str, int] = {}
        self._hashes = array("Q")
        self._roles = array("b")
        self._spread = np.zeros(0, dtype=np.int64)
        self._numbers, self._sizes = array("q"), array("q")
        self._waiting: list[str] = []
        self._blocks: list[tuple[np.ndarray, ...]] = []
        self._hashed = 0

    def add(self, number: int, text: str) -> None:
        tokens = _tokens(text)
        if len(tokens) < self._fewest:
            return
        self._numbers.append(number)
        self._sizes.append(len(tokens))
        self._waiting += tokens
        if len(self._waiting) >= BLOCK_TOKENS:
            self._hash_block()

    def done(self) -> Shingles:
        if self._waiting or not self._blocks:
            self._hash_block()
        columns = [list(parts) for parts in zip(*self._blocks, strict=True)]
        self._blocks = []
        tokens, meaning, order, bands = map(concatenated, columns)
        starts = np.concatenate([[0], np.cumsum(np.array(self._sizes, dtype=np.int64))])
        words, self._known = list(self._known), {}
        return Shingles(
            numbers=np.array(self._numbers, dtype=np.int64),
            words=words,
            tokens=tokens,
            starts=starts,
            spread=self._spread,
            meaning=meaning,
            order=order,
            bands=bands,
        )

    def _hash_block(self) -> None:
        self._learn(sorted(set(self._waiting) - self._known.keys()))
        tokens = np.fromiter(map(self._known.__getitem__, self._waiting), np.int32, len(self._waiting))
        sizes = np.array(self._sizes[self._hashed :], dtype=np.int64)
        ends = np.cumsum(sizes)
        hashes = np.frombuffer(self._hashes, dtype=np.uint64)[tokens]
        roles = np.frombuffer(self._roles, dtype=np.int8)[tokens]
        self._count(tokens, sizes)
        self._blocks.append(
            (
                tokens,
                _meaning(hashes, roles, ends),
                _order(hashes, sizes, ends),
                _bands(hashes, ends - sizes, ends, bands=self._bands),
            )
        )
        self._hashed = len(self._sizes)
        self._waiting = []

    def _learn(self, words: list[str]) -> None:
        for word in words:
            self._known[word] = len(self._known)
            self._hashes.append(int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little"))
            self._roles.append(_role(word))

    def _count(self, tokens: np.ndarray, sizes: np.ndarray) -> None:
        rows = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        words = distinct(rows << 32 | tokens) & 0xFFFFFFFF
        counts = np.bincount(words, minlength=len(self._known))
        counts[: len(self._spread)] += self._spread
        self._spread = counts


def _role(word: str) -> int:
    if _SIGN.fullmatch(word):
        return _COUNTS_IN_PLACE
    has_number = any(character.isnumeric() for character in word) and word != "一"  # 一 is as often an article
    is_name = word.endswith(("++", "#", "n't"))
    return _COUNTS if has_number or is_name or word in _MEANING or word.startswith("n'") else _PLAIN


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
    plain = np.flatnonzero(roles == _COUNTS)
    counted[plain] = mixed(hashes[plain])
    signs = np.flatnonzero(roles == _COUNTS_IN_PLACE)
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


def _bands(hashes: np.ndarray, starts: np.ndarray, ends: np.ndarray, *, bands: int) -> NDArray[np.uint64]:
    """Min-hashes of every row's pairs of neighbouring tokens, four to a band (rows x `bands`)."""
    made = np.zeros((len(starts), bands), dtype=np.uint64)
    if not len(starts) or not bands:
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
        made[:, band] = mixed(made[:, band] + smallest)
    return made
