"""Signing: in and out, and who sends a request."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from studio.domain.access import SCOPES, DoorKind, Mode, Person, Role, SignIn, Visitor
from studio.domain.errors import AccessError, SetupError
from studio.flows import audit, passwords, people, tokens
from studio.flows.studio import Studio
from studio.store import acting, doors, keys, sign_ins, tries
from studio.store import audit as log
from studio.store import people as stored
from studio.store.ids import new_id

BY_ACCOUNT, BY_ADDRESS = 5, 20  # tries a minute
SEEN_EVERY = timedelta(minutes=5)  # how exactly it is known when somebody was last there
LONGEST_DEVICE = 200
MARK, MARK_LETTERS = "-of-", 24
LOCAL_NAME = "This machine"
NOBODY = "nobody known"  # a name that nobody has is not written down: it may be a password in the wrong box
WRONG = "This name and this password do not belong together."


class TooManyTries(AccessError):
    """Whoever tries must wait."""


def too_many() -> TooManyTries:
    return TooManyTries("Too many tries.", fix="Wait a minute, then try again.")


def sign_in(
    studio: Studio, name: str, password: str, *, address: str, device: str = "", browser: str = ""
) -> tuple[Person, str]:
    """Whoever has this name and password, and what their browser is given; AccessError where nobody has.

    The answer is the same, and takes as long, for a name that nobody has. Tries of a `browser` in which this name has
    signed in before (studio.flows.known) are counted for themselves: what others try does not shut it out.
    """
    subject = people.folded(name)[: people.LONGEST_NAME]
    about = f"browser {browser}" if browser else f"account {subject}"
    slow_down(studio, about, None if browser else f"address {address}")
    found = stored.of_subject(studio.store, Mode.PASSWORD, subject)
    right, renewed = passwords.is_right(password, found[1] if found else None)
    if found is None or not right:
        named = found[0].name if found else NOBODY
        audit.note(studio, "was refused a sign-in", f"from {address}", by=named)
        raise AccessError(WRONG, fix="Try again, or ask an owner for a new password.")
    person = found[0]
    tries.forgive(studio.store, about)
    if renewed:
        stored.set_password(studio.store, person.id, renewed)
    return person, begin(studio, person, address=address, device=device)


def slow_down(studio: Studio, account: str, address: str | None = None) -> None:
    """Count a try; TooManyTries where there were too many of late."""
    about = [account] if address is None else [account, address]
    counted = tries.tried(studio.store, *about, at=datetime.now(UTC))
    if any(found > most for found, most in zip(counted, (BY_ACCOUNT, BY_ADDRESS), strict=False)):
        raise too_many()


def begin(studio: Studio, person: Person, *, address: str, device: str = "", session: str = "") -> str:
    """Sign a person in who has shown who they are; what their browser is given, of which only the hash is kept.

    By the end of its name a sign-in is found again by the `session` of the provider that it belongs to.
    """
    token, now = tokens.new_token(), datetime.now(UTC)
    made = SignIn(new_id("signin") + mark(session), person.id, now, now, None, address, device[:LONGEST_DEVICE])
    with studio.store.write() as connection:
        sign_ins.add(connection, made, tokens.kept(token))
        log.write(connection, who=person.name, act="signed in", about=f"from {address}")
    return token


def mark(session: str) -> str:
    """How the name of a sign-in ends that belongs to this session of a provider; with nothing where there is none."""
    return f"{MARK}{hashlib.sha256(session.encode()).hexdigest()[:MARK_LETTERS]}" if session else ""


def is_marked(sign_in: SignIn) -> bool:
    return sign_in.id[-MARK_LETTERS - len(MARK) :].startswith(MARK)


def open_here(studio: Studio, token: str, *, address: str, device: str = "") -> str:
    """Let a browser of this machine in by the address that was printed; AccessError where that was used before."""
    door = people.door(studio, token, DoorKind.LAUNCH)
    with studio.store.write() as connection:
        if not doors.use(connection, door.id, at=datetime.now(UTC)):
            raise AccessError("This address has just been used.", fix="Ask for a new one.")
    return begin(studio, this_machine(studio), address=address, device=device)


def this_machine(studio: Studio) -> Person:
    """Whoever sits at this machine, made at the first use."""
    found = stored.of_subject(studio.store, Mode.LOCAL, LOCAL_NAME)
    if found:
        return found[0]
    return people.add(studio, LOCAL_NAME, Role.OWNER, mode=Mode.LOCAL, subject=LOCAL_NAME)


# Who it is


def by_cookie(studio: Studio, token: str, mode: Mode) -> Visitor | None:
    """Whoever has this cookie; None where it lets nobody in, or not in this mode."""
    found, now = stored.signed_in(studio.store, tokens.kept(token)), datetime.now(UTC)
    if found is None:
        return None
    sign_in, person = found
    if not sign_in.holds(now, mode) or person.mode is not mode or person.removed_at:
        return None
    if now - sign_in.seen_at > SEEN_EVERY:
        with suppress(SetupError):  # on a full disk people still look, and make room
            sign_ins.seen(studio.store, sign_in.id, at=now)
    return Visitor(person.name, person.rights, person, sign_in.id)


def by_key(studio: Studio, text: str, mode: Mode) -> Visitor | None:
    """Whoever has this key; None where it lets nobody in. It may no more than its scope, nor than the person."""
    key = keys.of_secret(studio.store, tokens.kept(text)) if tokens.is_key(text) else None
    now = datetime.now(UTC)
    if key is None or not key.holds(now):
        return None
    person = stored.get(studio.store, key.person_id)
    if person.mode is not mode or person.removed_at:
        return None
    if key.used_at is None or now - key.used_at > SEEN_EVERY:
        with suppress(SetupError):
            keys.used(studio.store, key.id, at=now)
    return Visitor(f"{person.name} (key {key.label})", person.rights & SCOPES[key.scope], person, is_program=True)


def by_proxy(studio: Studio, name: str) -> Visitor | None:
    """Whoever the proxy says it is; None where nobody gave them a role."""
    found = stored.of_subject(studio.store, Mode.PROXY, people.folded(name))
    return Visitor(found[0].name, found[0].rights, found[0]) if found and people.is_called(found[0], name) else None


# Sign-ins as people see them


def sign_out(studio: Studio, token: str | None, mode: Mode) -> None:
    """End the sign-in of the browser that has this cookie, if it has one that holds."""
    visitor = by_cookie(studio, token, mode) if token else None
    if visitor and visitor.session_id:
        with acting.by_itself():
            end(studio, visitor.session_id, by=visitor.name)


def signed_in(studio: Studio, mode: Mode, person_id: str | None = None) -> list[tuple[SignIn, Person]]:
    """The sign-ins that hold, of everybody or of one person, the one seen last first."""
    now, known = datetime.now(UTC), {person.id: person for person in people.everybody(studio, mode)}
    found = [each for each in sign_ins.all(studio.store, person_id) if each.holds(now, mode)]
    return [(each, known[each.person_id]) for each in found if each.person_id in known]


def end(studio: Studio, sign_in_id: str, *, by: str | None = None) -> None:
    """End one sign-in; AccessError where it has ended already."""
    with studio.store.write() as connection:
        if not sign_ins.end(connection, id=sign_in_id, at=datetime.now(UTC)):
            raise AccessError("This sign-in has ended already.", fix="Reload the page.")
        log.write(connection, who=by or audit.who(), act="ended a sign-in", about=sign_in_id)
