"""Studies against several opponents: frozen protocols, cards dealt one by one, links, guesses and overrides.

What was judged before is carried over: each comparison becomes one against the base model, each of its raters gets a
link, and each rating its card. It is judged by the rule of today from then on, and its note says so.
"""

import hashlib
import json
import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

CARRIED_OVER = "Made by an earlier version of the studio, against the base model alone; judged by today's rule."
UNFINISHED = "This comparison was begun by an earlier version of the studio, whose answers are not used any more."
OLD = ("ratings", "rating_history", "items", "studies")


def upgrade() -> None:
    connection = op.get_bind()
    held = {}
    for name in OLD:
        found = connection.execute(sa.text(f"SELECT * FROM {name}")).mappings()  # noqa: S608  one of OLD
        held[name] = [dict(row) for row in found]
    unfinished = [study["job_id"] for study in held["studies"] if study["state"] == "writing"]
    for job_id in unfinished:  # its answers are, or would be, in a form that is read no more
        ended = sa.text("UPDATE jobs SET state = 'failed', message = :message, fix = :fix WHERE id = :id")
        connection.execute(ended, {"message": UNFINISHED, "fix": "Make the comparison anew.", "id": job_id})
    for name in OLD:
        op.drop_table(name)
    made = _create()
    for name, rows in _carried(held).items():
        if rows:
            op.bulk_insert(made[name], rows)


def _create() -> dict[str, sa.Table]:
    text, whole, moment = sa.Text(), sa.Integer(), sa.DateTime(timezone=True)
    made = {
        "studies": op.create_table(
            "studies",
            _id("id"),
            _column("name", text),
            _id("run_id"),
            _column("checkpoint_step", whole),
            _column("seal", text),
            _column("fingerprint", sa.String(64)),
            _column("seed", sa.BigInteger()),
            _column("state", sa.String(16)),
            _column("created_at", moment),
            _column("closed_at", moment, nullable=True),
            _column("note", text),
            _id("job_id"),
            _one_of("studies", "state", "writing", "open", "closed"),
            sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_studies_job_id"),
            sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_studies_run_id"),
            sa.PrimaryKeyConstraint("id", name="pk_studies"),
            sa.UniqueConstraint("job_id", name="uq_studies_job_id"),
        ),
        "asks": op.create_table(
            "asks",
            _id("study_id"),
            _id("key"),
            _column("position", whole),
            _column("row_number", whole, nullable=True),
            _column("prompt", text),
            _column("tools", text),
            _column("reference", text),
            _of_study("asks"),
            sa.PrimaryKeyConstraint("study_id", "key", name="pk_asks"),
            sa.UniqueConstraint("study_id", "position", name="uq_asks_study_id_position"),
        ),
        "answers": op.create_table(
            "answers",
            _id("study_id"),
            _column("set", sa.String(16)),
            _id("key"),
            _column("contestant", sa.String(16)),
            _column("text", text),
            _column("tokens", whole),
            _column("is_cut", sa.Boolean()),
            _column("identity", text),
            _of_study("answers"),
            sa.PrimaryKeyConstraint("study_id", "set", "key", "contestant", name="pk_answers"),
        ),
        "links": op.create_table(
            "links",
            _id("id"),
            _id("study_id"),
            _column("kind", sa.String(16)),
            _column("token", sa.String(64)),
            _column("label", text),
            _column("created_at", moment),
            _column("revoked_at", moment, nullable=True),
            _one_of("links", "kind", "invitation", "rater", "verdict"),
            _of_study("links"),
            sa.PrimaryKeyConstraint("id", name="pk_links"),
            sa.UniqueConstraint("token", name="uq_links_token"),
        ),
        "cards": op.create_table(
            "cards",
            _id("id"),
            _id("study_id"),
            _column("pair_id", text),
            _id("rater"),
            _column("side", sa.String(8)),
            _column("at", moment),
            _one_of("cards", "side", "left", "right"),
            _of_study("cards"),
            sa.ForeignKeyConstraint(["rater"], ["links.id"], name="fk_cards_rater"),
            sa.PrimaryKeyConstraint("id", name="pk_cards"),
            sa.UniqueConstraint("study_id", "pair_id", "rater", name="uq_cards_study_id_pair_id_rater"),
        ),
        "ratings": op.create_table(
            "ratings",
            _id("card_id"),
            *_said(),
            _one_of("ratings", "choice", "left", "right", "tie", "both_bad", "skip"),
            _of_card("ratings"),
            _of_study("ratings"),
            sa.PrimaryKeyConstraint("card_id", name="pk_ratings"),
        ),
        "rating_history": op.create_table(
            "rating_history",
            sa.Column("id", whole, autoincrement=True, nullable=False),
            _id("card_id"),
            *_said(),
            _column("left_at", moment),
            _column("why", sa.String(16)),
            _one_of("rating_history", "why", "replaced", "taken_back"),
            _of_card("rating_history"),
            _of_study("rating_history"),
            sa.PrimaryKeyConstraint("id", name="pk_rating_history"),
        ),
        "suspicions": op.create_table(
            "suspicions",
            _id("card_id"),
            _id("study_id"),
            _id("rater"),
            _column("guessed", sa.String(8)),
            _column("at", moment),
            _one_of("suspicions", "guessed", "left", "right", "unsure"),
            _of_card("suspicions"),
            _of_study("suspicions"),
            sa.PrimaryKeyConstraint("card_id", name="pk_suspicions"),
        ),
        "overrides": op.create_table(
            "overrides",
            sa.Column("id", whole, autoincrement=True, nullable=False),
            _id("study_id"),
            _column("decision", sa.String(16)),
            _column("reason", text),
            _column("by", text),
            _column("at", moment),
            _one_of("overrides", "decision", "ship", "dont_ship", "not_yet"),
            _of_study("overrides"),
            sa.PrimaryKeyConstraint("id", name="pk_overrides"),
        ),
    }
    op.create_index("ix_studies_run_id", "studies", ["run_id"])
    op.create_index("ix_asks_key", "asks", ["key"])
    for name in ("links", "ratings", "rating_history", "suspicions", "overrides"):
        op.create_index(f"ix_{name}_study_id", name, ["study_id"])
    return made


