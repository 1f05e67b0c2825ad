"""Comparisons of an earlier version are carried over with every rating, and judged by the rule of today."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from studio.domain.deleted import Kind, Stage
from studio.domain.study import Choice, LinkKind, Side, StudyState
from studio.store import cards, database, deleted, links, studies
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace

MOMENT = "2026-11-20 10:00:00.000000"
PROMPT = '[{"role":"user","content":"Where is it?"}]'
JOB = {"subject_id": "any", "state": "done", "wish": "run"}
OLD = {
    "jobs": [
        {"id": f"job-{name}", "kind": name.split("-")[0], **JOB}
        for name in ("ingest", "train", "train-2", "generate", "export")
    ],
    "datasets": [{"id": "data-1", "job_id": "job-ingest"}],
    "splits": [{"id": "split-1", "dataset_id": "data-1"}],
    "runs": [
        {"id": "run-1", "dataset_id": "data-1", "split_id": "split-1", "job_id": "job-train"},
        {"id": "run-2", "name": "old", "dataset_id": "data-1", "split_id": "split-1", "job_id": "job-train-2"},
    ],
    "logbook": [{"run_id": "run-2", "deleted_at": MOMENT, "emptied_at": None}],
    "releases": [{"id": "release-1", "run_name": "old", "deleted_at": MOMENT, "job_id": "job-export"}],
    "studies": [
        {
            "id": "study-1",
            "run_id": "run-1",
            "question": "Which is kinder?",
            "sampling": '{"max_new_tokens":80,"temperature":0.0,"top_p":1.0,"seed":7}',
            "protocol": "0123456789abcdef",
            "rating_token": "old-token",
            "state": "closed",
            "closed_at": MOMENT,
            "job_id": "job-generate",
        }
    ],
    "items": [
        {
            "id": f"item-{position}",
            "study_id": "study-1",
            "position": position,
            "row_number": 10 + position,
            "tuned_side": side,
            "prompt": PROMPT,
            "reference": '"Here."',
            "base_answer": f'"base {position}"',
            "tuned_answer": f'"tuned {position}"',
        }
        for position, side in enumerate(("left", "right"))
    ],
    "ratings": [
        {"item_id": f"item-{position}", "rater": rater, "study_id": "study-1", "choice": choice}
        for position, rater, choice in ((0, "ann", "left"), (1, "ann", "tie"), (0, "bob", "right"))
    ],
    "rating_history": [
        {"item_id": "item-1", "rater": "ann", "study_id": "study-1", "choice": "skip", "why": "replaced"},
    ],
}


HALF_WRITTEN = {"id": "study-2", "run_id": "run-1", "state": "writing", "rating_token": "other", "job_id": "job-half"}
HALF_WRITTEN |= {"sampling": '{"max_new_tokens":80,"temperature":0.0,"top_p":1.0,"seed":7}'}
OLD["jobs"].append({"id": "job-half", "kind": "generate", **JOB})
OLD["studies"].append(HALF_WRITTEN)


@pytest.fixture
def carried(tmp_path: Path) -> Iterator[Store]:
    """A workspace that was last used before there were contests, opened again."""
    workspace = Workspace(tmp_path / "old")
    workspace.prepare()
    old = create_engine(f"sqlite:///{workspace.database}")
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
    with old.begin() as connection:
        for table, rows in OLD.items():
            for row in rows:
                values = _filled(connection, table) | row
                named = ", ".join(f":{name}" for name in values)
                connection.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({named})"), values)
    old.dispose()
    store = open_store(workspace)
    yield store
    store.close()


def _filled(connection: Connection, table: str) -> dict[str, Any]:
    """Something for every column that needs a value."""
    kinds = {"TEXT": "{}", "INTEGER": 0, "BIGINT": 0, "FLOAT": 0.05, "DATETIME": MOMENT}
    columns = connection.execute(text(f"PRAGMA table_info({table})")).all()
    return {
        column.name: kinds.get(column.type, "any") for column in columns if column.notnull and column.dflt_value is None
    }


def test_every_comparison_prompt_answer_and_rating_is_still_there(carried: Store):
    study = studies.get(carried, "study-1")
    assert (study.state, study.protocol.criterion, study.protocol.cap) == (StudyState.CLOSED, "Which is kinder?", 2)
    assert "earlier version" in study.note
    asks = studies.asks(carried, study.id)
    assert [(ask.row_number, ask.question, ask.reference) for ask in asks] == [
        (n, "Where is it?", "Here.") for n in (10, 11)
    ]
    answers = studies.answers(carried, study.id)
    assert [answers[ask.key, "tuned"].text for ask in asks] == ["tuned 0", "tuned 1"]
    raters = {link.id: link.label for link in links.all(carried, study.id, LinkKind.RATER)}
    dealt = {card.id: card for card in cards.dealt(carried, study.id)}
    said = {
        (raters[each.rater], dealt[each.card_id].pair_id, dealt[each.card_id].side, each.choice)
        for each in cards.ratings(carried, study.id)
    }
    first, second = (f"{ask.key}/base" for ask in asks)
    assert said == {
        ("ann", first, Side.LEFT, Choice.LEFT),
        ("bob", first, Side.LEFT, Choice.RIGHT),
        ("ann", second, Side.RIGHT, Choice.TIE),
    }
    assert [(past.rating.choice, past.why) for past in cards.history(carried, study.id)] == [(Choice.SKIP, "replaced")]


def test_an_old_link_still_invites(carried: Store):
    assert links.by_token(carried, "old-token", LinkKind.INVITATION).study_id == "study-1"


def test_a_half_written_comparison_is_told_to_be_made_anew(carried: Store):
    study = studies.get(carried, "study-2")
    assert (study.state, study.job.fix) == (StudyState.FAILED, "Make the comparison anew.")


def test_what_was_deleted_before_there_was_a_bin_is_in_it(carried: Store):
    found = {(each.thing.kind, each.thing.id, each.thing.name) for each in deleted.all(carried, Stage.KEPT)}
    assert found == {(Kind.RUN, "run-2", "old"), (Kind.RELEASE, "release-1", "old")}
