"""Settings in the database: what holds for the whole workspace until somebody changes it."""

from typing import Any

from sqlalchemy import select

from studio.store import tables
from studio.store.database import Store


def get(store: Store, name: str) -> Any:
    """What was set; None where nobody has set it."""
    asked = select(tables.settings.c.value).where(tables.settings.c.name == name)
    with store.read() as connection:
        return connection.execute(asked).scalar_one_or_none()


def put(store: Store, name: str, value: Any) -> None:
    """Set it; None takes it away."""
    with store.write() as connection:
        connection.execute(tables.settings.delete().where(tables.settings.c.name == name))
        if value is not None:
            connection.execute(tables.settings.insert().values(name=name, value=value))
