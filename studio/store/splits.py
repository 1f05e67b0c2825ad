"""Splits in the database: never changed once dealt, so that a run can always name the rows it learned from."""

from datetime import UTC, datetime
from functools import lru_cache

from pydantic import TypeAdapter
from sqlalchemy import select

from studio.domain.errors import DatasetError
from studio.domain.split import Bin, Split, SplitChoices
from studio.store import tables
from studio.store.database import Store

# One letter per row: 100,000 rows are 100 kB.
LETTER = {
    Bin.TRAIN: "t",
    Bin.VALIDATION: "v",
    Bin.TEST: "s",
    Bin.DUPLICATE: "d",
    Bin.TOO_LONG: "l",
    Bin.UNWRITTEN: "u",
    Bin.MALFORMED: "m",
    Bin.REMOVED: "r",
}
BIN = {letter: bin for bin, letter in LETTER.items()}
CHOICES = TypeAdapter(SplitChoices)


def add(store: Store, split: Split) -> Split:
    with store.write() as connection:
        connection.execute(
            tables.splits.insert().values(
                id=split.id,
                dataset_id=split.dataset_id,
                created_at=datetime.now(UTC),
                choices=CHOICES.dump_python(split.choices, mode="json"),
                duplicate_of=split.duplicate_of,
                bins="".join(map(LETTER.__getitem__, split.bins)),
            )
        )
    return split


def get(store: Store, split_id: str) -> Split:
    """The split; DatasetError when there is none."""
    with store.read() as connection:
        known = connection.execute(select(tables.splits.c.id).where(tables.splits.c.id == split_id)).one_or_none()
    if known is None:
        raise DatasetError(f"There is no split called {split_id}.", fix="Open the dataset to deal its rows.")
    return _kept(store, split_id)


def dealt_at(store: Store, split_id: str) -> datetime:
    """When the rows were dealt so."""
    with store.read() as connection:
        question = select(tables.splits.c.created_at).where(tables.splits.c.id == split_id)
        return connection.execute(question).scalar_one()


def latest(store: Store, dataset_id: str) -> Split | None:
    """The split of a dataset that was dealt last."""
    columns = tables.splits.c
    question = select(columns.id).where(columns.dataset_id == dataset_id)
    with store.read() as connection:
        newest = question.order_by(columns.created_at.desc(), columns.id.desc()).limit(1)
        split_id = connection.execute(newest).scalar_one_or_none()
    return _kept(store, split_id) if split_id else None


@lru_cache(maxsize=4)  # a split never changes, and one click asks for the same one several times
def _kept(store: Store, split_id: str) -> Split:
    with store.read() as connection:
        row = connection.execute(select(tables.splits).where(tables.splits.c.id == split_id)).one()
    return Split(
        id=row.id,
        dataset_id=row.dataset_id,
        choices=CHOICES.validate_python(row.choices),
        bins=tuple(map(BIN.__getitem__, row.bins)),
        duplicate_of={int(number): kept for number, kept in row.duplicate_of.items()},
    )
