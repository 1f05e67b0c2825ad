"""Rows: read the numbered rows of a dataset folder for training and answering."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from studio.domain.errors import DatasetError
from studio.domain.row import Row, record_of, row_from


def read_rows(dataset: Path, numbers: Iterable[int]) -> list[Row]:
    """The rows with these numbers, in the order asked for; a number that the dataset lacks is a DatasetError."""
    wanted = list(numbers)
    needed = set(wanted)
    found: dict[int, Row] = {}
    edited = _edited(dataset / "edited.jsonl")
    with (dataset / "rows.jsonl").open("rb") as file:
        for number, line in enumerate(file):
            if number in needed:
                found[number] = row_from(number, json.loads(edited.get(number, line)))
    missing = needed - found.keys()
    if missing:
        raise DatasetError(
            f"The dataset has no row {min(missing)}.", fix="Bring the file again and split it anew before you train."
        )
    return [found[number] for number in wanted]


def rows_fingerprint(rows: Sequence[Row]) -> str:
    """SHA-256 of the rows' words in their order, 16 hex digits."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(json.dumps([[m.role, m.content] for m in row.messages], ensure_ascii=False).encode())
        if row.uses_tools:
            digest.update(json.dumps(record_of(row.messages, tools=row.tools), ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()[:16]


def _edited(path: Path) -> dict[int, bytes]:
    """Rows that people changed, by number; they stand in for those of the file."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return {json.loads(line)["number"]: line for line in file}
