"""People in the database: who has a role, and the hash of the password of those who have one."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from studio.domain.access import Mode, Person, Role, SignIn
from studio.domain.errors import AccessError
from studio.store import access_tables, audit, sign_ins
from studio.store.database import Store, writing

_people = access_tables.people.c
BROWSER = tuple(access_tables.sign_ins.c[field.name].label(f"browser_{field.name}") for field in fields(SignIn))


def add(target: Store | Connection, person: Person, password: str | None = None) -> Person:
    """Keep a new person; AccessError where somebody of that mode is known by the same subject."""
    values = {"id": person.id, "name": person.name, "role": person.role.value, "mode": person.mode.value}
    values |= {"subject": person.subject, "password": password, "created_at": person.created_at}
    with writing(target) as connection:
        if by_subject(connection, person.mode, person.subject) is not None:
            raise AccessError(f"{person.name} is here already.", fix="Choose another name.", field="name")
        connection.execute(access_tables.people.insert().values(**values))
    return person


def get(store: Store, person_id: str) -> Person:
    """The person, removed or not; AccessError where there is none."""
    with store.read() as connection:
        row = connection.execute(select(access_tables.people).where(_people.id == person_id)).one_or_none()
    if row is None:
        raise AccessError("There is no such person.", fix="Pick one of those listed.")
    return _person(row)


def signed_in(store: Store, secret: str) -> tuple[SignIn, Person] | None:
    """The sign-in of this hash, whether it still holds or not, and whose it is: what every request asks, at once."""
    theirs = select(access_tables.people, *BROWSER).join_from(access_tables.sign_ins, access_tables.people)
    with store.read() as connection:
        row = connection.execute(theirs.where(access_tables.sign_ins.c.secret == secret)).one_or_none()
    return None if row is None else (SignIn(*row[-len(BROWSER) :]), _person(row))


def of_subject(store: Store, mode: Mode, subject: str) -> tuple[Person, str | None] | None:
    """Who is known by this in this mode, with the hash of their password; None where nobody is."""
    with store.read() as connection:
        row = by_subject(connection, mode, subject)
    return None if row is None else (_person(row), row.password)


def by_subject(connection: Connection, mode: Mode, subject: str) -> Row[Any] | None:
    known = select(access_tables.people).where(_people.mode == mode.value, _people.subject == subject)
    return connection.execute(known.where(_people.removed_at.is_(None))).one_or_none()


def all(store: Store, mode: Mode | None = None) -> list[Person]:
    """Everybody who has a role, or those who sign in in one mode, in the order in which they came."""
    question = select(access_tables.people).where(_people.removed_at.is_(None))
    if mode is not None:
        question = question.where(_people.mode == mode.value)
    with store.read() as connection:
        return [_person(row) for row in connection.execute(question.order_by(_people.created_at, _people.id))]


def bind(connection: Connection, person: Person, subject: str) -> None:
    """Know somebody by another subject from now on."""
    connection.execute(update(access_tables.people).where(_people.id == person.id).values(subject=subject))


def was_removed(store: Store, mode: Mode, subject: str) -> bool:
    """Whether somebody was known by this who was removed, and nobody is now."""
    known = select(_people.removed_at).where(_people.mode == mode.value, _people.subject == subject)
    with store.read() as connection:
        found = connection.execute(known).scalars().all()
    return bool(found) and None not in found


def set_role(connection: Connection, person: Person, role: Role, *, by_groups: bool = False) -> None:
    """Give another role; AccessError where nobody would be left who manages, unless somebody else's groups say so."""
    _keep_an_owner(connection, person, stays=by_groups or role is Role.OWNER)
    connection.execute(update(access_tables.people).where(_people.id == person.id).values(role=role.value))


def remove(connection: Connection, person: Person, *, at: datetime) -> None:
    """Take everything away; AccessError where nobody would be left who manages."""
    _keep_an_owner(connection, person, stays=False)
    connection.execute(update(access_tables.people).where(_people.id == person.id).values(removed_at=at, password=None))


def set_password(target: Store | Connection, person_id: str, password: str) -> None:
    with writing(target) as connection:
        connection.execute(update(access_tables.people).where(_people.id == person_id).values(password=password))


def renew_password(connection: Connection, person: Person, password: str, *, at: datetime) -> None:
    """Another password's hash; every browser in which they are signed in is signed out."""
    connection.execute(update(access_tables.people).where(_people.id == person.id).values(password=password))
    sign_ins.end(connection, person_id=person.id, at=at)
    audit.write(connection, who=person.name, act="chose a new password", about=person.name)


def _keep_an_owner(connection: Connection, person: Person, *, stays: bool) -> None:
    if stays:
        return
    owners = select(_people.id).where(
        _people.role == Role.OWNER.value, _people.mode == person.mode.value, _people.removed_at.is_(None)
    )
    found = connection.execute(owners.with_for_update()).scalars().all()
    if found == [person.id]:  # by the row as it is now: what was read of them before may be of another moment
        raise AccessError("Nobody would be left who manages the studio.", fix="Make somebody else an owner first.")


def count(store: Store, mode: Mode) -> int:
    """How many have a role in this mode."""
    asked = select(func.count()).where(_people.mode == mode.value, _people.removed_at.is_(None))
    with store.read() as connection:
        return connection.execute(asked).scalar_one()


def _person(row: Row[Any]) -> Person:
    return Person(row.id, row.name, Role(row.role), Mode(row.mode), row.subject, row.created_at, row.removed_at)
