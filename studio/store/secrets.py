"""Secrets in the database: whoever holds one is found by its SHA-256, which is all that is kept of it."""

from typing import Any

from sqlalchemy import Row, Table, select

from studio.store.database import Store


def row_of(store: Store, table: Table, secret: str) -> Row[Any] | None:
    """The row of a table whose secret has this hash, whether it still counts or not."""
    with store.read() as connection:
        return connection.execute(select(table).where(table.c.secret == secret)).one_or_none()