def _id(name: str) -> sa.Column[Any]:
    return _column(name, sa.String(64))


def _column(name: str, of: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, of, nullable=nullable)


def _said() -> list[sa.Column[Any]]:
    return [
        _id("study_id"),
        _id("rater"),
        _column("choice", sa.String(16)),
        _column("at", sa.DateTime(timezone=True)),
        _column("seconds", sa.Float(), nullable=True),
        _column("comment", sa.Text()),
        _column("marks", sa.Text()),
    ]


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))


def _of_study(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name=f"fk_{table}_study_id", ondelete="CASCADE")


def _of_card(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=f"fk_{table}_card_id", ondelete="CASCADE")


def _carried(held: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The rows of the new tables, in an order in which they can be put in."""
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in ("studies", "asks", "answers", "links", "cards")}
    made |= {"ratings": [], "rating_history": []}
    keys: dict[str, str] = {}
    sides: dict[str, str] = {}
    for study in held["studies"]:
        items = [item for item in held["items"] if item["study_id"] == study["id"]]
        for item in items:
            key = _key(item["prompt"])
            taken = key in {keys.get(other["id"]) for other in items}
            keys[item["id"]] = _key(json.dumps([key, item["position"]])) if taken else key
            sides[item["id"]] = item["tuned_side"]
        made["studies"].append(_study(study, [keys[item["id"]] for item in items]))
        made["links"].append(_link(study["id"], "invitation", study["rating_token"], "", study["created_at"]))
        made["asks"] += [_ask(item, keys[item["id"]]) for item in items]
        if study["state"] != "writing":
            made["answers"] += [_answer(item, keys[item["id"]], who) for item in items for who in ("base", "tuned")]
    raters: dict[tuple[str, str], str] = {}
    cards: dict[tuple[str, str], str] = {}
    for name in ("ratings", "rating_history"):
        for old in sorted(held[name], key=lambda row: row.get("id", 0)):
            person, held_card = (old["study_id"], old["rater"]), (old["item_id"], old["rater"])
            if person not in raters:
                link = _link(old["study_id"], "rater", secrets.token_urlsafe(16), old["rater"], old["at"])
                made["links"].append(link)
                raters[person] = link["id"]
            if held_card not in cards:
                cards[held_card] = secrets.token_urlsafe(12)
                pair = f"{keys[old['item_id']]}/base"
                card = {"id": cards[held_card], "study_id": old["study_id"], "pair_id": pair, "rater": raters[person]}
                made["cards"].append(card | {"side": sides[old["item_id"]], "at": _moment(old["at"])})
            kept = {field: value for field, value in old.items() if field not in ("id", "item_id")}
            moments = {field: _moment(kept[field]) for field in ("at", "left_at") if field in kept}
            new = {"card_id": cards[held_card], "rater": raters[person], "marks": "{}"}
            made[name].append(kept | moments | new)
    return made


def _study(old: dict[str, Any], keys: list[str]) -> dict[str, Any]:
    sampling, weights = json.loads(old["sampling"]), old["protocol"]
    seal = {
        "format": 1,
        "alpha": 0.025,
        "candidate": {"model": "", "weights": weights, "instructions": ""},
        "opponents": [{"rival": "base", "instructions": "", "examples": []}],
        "prompts": sorted([key, "sealed"] for key in keys),
        "criterion": old["question"],
        "rubric": "",
        "sampling": sampling,
        "cap": len(keys),
        "margin": old["margin"],
        "gates": [],
        "twice": 0,
        "identical": 0,
        "opening": 1,
    }
    kept = ("id", "name", "run_id", "checkpoint_step", "seed", "state", "job_id")
    moments = {"created_at": _moment(old["created_at"]), "closed_at": _moment(old["closed_at"])}
    note = f"{old['note']} {CARRIED_OVER}".strip()
    return {name: old[name] for name in kept} | moments | {"seal": _json(seal), "fingerprint": weights, "note": note}


def _ask(item: dict[str, Any], key: str) -> dict[str, Any]:
    kept = ("study_id", "position", "row_number", "prompt", "reference")
    return {name: item[name] for name in kept} | {"key": key, "tools": '""'}


def _answer(item: dict[str, Any], key: str, contestant: str) -> dict[str, Any]:
    told = {"study_id": item["study_id"], "set": "study", "key": key, "contestant": contestant}
    return told | {"text": item[f"{contestant}_answer"], "tokens": 0, "is_cut": False, "identity": "{}"}


def _link(study_id: str, kind: str, token: str, label: str, at: Any) -> dict[str, Any]:
    made = {"id": f"link-{secrets.token_hex(8)}", "study_id": study_id, "kind": kind, "token": token, "label": label}
    return made | {"created_at": _moment(at), "revoked_at": None}


def _key(prompt: str) -> str:
    told = json.dumps([json.loads(prompt), ""], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _moment(value: Any) -> datetime | None:
    """A point in time as the tables take it; SQLite hands it out as text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
