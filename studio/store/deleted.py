"""Deleted things in the database: hidden first, then removed, each with the files that go with it.

What is to be removed is written down before the first file goes, so that whatever was cut short is finished later.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from studio.domain.deleted import Deleted, Kind, Stage, Thing
from studio.store import tables
from studio.store.database import Store, insert_or_ignore

_deleted = tables.deleted.c


def hidden(kind: Kind) -> Select[Any]:
    """The ids of what is not listed any more, as part of another question."""
    return select(_deleted.id).where(_deleted.kind == kind.value)


def put(store: Store, found: Sequence[Deleted]) -> None:
    """Hide things; nothing of them is lost. What is there already stays as it is."""
    with store.write() as connection:
        for each in found:
            thing = each.thing
            values = {"kind": thing.kind.value, "id": thing.id, "name": thing.name, "bytes": thing.bytes, "at": each.at}
            values |= {"stage": each.stage.value, "places": []}
            insert_or_ignore(connection, tables.deleted, values, conflict=["kind", "id"])


def all(store: Store, *stages: Stage) -> list[Deleted]:
    """What is at these stages, what was deleted last first."""
    question = select(tables.deleted).where(_deleted.stage.in_([stage.value for stage in stages]))
    with store.read() as connection:
        return [_of(row) for row in connection.execute(question.order_by(_deleted.at.desc(), _deleted.id))]


def find(store: Store, kind: Kind, id: str) -> Deleted | None:
    with store.read() as connection:
        row = connection.execute(select(tables.deleted).where(*_one(kind, id))).one_or_none()
    return None if row is None else _of(row)


def take_back(store: Store, kind: Kind, id: str) -> bool:
    """Let it be as before; False where it is not there to be brought back."""
    with store.write() as connection:
        kept = _deleted.stage == Stage.KEPT.value
        return connection.execute(tables.deleted.delete().where(*_one(kind, id), kept)).rowcount == 1


def begin_removal(
    store: Store, kind: Kind, id: str, places: Sequence[str], forget: Callable[[Connection], None]
) -> bool:
    """Remove it from the database and write down which files have to follow, both or neither.

    False where it is not in the bin any more: of several who remove it at once, one does.
    """
    with store.write() as connection:
        going = {"stage": Stage.GOING.value, "places": list(places)}
        kept = update(tables.deleted).where(*_one(kind, id), _deleted.stage == Stage.KEPT.value)
        if connection.execute(kept.values(going)).rowcount != 1:
            return False
        forget(connection)
        return True


def places(store: Store, kind: Kind, id: str) -> list[str]:
    """The files of something that is being removed."""
    with store.read() as connection:
        return connection.execute(select(_deleted.places).where(*_one(kind, id))).scalar_one_or_none() or []


def finish(store: Store, kind: Kind, id: str, *, is_gone: bool) -> None:
    """Its files are gone; so is its entry, unless something still names it (`is_gone`)."""
    with store.write() as connection:
        if is_gone:
            connection.execute(update(tables.deleted).where(*_one(kind, id)).values(stage=Stage.GONE.value, places=[]))
        else:
            connection.execute(tables.deleted.delete().where(*_one(kind, id)))


def _one(kind: Kind, id: str) -> tuple[Any, Any]:
    return _deleted.kind == kind.value, _deleted.id == id


def _of(row: Row[Any]) -> Deleted:
    return Deleted(Thing(Kind(row.kind), row.id, row.name, row.bytes), row.at, Stage(row.stage))
