"""Keys: how programs use the studio in somebody's name."""

from datetime import UTC, datetime, timedelta

from studio.domain.access import KEY_DAYS, MOST_KEY_DAYS, SCOPES, Key, Person, Scope
from studio.domain.errors import AccessError
from studio.flows import tokens
from studio.flows.audit import who
from studio.flows.studio import Studio
from studio.store import audit
from studio.store import keys as stored

LONGEST_LABEL = 64


def make(studio: Studio, person: Person, label: str, scope: Scope, *, days: int = KEY_DAYS) -> tuple[Key, str]:
    """A new key of a person, and its text, shown once; AccessError where it would last too long or may too much."""
    label = " ".join(label.split())[:LONGEST_LABEL]
    if not label:
        raise AccessError("The key has no name.", fix="Say what it is for.", field="label")
    if not 1 <= days <= MOST_KEY_DAYS:
        raise AccessError(f"A key lasts 1 to {MOST_KEY_DAYS} days.", fix="Choose fewer.", field="days")
    if not SCOPES[scope] <= person.rights:
        raise AccessError(f"{person.name} may do less than this key.", fix="Make one that only looks.", field="scope")
    text, name = tokens.new_key()
    now = datetime.now(UTC)
    made = Key(f"key-{name}", person.id, label, scope, now, now + timedelta(days=days))
    with studio.store.write() as connection:
        stored.add(connection, made, tokens.kept(text))
        audit.write(
            connection, who=who(), act=f"made a key to {scope}", about=f"{label} ({made.id}), for {person.name}"
        )
    return made, text


def every(studio: Studio) -> list[Key]:
    """All keys, those that hold no more included, in the order in which they were made."""
    return stored.all(studio.store)


def revoke(studio: Studio, key_id: str) -> None:
    """Nobody uses this key any more; AccessError where there is none that holds."""
    with studio.store.write() as connection:
        if not stored.revoke(connection, id=key_id, at=datetime.now(UTC)):
            raise AccessError("There is no such key, or it was taken back.", fix="Name one that is listed.")
        audit.write(connection, who=who(), act="took back a key", about=key_id)
