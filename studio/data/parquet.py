"""Parquet: the records of a Parquet file in order, a few at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from studio.data.entry import Entry, Tell
from studio.data.problem import Problem
from studio.data.tables import distinct, entry, listed
from studio.data.unpacking import LIMITS
from studio.domain.errors import DatasetError

AT_ONCE = 256
BUFFER = 1 << 20
UNREADABLE = "This value cannot be read."
UNKNOWN = "\ufffd"
READABLE = "Write texts as UTF-8 text, and dates between the years 1 and 9999."


def entries(path: Path, *, tell: Tell) -> Iterator[Entry]:
    """Every record; `line` is its number from 1. Lists and objects are kept, null stays null, NaN becomes null."""
    import pyarrow.parquet as pq  # takes a moment to load, and few uploads are Parquet

    size, number, read = path.stat().st_size, 0, 0
    with _told_if_damaged(), pq.ParquetFile(path, buffer_size=BUFFER, page_checksum_verification=True) as file:
        distinct(file.schema_arrow.names)
        rows = max(file.metadata.num_rows, 1)
        tell(f"Read as a Parquet file with the columns {listed(file.schema_arrow.names)}.")
        for batch in file.iter_batches(batch_size=AT_ONCE, use_threads=False):
            for place, value in enumerate(_values(batch)):
                number += 1
                raw, problem = _json(value), None
                if raw is None:
                    raw, problem = _unreadable(batch.slice(place, 1))
                read += len(raw)
                yield entry(number, raw, size * number // rows, problem=problem, column=None)
            LIMITS.check(read, packed=size)


@contextmanager
def _told_if_damaged() -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise DatasetError(
            "This Parquet file is damaged, was cut off, or holds something that is not read.",
            fix="Write it again, or save it as JSONL.",
        ) from error


def _values(batch: Any) -> list[dict[str, Any] | None]:
    """The records of a batch; None for one with a value that Python cannot hold."""
    try:
        return batch.to_pylist()
    except (ValueError, OverflowError):
        return [_value(batch.slice(place, 1)) for place in range(batch.num_rows)]


def _value(record: Any) -> dict[str, Any] | None:
    try:
        return record.to_pylist()[0]
    except (ValueError, OverflowError):
        return None


def _unreadable(record: Any) -> tuple[bytes, Problem]:
    """A record with a value that cannot be read: what can be, with � for what cannot, and the first that it is."""
    held, unread = {}, []
    for name in record.schema.names:
        value = _value(record.select([name]))
        if value is None or _json(value) is None:
            value = {name: UNKNOWN}
            unread.append(name)
        held |= value
    return orjson.dumps(held, default=_as_text), Problem(UNREADABLE, READABLE, field=next(iter(unread), None))


def _json(value: dict[str, Any] | None) -> bytes | None:
    """The record as JSON; None when it has a value that Python or JSON cannot hold."""
    try:
        return None if value is None else orjson.dumps(value, default=_as_text)
    except TypeError:
        return None


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):  # text, where a program did not say that it is
        return value.decode("utf-8")
    if isinstance(value, Decimal | timedelta):
        return str(value)
    return value.isoformat()
