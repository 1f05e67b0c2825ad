"""Doors in the database: addresses that work once, each known by the SHA-256 of its token."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from studio.domain.access import Door, DoorKind, Role
from studio.store import access_tables, secrets
from studio.store.database import Store

_doors = access_tables.doors.c


def add(connection: Connection, door: Door, secret: str) -> Door:
    """Keep a new one; `secret` is the hash."""
    values = {"id": door.id, "kind": door.kind.value, "secret": secret, "role": door.role.value, "label": door.label}
    values |= {"person_id": door.person_id, "created_at": door.created_at, "expires_at": door.expires_at}
    connection.execute(access_tables.doors.insert().values(**values))
    return door


def of_secret(store: Store, secret: str) -> Door | None:
    """The door of this hash, whether it still opens or not."""
    row = secrets.row_of(store, access_tables.doors, secret)
    return None if row is None else _door(row)


def use(connection: Connection, door_id: str, *, at: datetime) -> bool:
    """Close it behind whoever went through; False where somebody else was quicker."""
    went = update(access_tables.doors).where(_doors.id == door_id, _doors.used_at.is_(None)).values(used_at=at)
    return connection.execute(went).rowcount == 1


def close(connection: Connection, *kinds: DoorKind, at: datetime) -> None:
    """Close every open door of these kinds."""
    meant = _doors.kind.in_([kind.value for kind in kinds])
    connection.execute(update(access_tables.doors).where(meant, _doors.used_at.is_(None)).values(used_at=at))


def all(store: Store, kind: DoorKind, *, now: datetime) -> list[Door]:
    """The doors of a kind that still open, in the order in which they were made."""
    question = select(access_tables.doors).where(
        _doors.kind == kind.value, _doors.used_at.is_(None), _doors.expires_at > now
    )
    with store.read() as connection:
        return [_door(row) for row in connection.execute(question.order_by(_doors.created_at, _doors.id))]


def _door(row: Row[Any]) -> Door:
    kind, role = DoorKind(row.kind), Role(row.role)
    return Door(row.id, kind, role, row.label, row.person_id, row.created_at, row.expires_at, row.used_at)
