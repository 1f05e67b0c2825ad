"""Told: what users say in rows that a model learned from, and whether somebody's own prompts are any news to it."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from studio.data.alike import NEAR
from studio.data.said import said_key
from studio.data.shingles import Shingles, shingled
from studio.data.wordsets import WordSets
from studio.domain.row import Message, Row

Matrix = Any  # scipy's csr_array; its own types do not know its shape

COMPARED = 100_000  # rows whose words are compared one by one; that a row says the very same is seen in any number


class Told:
    """What the users of some rows say, read once and then asked often; it knows the rows by their numbers."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._same: dict[str, list[int]] = {}
        self._rows: list[int] = []
        said: list[str] = []
        for row in rows:
            begun: list[Message] = []
            for turn in row.prompt:
                begun.append(turn)
                if turn.role == "user":  # what a conversation begins with was answered there, too
                    self._same.setdefault(said_key(begun), []).append(row.number)
            if begun:
                self._rows.append(row.number)
                said += [_said(begun)] if len(self._rows) <= COMPARED else []
        self._shingles = shingled(said)
        self._vocabulary = {word: place for place, word in enumerate(self._shingles.words)}
        if self._vocabulary:
            self._sets = WordSets(self._shingles)
            self._words: Matrix = self._sets.matrix(np.arange(len(self._shingles.numbers)))
            self._total = self._words @ self._sets.weights

    @property
    def is_whole(self) -> bool:
        """Whether all rows can be found by `near`."""
        return len(self._rows) <= COMPARED

    def same(self, messages: Sequence[Message]) -> Sequence[int]:
        """The rows in which a user says the same, at their end or on the way."""
        return self._same.get(said_key(messages), ())

    def near(self, prompts: Sequence[Sequence[Message]]) -> dict[int, int]:
        """By place, the prompts that are as like a row as near copies are, each with the row that is most like it."""
        asked = shingled(map(_said, prompts))
        if not self._vocabulary or not len(asked.numbers):
            return {}
        weights, total = self._asked(asked)
        shared: Matrix = (self._words @ weights).tocoo()
        likeness = shared.data / (self._total[shared.row] + total[shared.col] - shared.data)
        alike = (likeness >= NEAR) & (self._shingles.meaning[shared.row] == asked.meaning[shared.col])
        found: dict[int, int] = {}
        for place in np.flatnonzero(alike)[np.argsort(-likeness[alike], kind="stable")].tolist():
            row = self._rows[int(self._shingles.numbers[shared.row[place]])]
            found.setdefault(int(asked.numbers[shared.col[place]]), row)
        return found

    def _asked(self, asked: Shingles) -> tuple[Matrix, NDArray[np.int64]]:
        """The words of prompts with their weights, a column each, and what all their words weigh; a word that no row
        has weighs as much as the rarest."""
        known = np.array([self._vocabulary.get(word, -1) for word in asked.words], dtype=np.int64)
        words: Matrix = WordSets(asked).matrix(np.arange(len(asked.numbers)))
        column, word = np.repeat(np.arange(words.shape[0]), np.diff(words.indptr)), known[words.indices]
        weight = np.where(word >= 0, self._sets.weights[word], self._sets.weights.max())
        total = np.bincount(column, weights=weight, minlength=words.shape[0]).astype(np.int64)
        there, shape = word >= 0, (len(self._vocabulary), words.shape[0])
        return csr_array((weight[there], (word[there], column[there])), shape=shape), total


def _said(messages: Sequence[Message]) -> str:
    return "\n".join(turn.content for turn in messages if turn.role == "user")
