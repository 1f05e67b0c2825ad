"""OpenID: let in whom a provider vouches for, as what an owner or the provider's groups say."""

from dataclasses import replace
from datetime import UTC, datetime

from studio.domain.access import Mode, Person, SignIn
from studio.domain.errors import AccessError
from studio.domain.openid import Rules, SignedOut, Told, role_of_groups, role_of_newcomer
from studio.flows import audit, people, signing
from studio.flows.studio import Studio
from studio.store import audit as log
from studio.store import keys, sign_ins, tries
from studio.store import people as stored
from studio.store.ids import new_id

UNPROVEN, TOLD_A_MINUTE = "a sign-in that proved nothing", 20


def sign_in(studio: Studio, who: Told, rules: Rules, *, address: str, device: str = "") -> str:
    """Sign in whoever the provider says this is; what their browser is given. AccessError where nobody let them in."""
    person = _bound(studio, who) or _recognised(studio, who) or _newcomer(studio, who, rules)
    if rules.groups:
        person = _as_groups_say(studio, person, who, rules)
    return signing.begin(studio, person, address=address, device=device, session=who.session)


def sign_out(studio: Studio, who: SignedOut, *, until: datetime) -> None:
    """End what was begun until then by this session of the provider; where it names none, all that this person has.

    Of a person, what was begun by no session that is known ends as well: rather one sign-in too many than one left.
    """
    known = stored.of_subject(studio.store, Mode.OIDC, who.subject) if who.subject else None
    if who.subject and known is None:
        return
    mark = signing.mark(who.session)

    def is_meant(each: SignIn) -> bool:
        is_of_it = not mark or each.id.endswith(mark) or (known is not None and not signing.is_marked(each))
        return is_of_it and each.began_at <= until

    meant = [each.id for each in sign_ins.all(studio.store, known[0].id if known else None) if is_meant(each)]
    with studio.store.write() as connection:
        for id in meant:
            if sign_ins.end(connection, id=id, at=datetime.now(UTC)):
                log.write(connection, who="the provider", act="ended a sign-in", about=id)


def could_not_check(studio: Studio, why: str) -> None:
    """Tell of a sign-in that proved nothing, so many times a minute: the log only grows, and strangers can cause it."""
    (lately,) = tries.tried(studio.store, UNPROVEN, at=datetime.now(UTC))
    if lately <= TOLD_A_MINUTE:
        audit.note(studio, "could not check a sign-in", why, by="nobody")


def _bound(studio: Studio, who: Told) -> Person | None:
    """Who has signed in as this one before."""
    found = stored.of_subject(studio.store, Mode.OIDC, who.subject)
    return found[0] if found else None


def _recognised(studio: Studio, who: Told) -> Person | None:
    """Whom an owner added by name, at their first sign-in; from then on they are known by what never changes."""
    found = stored.of_subject(studio.store, Mode.OIDC, people.folded(who.known_as)) if who.known_as else None
    if found is None or not people.is_called(found[0], who.known_as):
        return None
    with studio.store.write() as connection:
        stored.bind(connection, found[0], who.subject)
        log.write(connection, who=found[0].name, act="signed in for the first time", about=who.subject)
    return replace(found[0], subject=who.subject)


def _newcomer(studio: Studio, who: Told, rules: Rules) -> Person:
    role = role_of_newcomer(who, rules)
    was_removed = stored.was_removed(studio.store, Mode.OIDC, who.subject)
    if role is None or was_removed:
        raise _refused(studio, who, rules, was_removed=was_removed)
    person = Person(new_id("person"), who.name, role, Mode.OIDC, who.subject, datetime.now(UTC))
    with studio.store.write() as connection:
        stored.add(connection, person)
        log.write(connection, who=person.name, act=f"came in as {role}", about=who.subject)
    return person


def _as_groups_say(studio: Studio, person: Person, who: Told, rules: Rules) -> Person:
    """The role that their groups have now; whoever is in none of them any more is out at once, everywhere."""
    role, now = role_of_groups(who, rules), datetime.now(UTC)
    if role is None:
        with studio.store.write() as connection:
            sign_ins.end(connection, person_id=person.id, at=now)
            keys.revoke(connection, person_id=person.id, at=now)
        raise _refused(studio, who, rules)
    if role is not person.role:
        with studio.store.write() as connection:
            stored.set_role(connection, person, role, by_groups=True)
            act = f"made {role} by the groups of the provider, was {person.role}"
            log.write(connection, who="the provider", act=act, about=person.name)
    return replace(person, role=role)


def _refused(studio: Studio, who: Told, rules: Rules, *, was_removed: bool = False) -> AccessError:
    audit.note(studio, "was refused a sign-in", f"as {who.name}", by=who.name or "nobody")
    if was_removed:
        return AccessError(f"An owner has removed {who.name}.", fix="Ask one to add you again.")
    if rules.groups:
        return AccessError(
            f"{who.name} is in none of the groups that have a role here.", fix="Ask whoever keeps the groups."
        )
    if who.is_unverified:
        return AccessError(
            "The provider has not verified your e-mail address, so it does not show who you are here.",
            fix="Verify it there, then sign in again.",
        )
    return AccessError(f"Nobody has given {who.name} a role in this studio.", fix="Ask one of its owners.")
