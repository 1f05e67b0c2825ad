"""Sign-ins in the database: each a browser, known by the SHA-256 of what its cookie holds."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from studio.domain.access import SignIn
from studio.store import access_tables
from studio.store.database import Store

_sign_ins = access_tables.sign_ins.c


def add(connection: Connection, sign_in: SignIn, secret: str) -> SignIn:
    """Keep a new one; `secret` is the hash."""
    values = {"id": sign_in.id, "person_id": sign_in.person_id, "secret": secret, "address": sign_in.address}
    values |= {"device": sign_in.device, "began_at": sign_in.began_at, "seen_at": sign_in.seen_at}
    connection.execute(access_tables.sign_ins.insert().values(**values))
    return sign_in


def all(store: Store, person_id: str | None = None) -> list[SignIn]:
    """Those that nobody has ended, of everybody or of one person, the one seen last first."""
    question = select(access_tables.sign_ins).where(_sign_ins.ended_at.is_(None))
    if person_id is not None:
        question = question.where(_sign_ins.person_id == person_id)
    with store.read() as connection:
        return [_sign_in(row) for row in connection.execute(question.order_by(_sign_ins.seen_at.desc(), _sign_ins.id))]


def seen(store: Store, sign_in_id: str, *, at: datetime) -> None:
    with store.write() as connection:
        connection.execute(update(access_tables.sign_ins).where(_sign_ins.id == sign_in_id).values(seen_at=at))


def end(connection: Connection, *, at: datetime, id: str | None = None, person_id: str | None = None) -> int:
    """End one sign-in or all of a person; how many were open."""
    ended = update(access_tables.sign_ins).where(_sign_ins.ended_at.is_(None)).values(ended_at=at)
    ended = ended.where(_sign_ins.id == id) if id is not None else ended.where(_sign_ins.person_id == person_id)
    return connection.execute(ended).rowcount


def _sign_in(row: Row[Any]) -> SignIn:
    return SignIn(row.id, row.person_id, row.began_at, row.seen_at, row.ended_at, row.address, row.device)
