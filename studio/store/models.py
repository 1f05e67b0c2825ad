"""Models in the database: the folders that people added from this machine."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from studio.domain.errors import RecipeError
from studio.store import jobs, tables
from studio.store.database import Store


@dataclass(frozen=True, slots=True)
class AddedModel:
    """A model folder by the name that its own files give it."""

    id: str
    title: str
    path: Path
    added_at: datetime


def add(store: Store, *, id: str, title: str, path: Path) -> AddedModel:
    """Remember a folder; the same folder again is the model that it already is."""
    values = {"id": id, "title": title, "path": str(path), "added_at": datetime.now(UTC)}
    with store.write() as connection:
        jobs.insert_or_ignore(connection, tables.models, values, conflict=["path"])
        row = connection.execute(select(tables.models).where(tables.models.c.path == str(path))).one()
    return AddedModel(row.id, row.title, Path(row.path), row.added_at)


def all(store: Store) -> list[AddedModel]:
    """Every added model, in the order in which they were added."""
    with store.read() as connection:
        rows = connection.execute(select(tables.models).order_by(tables.models.c.added_at, tables.models.c.id))
        return [AddedModel(row.id, row.title, Path(row.path), row.added_at) for row in rows]


def remove(store: Store, model_id: str) -> None:
    """Forget a folder; its files stay. RecipeError when it is not known."""
    with store.write() as connection:
        gone = connection.execute(tables.models.delete().where(tables.models.c.id == model_id))
        if gone.rowcount != 1:
            raise RecipeError(f"There is no added model called {model_id}.", fix="Pick one of those listed.")
