"""People: who has which role, and how somebody new comes in."""

import unicodedata
from datetime import UTC, datetime, timedelta

from studio.domain.access import Door, DoorKind, Mode, Person, Role
from studio.domain.errors import AccessError
from studio.flows import passwords, tokens
from studio.flows.audit import who
from studio.flows.studio import Studio
from studio.store import audit, doors, keys, sign_ins
from studio.store import people as stored
from studio.store.ids import new_id

LONGEST_NAME = 80
INVITED_FOR = timedelta(days=7)
LAUNCHED_FOR = timedelta(hours=24)


def everybody(studio: Studio, mode: Mode) -> list[Person]:
    """Everybody who has a role and signs in in this mode, in the order in which they came."""
    return stored.all(studio.store, mode)


def add(studio: Studio, name: str, role: Role, *, mode: Mode, password: str | None = None, subject: str = "") -> Person:
    """Somebody new, known to the mode by `subject` (else their name); AccessError where that cannot be."""
    name = called(name)
    kept = passwords.hashed(passwords.check(password or "", name)) if mode is Mode.PASSWORD else None
    person = Person(new_id("person"), name, role, mode, subject or folded(name), datetime.now(UTC))
    if mode is Mode.OIDC and any(folded(each.name) == folded(name) for each in everybody(studio, mode)):
        raise AccessError(f"{name} is here already.", fix="Give them another role.", field="name")
    with studio.store.write() as connection:
        stored.add(connection, person, kept)
        audit.write(connection, who=who(), act=f"added as {role}", about=name)
    return person


def set_role(studio: Studio, person_id: str, role: Role) -> None:
    """Give another role; it holds from the next request on. AccessError where nobody would be left who manages."""
    person = known(studio, person_id)
    with studio.store.write() as connection:
        stored.set_role(connection, person, role)
        audit.write(connection, who=who(), act=f"made {role}, was {person.role}", about=person.name)


def remove(studio: Studio, person_id: str) -> None:
    """Take role, sign-ins and keys away; what they did stays. AccessError where nobody would be left who manages."""
    person, now = known(studio, person_id), datetime.now(UTC)
    with studio.store.write() as connection:
        stored.remove(connection, person, at=now)
        sign_ins.end(connection, person_id=person.id, at=now)
        keys.revoke(connection, person_id=person.id, at=now)
        audit.write(connection, who=who(), act="removed", about=person.name)


def known(studio: Studio, person_id: str) -> Person:
    """The person; AccessError where there is none, or they were removed."""
    person = stored.get(studio.store, person_id)
    if person.removed_at:
        raise AccessError(f"{person.name} was removed.", fix="Invite them again.")
    return person


def named(studio: Studio, name: str, mode: Mode) -> Person:
    """The person of this name or id; AccessError where there is none."""
    for person in everybody(studio, mode):
        if name == person.id or folded(name) in (person.subject, folded(person.name)):
            return person
    raise AccessError(f"Nobody is called {name} here.", fix="Name somebody whom `people` lists.")


# Addresses that work once


def invite(studio: Studio, role: Role, label: str = "") -> tuple[Door, str]:
    """A new address by which one person comes in with this role, and its token, which is shown once."""
    return _opened(studio, DoorKind.INVITATION, role, label=label, lasts=INVITED_FOR, act=f"invited as {role}")


def renew_password(studio: Studio, person_id: str) -> tuple[Door, str]:
    """A new address at which somebody chooses a new password, and its token, which is shown once."""
    person = known(studio, person_id)
    if person.mode is not Mode.PASSWORD:
        raise AccessError(f"{person.name} has no password here.", fix="Passwords are kept where they sign in.")
    return _opened(
        studio, DoorKind.PASSWORD, person.role, label=person.name, lasts=INVITED_FOR, person_id=person_id,
        act="given an address for a new password",
    )  # fmt: skip


def set_up(studio: Studio) -> str | None:
    """A token by which the first owner comes in; None where there is somebody already. Older ones hold no more."""
    if stored.count(studio.store, Mode.PASSWORD):
        return None
    return _opened(studio, DoorKind.SETUP, Role.OWNER, lasts=LAUNCHED_FOR, is_only=True)[1]


