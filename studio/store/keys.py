"""Keys in the database: for programs, each known by its SHA-256."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from studio.domain.access import Key, Scope
from studio.store import access_tables, secrets
from studio.store.database import Store

_keys = access_tables.keys.c


def add(connection: Connection, key: Key, secret: str) -> Key:
    """Keep a new one; `secret` is the hash."""
    values = {"id": key.id, "person_id": key.person_id, "secret": secret, "label": key.label, "scope": key.scope.value}
    connection.execute(
        access_tables.keys.insert().values(**values, created_at=key.created_at, expires_at=key.expires_at),
    )
    return key


def of_secret(store: Store, secret: str) -> Key | None:
    """The key of this hash, whether it still holds or not."""
    row = secrets.row_of(store, access_tables.keys, secret)
    return None if row is None else _key(row)


def all(store: Store) -> list[Key]:
    """Every key, those that hold no more included, in the order in which they were made."""
    with store.read() as connection:
        found = connection.execute(select(access_tables.keys).order_by(_keys.created_at, _keys.id))
        return [_key(row) for row in found]


def used(store: Store, key_id: str, *, at: datetime) -> None:
    with store.write() as connection:
        connection.execute(update(access_tables.keys).where(_keys.id == key_id).values(used_at=at))


def revoke(connection: Connection, *, at: datetime, id: str | None = None, person_id: str | None = None) -> int:
    """Take back one key or all of a person; how many held before."""
    taken = update(access_tables.keys).where(_keys.revoked_at.is_(None)).values(revoked_at=at)
    taken = taken.where(_keys.id == id) if id is not None else taken.where(_keys.person_id == person_id)
    return connection.execute(taken).rowcount


def _key(row: Row[Any]) -> Key:
    scope = Scope(row.scope)
    return Key(row.id, row.person_id, row.label, scope, row.created_at, row.expires_at, row.used_at, row.revoked_at)
