"""Wording: many texts at once, normalised and as the numbers of their words.

Arrow parts texts at their spaces and numbers the parts. Punctuation, and what is a word, are then told once for each
different part, of which a thousand texts have few.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from numpy.typing import NDArray

from studio.data.normalising import joined, normalised, unpunctuated
from studio.data.words import role_of, words_of

pc: Any = pyarrow.compute  # makes its functions as it is loaded
_MORE_SPACES = "[\x1c-\x1f]"  # white space to Python, and not to Arrow
_NO_PLAIN_WORD = "[^a-z0-9]"
_REACHING = r"[()\]}–—]"  # whether these are words depends on what stands beyond the next space: a formula, a number


@dataclass(frozen=True, slots=True, eq=False)
class Worded:
    """Texts, `normal`, with the words of text n in `tokens[bounds[n]:bounds[n + 1]]`.

    Where `is_reaching`, or where a text has no words there, they can only be told from the whole of it.
    """

    normal: list[str]
    tokens: NDArray[np.int32]
    bounds: list[int]
    is_reaching: list[bool]

    def whole(self, first: int, end: int) -> str | None:
        """The texts from `first` to before `end` as one, where its words are not those of the texts."""
        if self.bounds[first] < self.bounds[end] and True not in self.is_reaching[first:end]:
            return None
        return joined(self.normal[first:end])


class Stretches:
    """Which texts, one after the other, belong to a row; or what it says, where its words are told from the whole."""

    def __init__(self) -> None:
        self.numbers, self.firsts, self.ends = array("q"), array("q"), array("q")
        self.whole: dict[int, str] = {}  # by place

    @property
    def rows(self) -> NDArray[np.int64]:
        return np.array(self.numbers, dtype=np.int64)

    def add(self, number: int, first: int, end: int, *, whole: str | None = None) -> None:
        if whole is not None:
            self.whole[len(self.numbers)] = whole
        self.numbers.append(number)
        self.firsts.append(first)
        self.ends.append(end)


class Wording:
    """Words by number, in the order in which they came, each with a hash and with the part that it plays."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}
        self._hashes, self._roles = array("Q"), array("b")

    def __len__(self) -> int:
        return len(self._known)

    @property
    def words(self) -> list[str]:
        return list(self._known)

    def hashes(self, tokens: NDArray[np.int32]) -> NDArray[np.uint64]:
        return np.frombuffer(self._hashes, dtype=np.uint64)[tokens]

    def roles(self, tokens: NDArray[np.int32]) -> NDArray[np.int8]:
        return np.frombuffer(self._roles, dtype=np.int8)[tokens]

    def read(self, texts: Sequence[str]) -> Worded:
        """The texts normalised, and their words."""
        folded = [text if text.isascii() else normalised(text) for text in texts]
        spaced = pc.replace_substring_regex(pc.ascii_lower(_column(folded)), _MORE_SPACES, " ")
        parted = pc.ascii_split_whitespace(spaced)
        bounds, parts = _values(parted.offsets), parted.flatten().dictionary_encode()
        of, plain = _values(parts.indices), _plain(parts.dictionary)
        normal = _rejoined(plain, of, bounds)
        is_reaching = _holding(normal, _REACHING)
        tokens, ends = self._numbered(plain, of, np.repeat(~is_reaching, np.diff(bounds)))
        return Worded(
            normal=[said or normalised(text) for said, text in zip(normal.to_pylist(), texts, strict=True)],
            tokens=tokens,
            bounds=ends[bounds].tolist(),
            is_reaching=is_reaching.tolist(),
        )

    def of(self, worded: Worded, picked: Stretches) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The words of rows one after the other, and how many each row has."""
        bounds = np.array(worded.bounds, dtype=np.int64)
        starts = bounds[np.frombuffer(picked.firsts, dtype=np.int64)]
        sizes = bounds[np.frombuffer(picked.ends, dtype=np.int64)] - starts
        spelled = [words_of(text) for text in picked.whole.values()]
        apart = np.fromiter(picked.whole, np.int64, len(spelled))
        sizes[apart] = [len(words) for words in spelled]
        starts[apart] = len(worded.tokens) + np.cumsum(sizes[apart]) - sizes[apart]
        more = self._learned([word for words in spelled for word in words])
        return gathered(np.concatenate([worded.tokens, more]), starts, sizes), sizes

    def _numbered(
        self, plain: list[str], of: NDArray[np.int32], is_used: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The words of all parts that are used, one after the other, and how many there are up to each part."""
        counts = np.zeros(len(plain), dtype=np.int64)
        words: list[str] = []
        for part in np.flatnonzero(np.bincount(of[is_used], minlength=len(plain))).tolist():
            text = plain[part]
            if text.isascii() and text.isalnum():
                counts[part] = 1
                words.append(text)
            elif text:
                spelled = words_of(text)
                counts[part] = len(spelled)
                words += spelled
        sizes = np.where(is_used, counts[of], 0)
        ends = np.concatenate([[0], np.cumsum(sizes)])
        return gathered(self._learned(words), (np.cumsum(counts) - counts)[of], sizes), ends

    def _learned(self, words: Sequence[str]) -> NDArray[np.int32]:
        """The numbers of these words; new ones are learned."""
        for word in sorted(set(words) - self._known.keys()):
            self._known[word] = len(self._known)
            self._hashes.append(int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little"))
            self._roles.append(role_of(word))
        return np.fromiter(map(self._known.__getitem__, words), np.int32, len(words))


def gathered(values: np.ndarray, starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> np.ndarray:
    """The stretches of `values` that begin at `starts`, one after the other."""
    ends = np.cumsum(sizes)
    shift = np.repeat(starts - (ends - sizes), sizes)
    return values[np.arange(len(shift), dtype=np.int64) + shift]


def _plain(parts: Any) -> list[str]:
    """Parts of texts without sentence punctuation, of which nothing may be left."""
    plain: list[str] = parts.to_pylist()
    for place in np.flatnonzero(_holding(parts, _NO_PLAIN_WORD)).tolist():
        plain[place] = unpunctuated(plain[place].replace("`", "'"))
    return plain


def _rejoined(plain: list[str], of: NDArray[np.int32], bounds: NDArray[np.int32]) -> Any:
    """The texts of these parts with a space between, as a column of Arrow."""
    is_left = np.fromiter(map(bool, plain), np.bool_, len(plain))[of]
    ends = np.concatenate([[0], np.cumsum(is_left, dtype=np.int32)]).astype(np.int32)
    parts = _column(plain).take(_whole_numbers(of[is_left]))
    return pc.binary_join(pa.ListArray.from_arrays(_whole_numbers(ends[bounds]), parts), _column([" "])[0])


def _holding(texts: Any, letters: str) -> NDArray[np.bool_]:
    """Which texts of a column hold such letters."""
    return _values(pc.match_substring_regex(texts, letters).cast(pa.uint8())).astype(np.bool_)


def _values(column: Any) -> np.ndarray:
    """What a column of numbers holds."""
    return np.asarray(np.from_dlpack(column))


def _column(texts: Sequence[str]) -> Any:
    """Texts as a column of Arrow, whose own ways would load pandas to ask whether they are of its kind."""
    encoded = [text.encode() for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def _whole_numbers(values: NDArray[np.int32]) -> Any:
    return pa.Int32Array.from_buffers(pa.int32(), len(values), [None, pa.py_buffer(values)])