def launch(studio: Studio) -> str:
    """A token by which a browser of this machine comes in once; older ones hold no more."""
    return _opened(studio, DoorKind.LAUNCH, Role.OWNER, lasts=LAUNCHED_FOR, is_only=True)[1]


def invited(studio: Studio) -> list[Door]:
    """The invitations that nobody has followed yet."""
    return doors.all(studio.store, DoorKind.INVITATION, now=datetime.now(UTC))


def withdraw(studio: Studio, door_id: str) -> None:
    """Nobody comes in by this invitation any more; AccessError where there is none that could be followed."""
    with studio.store.write() as connection:
        if not doors.use(connection, door_id, at=datetime.now(UTC)):
            raise AccessError("There is no such invitation, or it was followed.", fix="Reload the page.")
        audit.write(connection, who=who(), act="took back an invitation", about=door_id)


def door(studio: Studio, token: str, *kinds: DoorKind) -> Door:
    """The door of this token; AccessError where there is none, or it opens no more."""
    found = doors.of_secret(studio.store, tokens.kept(token))
    if found is None or found.kind not in kinds or not found.holds(datetime.now(UTC)):
        raise AccessError("This address leads nowhere, or has been used.", fix="Ask for a new one.")
    return found


def enter(studio: Studio, token: str, name: str, password: str) -> Person:
    """Go through an invitation or a set-up as somebody new, or to a new password; AccessError where that cannot be.

    Where something is wrong with the name or the password, the address still works.
    """
    found = door(studio, token, DoorKind.SETUP, DoorKind.INVITATION, DoorKind.PASSWORD)
    known_as = known(studio, found.person_id) if found.person_id else None
    name = known_as.name if known_as else called(name)
    kept, now = passwords.hashed(passwords.check(password, name)), datetime.now(UTC)
    with studio.store.write() as connection:
        if not doors.use(connection, found.id, at=now):
            raise AccessError("This address has just been used.", fix="Ask for a new one.")
        if known_as is None:
            person = Person(new_id("person"), name, found.role, Mode.PASSWORD, folded(name), now)
            stored.add(connection, person, kept)
            audit.write(connection, who=name, act=f"came in as {found.role}", about=found.label)
            return person
        stored.renew_password(connection, known_as, kept, at=now)
    return known_as


def change_password(studio: Studio, person: Person, old: str, new: str) -> None:
    """Another password; every browser is signed out. AccessError where the old one is wrong."""
    found = stored.of_subject(studio.store, person.mode, person.subject)
    if found is None or not passwords.is_right(old, found[1])[0]:
        raise AccessError("The old password is not right.", fix="Try again.", field="old")
    kept = passwords.hashed(passwords.check(new, person.name))
    with studio.store.write() as connection:
        stored.renew_password(connection, person, kept, at=datetime.now(UTC))


def _opened(
    studio: Studio, kind: DoorKind, role: Role, *, lasts: timedelta, label: str = "", person_id: str | None = None,
    is_only: bool = False, act: str = "",
) -> tuple[Door, str]:  # fmt: skip
    token, now = tokens.new_token(), datetime.now(UTC)
    made = Door(new_id("door"), kind, role, " ".join(label.split())[:LONGEST_NAME], person_id, now, now + lasts)
    with studio.store.write() as connection:
        if is_only:
            doors.close(connection, kind, at=now)
        doors.add(connection, made, tokens.kept(token))
        if act:
            audit.write(connection, who=who(), act=act, about=made.label or made.id)
    return made, token


def called(name: str) -> str:
    """A name in one line; AccessError where it is none."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise AccessError("This cannot be a name.", fix=f"Use 1 to {LONGEST_NAME} letters.", field="name")
    return name


def is_called(person: Person, given: str) -> bool:
    """Whether this is how somebody who signs in elsewhere is called there.

    Nothing but capitals of the English alphabet may differ: names that merely look alike are of two people there.
    """
    written = {unicodedata.normalize(form, person.name).encode().lower() for form in ("NFC", "NFD")}
    return " ".join(given.split()).encode(errors="replace").lower() in written


def folded(name: str) -> str:
    """What two ways of writing one name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
