"""Tables of access: who may use the studio, and by what they are let in; `studio.store.tables` has all others."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from studio.domain.access import DoorKind, Mode, Role, Scope
from studio.store.columns import Id, Moment, Words, metadata, one_of

# Who may use the studio; a person who was removed stays, because the log and what they did name them.
people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Words, nullable=False),
    Column("role", String(16), nullable=False),
    Column("mode", String(16), nullable=False),
    Column("subject", Words, nullable=False),
    Column("password", Text),
    Column("created_at", Moment, nullable=False),
    Column("removed_at", Moment),
    Index("ix_people_mode_subject", "mode", "subject"),
    one_of("role", Role),
    one_of("mode", Mode),
)

# Of every secret below only its SHA-256 is kept: whoever reads the database can use none of them.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("secret", String(64), nullable=False, unique=True),
    Column("began_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("address", Words, nullable=False),
    Column("device", Words, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("secret", String(64), nullable=False, unique=True),
    Column("label", Words, nullable=False),
    Column("scope", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
    one_of("scope", Scope),
)

doors = Table(
    "doors",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("secret", String(64), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("label", Words, nullable=False),
    Column("person_id", Id, ForeignKey("people.id")),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
    one_of("kind", DoorKind),
    one_of("role", Role),
)

# Tries to sign in, by what they were for (an account or an address, hashed); kept for as long as they count.
tries = Table(
    "tries",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("about", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_tries_about_at", "about", "at"),
)

# The log. Triggers refuse to change or remove a line, and each seal covers the line and the seal before it.
audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("who", Words, nullable=False),
    Column("act", Words, nullable=False),
    Column("about", Words, nullable=False),
    Column("seal", String(64), nullable=False),
)
