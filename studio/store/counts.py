"""Counts: what an operator's figures are made of, each by one short question."""

from dataclasses import dataclass

from sqlalchemy import func, select

from studio.store import tables
from studio.store.database import Store


@dataclass(frozen=True, slots=True)
class Counts:
    """Jobs by kind and state, and how many attempts and ratings there ever were."""

    jobs: dict[tuple[str, str], int]
    attempts: int
    ratings: int


def counts(store: Store) -> Counts:
    """All of them, of one moment."""
    columns = tables.jobs.c
    by_state = select(columns.kind, columns.state, func.count()).group_by(columns.kind, columns.state)
    with store.read() as connection:
        return Counts(
            jobs={(kind, state): number for kind, state, number in connection.execute(by_state)},
            attempts=connection.execute(select(func.count()).select_from(tables.attempts)).scalar_one(),
            ratings=connection.execute(select(func.count()).select_from(tables.ratings)).scalar_one(),
        )
