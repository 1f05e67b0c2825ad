"""Kinds: which rows hold the same in a field; kept beside the rows, so that a deal need not read what they say.

Kept are the fields that people are offered to deal by; for any other one the rows are read when it is asked for.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from studio.data.arrays import arrays
from studio.data.atomic import replacing
from studio.data.outline import answer_labels
from studio.data.rows import Rows, load_rows
from studio.domain.errors import DatasetError
from studio.domain.fields import ANSWER, SOURCE, Field
from studio.domain.row import messages_from

NAME = "kinds.npz"
KINDS, FIRST = "kinds", "first"  # of a file: the kind of each row, and the first of the rows that hold the same
DIGEST_BYTES = 16
MOST_BYTES = 1 << 28  # of digests while they are gathered, so in very large files not of every field
OTHER_WAY = "Spread by length, or by a field."


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """The kind of every row by row number, and what each kind holds; they are numbered as they first occur.

    Rows that lack the field are a kind without a name.
    """

    of: NDArray[np.int64]
    names: tuple[str, ...]


def kinds_of(rows: Rows, key: str) -> Kinds:
    """The kinds of rows by a field of the file, or by a label that answers give; DatasetError where no row has it."""
    kept = _kept(rows.path.parent, KINDS, key)
    kinds = _as_edited(rows, key, *kept) if kept else _read(rows, key)
    if any(kinds.names):
        return kinds
    if key.startswith(ANSWER):
        told = f"No answer gives a label called “{key.removeprefix(ANSWER)}”."
        raise DatasetError(told, fix=OTHER_WAY, field="stratify")
    raise _no_such_field(rows, key, part="stratify")


def same_value(rows: Rows, field: str) -> NDArray[np.int64]:
    """The first of the rows that hold the same in a field of the file; itself for a row that lacks it.

    DatasetError where no row has it. People change what a row says, never its other fields.
    """
    key = SOURCE + field
    if kept := _kept(rows.path.parent, FIRST, key):
        return kept[0]
    first: dict[str, int] = {}
    leaders = [first.setdefault(value, n) if value else n for n, (value,) in enumerate(_values(rows, [key]))]
    if not first:
        raise _no_such_field(rows, key, part="by")
    return np.array(leaders, dtype=np.int64)


def save_kinds(folder: Path, fields: Sequence[Field], *, at: Callable[[float], None] = lambda _: None) -> None:
    """Keep the kinds of the rows as they were read, for the fields that are offered; `at` hears the share."""
    rows = load_rows(folder)
    labels = [field.key for field in fields if field.has_labels]
    repeated = [field.key for field in fields if field.is_source and field.repeats]
    repeated = repeated[: MOST_BYTES // (max(len(rows), 1) * DIGEST_BYTES)]
    places: list[dict[str, int]] = [{} for _ in labels]
    kinds, digests = [array("i") for _ in labels], [bytearray() for _ in repeated]
    for number, values in enumerate(_values(rows, keys) if (keys := [*labels, *repeated]) else ()):
        at(number / len(rows))
        for value, known, held in zip(values, places, kinds, strict=False):
            held.append(known.setdefault(value, len(known)))
        for value, held in zip(values[len(labels) :], digests, strict=True):
            held += blake2b(value.encode(), digest_size=DIGEST_BYTES).digest() if value else bytes(DIGEST_BYTES)
    facts = {KINDS: dict(zip(labels, map(list, places), strict=True)), FIRST: dict.fromkeys(repeated)}
    arrays: dict[str, Any] = {f"{KINDS}-{n}": np.array(held, dtype=np.int32) for n, held in enumerate(kinds)}
    arrays |= {f"{FIRST}-{n}": _first(held) for n, held in enumerate(digests)}
    with replacing(folder / NAME) as file:
        np.savez(file, facts=np.frombuffer(orjson.dumps(facts), dtype=np.uint8), **arrays)


def _kept(folder: Path, part: str, key: str) -> tuple[NDArray[np.int64], list[str]] | None:
    """What is kept of a field, and the names of its kinds; None where that is nothing."""
    if not (folder / NAME).exists():
        return None
    with arrays(folder / NAME) as held:
        known = orjson.loads(held["facts"].tobytes())[part]
        if key not in known:
            return None
        return held[f"{part}-{list(known).index(key)}"].astype(np.int64), known[key]


def _as_edited(rows: Rows, key: str, of: NDArray[np.int64], names: list[str]) -> Kinds:
    """The kinds after people changed some rows: numbered anew, since others may occur first, or none any more."""
    if not rows.edited:
        return Kinds(of, tuple(names))
    known = {name: kind for kind, name in enumerate(names)}
    edited = _chosen(map(_whole, map(rows.record, rows.edited)), [key])
    for number, (value,) in zip(rows.edited, edited, strict=True):
        of[number] = known.setdefault(value, len(known))
    there, first, place = np.unique(of, return_index=True, return_inverse=True)
    order = np.argsort(first)
    names = list(known)
    return Kinds(np.argsort(order)[place], tuple(names[kind] for kind in there[order].tolist()))


def _read(rows: Rows, key: str) -> Kinds:
    places: dict[str, int] = {}
    of = [places.setdefault(value, len(places)) for (value,) in _values(rows, [key])]
    return Kinds(np.array(of, dtype=np.int64), tuple(places))


def _values(rows: Rows, keys: Sequence[str]) -> Iterator[list[str]]:
    """What every row holds in these fields; texts are read only for what answers say."""
    if any(key.startswith(ANSWER) for key in keys):
        return _chosen(map(_whole, rows.records()), keys)
    return _chosen(((extra, {}) for extra in rows.extras()), keys)


def _whole(record: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """The other fields of a row, and the labels of its answer."""
    return record["extra"], answer_labels(messages_from(record["messages"][-1:])[0].text)


def _chosen(held: Iterable[tuple[dict[str, str], dict[str, str]]], keys: Sequence[str]) -> Iterator[list[str]]:
    """Of each row the values of these fields; empty where it lacks one."""
    named = [(key.startswith(SOURCE), key.partition(":")[2]) for key in keys]
    for extra, labels in held:
        yield [extra.get(name, "").strip() if is_source else labels.get(name, "") for is_source, name in named]


def _first(digests: bytearray) -> NDArray[np.int32]:
    """The first row of each digest by row number; a row without one is its own."""
    held = np.frombuffer(digests, dtype=f"S{DIGEST_BYTES}")
    _, first, place = np.unique(held, return_index=True, return_inverse=True)
    return np.where(held == b"", np.arange(len(held)), first[place]).astype(np.int32)


def _no_such_field(rows: Rows, key: str, *, part: str) -> DatasetError:
    known = {name for extra in rows.extras() for name in extra}
    fix = f"Its other fields are: {', '.join(sorted(known)) or 'none'}."
    return DatasetError(f"No row has the field “{key.removeprefix(SOURCE)}”.", fix=fix, field=part)
