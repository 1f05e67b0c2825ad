"""Rows: the good rows of a dataset, read from disk one at a time, and the lines that were refused.

`rows.jsonl` is what was read from the file and never changes, and `rows.npy` where each row starts in it, so that a
click need not look for that. `edited.jsonl`, where there is one, holds the rows that people changed, each with its row
number, and stands in for them.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, overload

import numpy as np
import orjson

from studio.data.arrays import mapped
from studio.data.atomic import replacing
from studio.domain.dataset import Reject
from studio.domain.errors import DatasetError
from studio.domain.excerpt import Excerpt
from studio.domain.row import Row, row_from

ROWS, OFFSETS = "rows.jsonl", "rows.npy"
WORKING = "checks"  # the folder of the checks beside the rows while they are at work
TOOL_KEYS = (b'"tools":', b'"calls":', b'"role":"tool"')
CHUNK_BYTES = 1 << 24
EXTRA = b',"extra":'  # comes after the texts of a row, as it is stored


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """All rows of a dataset by row number; only their places in the file, and those that were edited, are in memory."""

    path: Path
    offsets: np.ndarray
    edited: dict[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> list[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | list[Row]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        return row_from(number, self.record(number))

    def __iter__(self) -> Iterator[Row]:
        for number, record in enumerate(self.records()):
            yield row_from(number, record)

    def only(self, numbers: Iterable[int]) -> Iterator[Row]:
        """These rows in the order of the file; of the others nothing is read."""
        with self.path.open("rb") as file:
            for number in sorted(numbers):
                yield row_from(number, orjson.loads(self.edited.get(number) or self._line(number, file)))

    @contextmanager
    def at_hand(self) -> Iterator[Callable[[int], Row]]:
        """Rows by their numbers while the block runs, for many of them: the file is opened once."""
        with self.path.open("rb") as file:
            yield lambda number: row_from(number, orjson.loads(self.edited.get(number) or self._line(number, file)))

    def records(self) -> Iterator[dict[str, Any]]:
        """Every row as stored: line, messages, extra, and tools and rejected where it has them."""
        return map(orjson.loads, self.lines())

    def lines(self) -> Iterator[bytes]:
        """Every row as it is written, with its line end."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file):
                yield self.edited.get(number, line)

    def extras(self) -> Iterator[dict[str, str]]:
        """The fields of every row that play no part in training, as text; ten times as quick as all records.

        No text holds the letters that are looked for: a quotation mark in a text has a backslash before it.
        """
        for line in self.lines():
            place = line.find(EXTRA)
            yield orjson.loads(line if place < 0 else b"{" + line[place + 1 :])["extra"]

    def record(self, number: int) -> dict[str, Any]:
        """One row as stored."""
        if not 0 <= number < len(self):
            raise IndexError(f"row {number} of {len(self)}")
        if number in self.edited:
            return orjson.loads(self.edited[number])
        with self.path.open("rb") as file:
            return orjson.loads(self._line(number, file))

    def extra(self, number: int) -> dict[str, str]:
        """The fields of the source row that play no part in training, as text."""
        return self.record(number)["extra"]

    def _line(self, number: int, file: BinaryIO) -> bytes:
        start, end = int(self.offsets[number]), int(self.offsets[number + 1])
        file.seek(start)
        return file.read(end - start)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The stored size of every row in bytes."""
        held = np.diff(self.offsets)
        for number, line in self.edited.items():
            held[number] = len(line)
        return tuple(held.tolist())


def uses_tools(folder: Path) -> bool:
    """Whether any row has tools, calls, or results of tools; no text holds these letters, as with `extras`."""
    if not (folder / ROWS).is_file():
        return False
    return any(key in line for line in load_rows(folder).lines() for key in TOOL_KEYS)


def load_rows(folder: Path) -> Rows:
    """The rows of a dataset folder; parses those alone that were edited."""
    insist_on_rows(folder)
    return Rows(folder / ROWS, _offsets(folder), _edited(folder / "edited.jsonl"))


def insist_on_rows(folder: Path) -> None:
    """DatasetError where a dataset folder has lost its rows."""
    if not (folder / ROWS).is_file():
        raise DatasetError(
            "The rows of this dataset are no longer on the disk: something other than the studio deleted them.",
            fix="Put its folder back from a backup, or bring the file in again.",
        )


def save_offsets(folder: Path) -> None:
    """Write down where each row of a folder starts, once they are all there."""
    with replacing(folder / OFFSETS) as file:
        np.save(file, _found(folder / ROWS))


def _offsets(folder: Path) -> np.ndarray:
    """What was written down, mapped into memory; found anew where that is not there, or of another file."""
    path, known = folder / ROWS, folder / OFFSETS
    if known.exists():
        offsets = mapped(known)
        if offsets[-1] == path.stat().st_size:
            return offsets
    return _found(path)


def _found(path: Path) -> np.ndarray:
    found = [np.zeros(1, dtype=np.int64)]
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.append(np.flatnonzero(np.frombuffer(chunk, dtype=np.uint8) == ord("\n")) + (done + 1))
            done += len(chunk)
    return np.concatenate(found)


def _edited(path: Path) -> dict[int, bytes]:
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {orjson.loads(line)["number"]: line for line in file}


def load_rejects(folder: Path, *, limit: int | None = None) -> list[Reject]:
    """The first `limit` refused lines of a dataset folder, or all of them."""
    path = folder / "rejects.jsonl"
    if not path.exists():  # the file as a whole was refused, before its first line
        return []
    with path.open("rb") as file:
        return [_reject(orjson.loads(line)) for line in islice(file, limit)]


def _reject(record: dict[str, Any]) -> Reject:
    if around := record.get("excerpt"):
        record["excerpt"] = Excerpt(**around)
    return Reject(**record)
