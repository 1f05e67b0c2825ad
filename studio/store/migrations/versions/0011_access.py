"""Access: people, their sign-ins and keys, addresses that work once, tries to sign in, and a log that only grows."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"

GROWS = "The log only grows."
ON_SQLITE = "CREATE TRIGGER audit_no_{name} BEFORE {event} ON audit BEGIN SELECT RAISE(ABORT, '{grows}'); END"
ON_POSTGRESQL = (
    f"CREATE FUNCTION audit_grows() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION '{GROWS}'; END$$",
    "CREATE TRIGGER audit_grows BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_grows()",
    "CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_grows()",
)


def upgrade() -> None:
    text, short, moment = sa.Text(), sa.String(16), sa.DateTime(timezone=True)
    _create(
        "people",
        [_column("name", text), _column("role", short), _column("mode", short), _column("subject", text)],
        [_column("password", text, nullable=True), _column("created_at", moment)],
        [_column("removed_at", moment, nullable=True)],
        [_one_of("people", "role", "viewer", "rater", "editor", "owner")],
        [_one_of("people", "mode", "local", "password", "oidc", "proxy")],
    )
    op.create_index("ix_people_mode_subject", "people", ["mode", "subject"])
    _create(
        "sign_ins",
        [*_of_a_person("sign_ins"), *_secret("sign_ins")],
        [_column("began_at", moment), _column("seen_at", moment), _column("ended_at", moment, nullable=True)],
        [_column("address", text), _column("device", text)],
    )
    op.create_index("ix_sign_ins_person_id", "sign_ins", ["person_id"])
    _create(
        "keys",
        [*_of_a_person("keys"), *_secret("keys"), _column("label", text), _column("scope", short)],
        [_column("created_at", moment), _column("expires_at", moment)],
        [_column("used_at", moment, nullable=True), _column("revoked_at", moment, nullable=True)],
        [_one_of("keys", "scope", "look", "change")],
    )
    op.create_index("ix_keys_person_id", "keys", ["person_id"])
    _create(
        "doors",
        [_column("kind", short), *_secret("doors"), _column("role", short), _column("label", text)],
        _of_a_person("doors", nullable=True),
        [_column("created_at", moment), _column("expires_at", moment), _column("used_at", moment, nullable=True)],
        [_one_of("doors", "kind", "launch", "setup", "invitation", "password")],
        [_one_of("doors", "role", "viewer", "rater", "editor", "owner")],
    )
    _create_lists()


def _create_lists() -> None:
    moment, text = sa.DateTime(timezone=True), sa.Text()
    op.create_table(
        "tries",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        _column("about", sa.String(64)),
        _column("at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_tries"),
    )
    op.create_index("ix_tries_about_at", "tries", ["about", "at"])
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        *(_column("at", moment), _column("who", text), _column("act", text), _column("about", text)),
        _column("seal", sa.String(64)),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in ON_POSTGRESQL:
            op.execute(statement)
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(ON_SQLITE.format(name=event.lower(), event=event, grows=GROWS))


def _create(name: str, *parts: list[sa.schema.SchemaItem]) -> None:
    listed = [item for part in parts for item in part]
    op.create_table(name, _column("id", sa.String(64)), *listed, sa.PrimaryKeyConstraint("id", name=f"pk_{name}"))


def _column(name: str, kind: sa.types.TypeEngine, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, kind, nullable=nullable)


def _of_a_person(table: str, *, nullable: bool = False) -> list[sa.schema.SchemaItem]:
    reference = sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=f"fk_{table}_person_id")
    return [_column("person_id", sa.String(64), nullable=nullable), reference]


def _secret(table: str) -> list[sa.schema.SchemaItem]:
    return [_column("secret", sa.String(64)), sa.UniqueConstraint("secret", name=f"uq_{table}_secret")]


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))
