"""Outline: what dealing needs to know of every row as it was read, so that an edit later moves no row."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from studio.data.arrays import arrays
from studio.data.atomic import replacing
from studio.data.checks.labels import NAMES, labels_of, plain_label
from studio.data.findings import Column, Digests, load_findings
from studio.data.rows import Rows
from studio.data.sides import Sides
from studio.data.ties import Ties, ties_of
from studio.domain.fields import ANSWER, SOURCE, Field
from studio.domain.finding import Finding

NAME = "outline.npz"
OPENS_MANY = 20  # conversations that go on differently after the same words: more, and the words are a mere greeting
SHOWN_VALUES = 50
COUNTED_FIELDS = 200
COUNTED_VALUES = 20_000
LONGEST_VALUE = 60
COMMON_LABEL = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """By row number: a hash of what the row says, its size in characters, the first row of its conversation, and what
    it is tied to.

    The hash does not depend on capitals, spaces or punctuation, nor on the process or the place in the file.
    """

    keys: NDArray[np.uint64]
    sizes: NDArray[np.int64]
    conversations: NDArray[np.int64]
    ties: Ties
    fields: tuple[Field, ...]

    def __len__(self) -> int:
        return len(self.keys)


class Fields:
    """Counts what rows hold beside their texts, and the labels that answers give, as they go by."""

    def __init__(self) -> None:
        self._values: dict[str, Counter[str]] = {}
        self._rows: Counter[str] = Counter()
        self._seen = 0

    def add(self, extra: Mapping[str, str], answer: str) -> None:
        self._seen += 1
        for name, value in extra.items():
            self._count(SOURCE + name, value.strip())
        for name, value in answer_labels(answer).items():
            self._count(ANSWER + name, value)

    def _count(self, key: str, value: str) -> None:
        if not value or (key not in self._values and len(self._values) == COUNTED_FIELDS):
            return
        counted = self._values.setdefault(key, Counter())
        self._rows[key] += 1
        known = value if len(value) <= LONGEST_VALUE else blake2b(value.encode(), digest_size=LONGEST_VALUE).hexdigest()
        if known in counted or len(counted) < COUNTED_VALUES:
            counted[known] += 1

    def found(self) -> tuple[Field, ...]:
        """The fields of the file, and of the names in the answers those that give labels to a good part of the rows."""
        fields = [self._field(key) for key in self._values]
        often = self._seen * COMMON_LABEL
        return tuple(f for f in fields if f.key.startswith(SOURCE) or (f.has_labels and f.rows >= often))

    def _field(self, key: str) -> Field:
        counted = self._values[key]
        common = [(value, count) for value, count in counted.most_common(SHOWN_VALUES) if len(value) <= LONGEST_VALUE]
        return Field(key, self._rows[key], len(counted), counted.total() > len(counted), tuple(common))


def answer_labels(answer: str) -> dict[str, str]:
    """The labels that an answer gives, by their names; a short answer is a label without a name."""
    found: dict[str, str] = {}
    for place, text in labels_of(answer):
        if place != NAMES:
            found.setdefault(place.removesuffix("="), plain_label(text))
    return found


def outlined(
    digests: Digests, fields: Fields, *, findings: Sequence[Finding], close: Sequence[Sequence[int]] = ()
) -> Outline:
    """The outline of the rows that were read; `close` are sets of rows that are nearly the same, in templates too."""
    conversations = _conversations(digests.normal, digests.exchanges)
    return Outline(
        keys=digests.normal.keys(),
        sizes=np.array(digests.sizes, dtype=np.int64),
        conversations=conversations,
        ties=ties_of(findings, conversations=conversations, close=close),
        fields=fields.found(),
    )


def tied_anew(outline: Outline, findings: Sequence[Finding], *, close: Sequence[Sequence[int]]) -> Outline:
    """The same rows after texts were changed: what belongs together is told anew, the rest is as it was read."""
    return replace(outline, ties=ties_of(findings, conversations=outline.conversations, close=close))


def save_outline(outline: Outline, folder: Path) -> None:
    with replacing(folder / NAME) as file:
        np.savez(
            file,
            keys=outline.keys,
            sizes=outline.sizes,
            conversations=outline.conversations,
            copies=outline.ties.copies,
            together=outline.ties.together,
            fields=np.frombuffer(orjson.dumps([asdict(field) for field in outline.fields]), dtype=np.uint8),
        )


def outline_of(rows: Rows) -> Outline:
    """The outline that was kept when the rows were read; read again for a dataset that is older than outlines."""
    path = rows.path.parent / NAME
    if path.exists():
        with arrays(path) as held:
            if "together" in held:
                return _stored(held)
    return _read_again(rows)


def _stored(held: Mapping[str, NDArray[Any]]) -> Outline:
    found = orjson.loads(held["fields"].tobytes())
    return Outline(
        keys=held["keys"],
        sizes=held["sizes"],
        conversations=held["conversations"],
        ties=Ties(held["copies"], held["together"]),
        fields=tuple(Field(**field | {"common": tuple(map(tuple, field["common"]))}) for field in found),
    )


def _read_again(rows: Rows) -> Outline:
    digests, fields = Digests(), Fields()
    for row, record in zip(rows, rows.records(), strict=True):
        digests.add(row.messages, line=row.line, tools=row.tools, rejected=row.rejected)
        fields.add(record["extra"], row.answer)
    return outlined(digests, fields, findings=load_findings(rows.path.parent))


def _conversations(whole: Column, exchanges: Mapping[int, Sequence[bytes]]) -> NDArray[np.int64]:
    """The first row of the conversation that each row is a part of.

    A hash of a conversation up to an answer is a place in it; rows that pass through one place belong together. What
    many different conversations begin with is a greeting, and ties nothing.
    """
    onwards: dict[bytes, set[bytes]] = defaultdict(set)
    for places in exchanges.values():
        for place, following in pairwise(places):
            onwards[place].add(following)
    begun = np.array([int.from_bytes(place[:8], "little") for place in onwards], dtype=np.uint64)
    through = np.flatnonzero(np.isin(whole.keys(), begun)).tolist()
    first: dict[bytes, int] = {}
    sides = Sides()
    for number in sorted({*exchanges, *through}):
        for place in exchanges.get(number, [whole[number]]):
            if len(onwards.get(place, ())) <= OPENS_MANY:
                sides.join((first.setdefault(place, number), number))
    return sides.leaders(len(whole))
