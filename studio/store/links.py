"""Links in the database: rights to one study, each with an address of its own that can be taken away."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from studio.domain.errors import StudyError
from studio.domain.study import Link, LinkKind
from studio.store import tables
from studio.store.columns import readable
from studio.store.database import Store, reading, writing

_OF_TOKEN = select(tables.links).where(tables.links.c.token == bindparam("token"))  # asked at every request of a rater


def add(target: Store | Connection, link: Link) -> Link:
    """Keep a new link, in a transaction of its own or in the one of the connection."""
    values = {"id": link.id, "study_id": link.study_id, "kind": link.kind.value, "token": link.token}
    values |= {"label": readable(link.label)}
    with writing(target) as connection:
        connection.execute(tables.links.insert().values(**values, created_at=link.created_at))
    return link


def by_token(target: Store | Connection, token: str, *kinds: LinkKind) -> Link:
    """The link of this address, of one of these kinds; StudyError where it is unknown or was taken away."""
    return valid(of_token(target, token, *kinds))


def of_token(target: Store | Connection, token: str, *kinds: LinkKind) -> Link:
    """The link of this address, of one of these kinds, revoked or not; StudyError where it is unknown."""
    with reading(target) as connection:
        row = connection.execute(_OF_TOKEN, {"token": token}).one_or_none()
    link = None if row is None else _link(row)
    if link is None or link.kind not in kinds:
        raise StudyError("This link leads to no comparison.", fix="Ask for a new link.")
    return link


def valid(link: Link) -> Link:
    """The link itself; StudyError where it was taken away."""
    if link.is_revoked:
        raise StudyError("This link was taken back.", fix="Ask whoever sent it for a new one.")
    return link


def insist_on_right(connection: Connection, link_id: str) -> None:
    """StudyError where the link was taken away, also a moment ago."""
    for row in connection.execute(select(tables.links).where(tables.links.c.id == link_id)):
        valid(_link(row))


def name(store: Store, link_id: str, label: str) -> None:
    """Say whose link it is, where nobody has said so yet."""
    columns = tables.links.c
    with store.write() as connection:
        connection.execute(
            update(tables.links).where(columns.id == link_id, columns.label == "").values(label=readable(label))
        )


def all(store: Store, study_id: str, kind: LinkKind | None = None) -> list[Link]:
    """The links of a study, or those of one kind, in the order in which they were made."""
    question = select(tables.links).where(tables.links.c.study_id == study_id)
    if kind is not None:
        question = question.where(tables.links.c.kind == kind.value)
    with store.read() as connection:
        found = connection.execute(question.order_by(tables.links.c.created_at, tables.links.c.id))
        return [_link(row) for row in found]


def revoke(store: Store, link_id: str, *, at: datetime) -> None:
    """Take the right away; what was done with it stays. A link that was taken back before keeps that time."""
    columns = tables.links.c
    taken = update(tables.links).where(columns.id == link_id, columns.revoked_at.is_(None)).values(revoked_at=at)
    with store.write() as connection:
        connection.execute(taken)


def _link(row: Row[Any]) -> Link:
    return Link(row.id, row.study_id, LinkKind(row.kind), row.token, row.label, row.created_at, row.revoked_at)
