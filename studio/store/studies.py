"""Studies in the database: frozen protocols, their prompts, and every answer with the proof of who gave it."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text, update

from studio.domain.deleted import Kind
from studio.domain.errors import StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Protocol, protocol_from
from studio.domain.row import Message, messages_from, records_of
from studio.domain.ruling import Override
from studio.domain.space import Claim
from studio.domain.study import STUDY, Answer, Ask, Link, LinkKind, Study, StudyState
from studio.domain.verdict import Decision
from studio.store import deleted as gone
from studio.store import jobs, links, tables
from studio.store.database import Store

# Written once, since they are asked at every vote: to put a question together takes longer than to answer it.
_SEAT = (
    select(tables.links.c.id, tables.links.c.study_id, tables.studies.c.fingerprint, tables.studies.c.seed)
    .join(tables.studies, tables.studies.c.id == tables.links.c.study_id)
    .where(tables.links.c.token == bindparam("token"), tables.links.c.kind == LinkKind.RATER.value)
    .where(tables.links.c.revoked_at.is_(None), tables.studies.c.state == StudyState.OPEN.value)
    .where(tables.studies.c.id.not_in(gone.hidden(Kind.STUDY)))
    .with_for_update(of=[tables.studies, tables.links])
)
_ASKED = (
    select(tables.asks.c.prompt, tables.answers.c.contestant, tables.answers.c.text)
    .join(
        tables.answers,
        (tables.answers.c.study_id == tables.asks.c.study_id) & (tables.answers.c.key == tables.asks.c.key),
    )
    .where(tables.asks.c.study_id == bindparam("study"), tables.asks.c.key == bindparam("prompt"))
    .where(tables.answers.c.set == STUDY)
)


def add(
    store: Store,
    *,
    id: str,
    name: str,
    run_id: str,
    checkpoint_step: int,
    protocol: Protocol,
    seed: int,
    asks: Sequence[Ask],
    invitation: Link,
    spec: dict[str, Any],
    key: str,
    note: str = "",
    counted: Collection[str] | None = None,
    words: Callable[[Ask], str] = lambda ask: ask.key,
    claim: Claim | None = None,
) -> Study:
    """A study with its prompts, its first invitation and the job that writes the answers, all or nothing.

    The same `key` is the same study. `counted` are the studies among which its opening was counted, by what `words`
    makes of each prompt; StudyError where another one on the same was frozen since.
    """
    with store.write() as connection:
        job = jobs.submit(connection, kind=JobKind.GENERATE, subject_id=id, spec=spec, key=key, claim=claim)
        if job.subject_id != id:
            return _get(connection, job.subject_id)
        if counted is not None:
            _insist_on_count(connection, {words(ask) for ask in asks}, counted, words)
        connection.execute(
            tables.studies.insert().values(
                id=id,
                name=name,
                run_id=run_id,
                checkpoint_step=checkpoint_step,
                seal=json.loads(protocol.canonical),
                fingerprint=protocol.fingerprint,
                seed=seed,
                state=StudyState.WRITING.value,
                created_at=job.created_at,
                note=note,
                job_id=job.id,
            )
        )
        connection.execute(tables.asks.insert(), [_ask_values(id, ask) for ask in asks])
        links.add(connection, invitation)
        return _get(connection, id)


def get(store: Store, study_id: str) -> Study:
    """The study; StudyError when there is none, or when it was deleted."""
    with store.read() as connection:
        if connection.execute(gone.hidden(Kind.STUDY).where(tables.deleted.c.id == study_id)).first():
            raise StudyError("This comparison was deleted.", fix="Bring it back from the bin on Runs, if it is there.")
        return _get(connection, study_id)


@dataclass(frozen=True, slots=True)
class Seat:
    """Whose place it is at a study that can be rated now, and what it is dealt by, which never changes."""

    rater: str
    study_id: str
    fingerprint: str
    seed: int


def seat(connection: Connection, token: str) -> Seat | None:
    """The place of the rater with this link, kept until the transaction ends: meanwhile the study is not closed, nobody
    else judges in it, and the link is not taken back. None where there is no such place now."""
    found = connection.execute(_SEAT, {"token": token}).one_or_none()
    return None if found is None else Seat(*found)


def all(store: Store, *, run_id: str | None = None) -> list[Study]:
    """Every study that is not deleted, or those of one run, the newest first."""
    columns = tables.studies.c
    question = _studies().where(columns.id.not_in(gone.hidden(Kind.STUDY)))
    question = question.order_by(columns.created_at.desc(), columns.id.desc())
    if run_id is not None:
        question = question.where(tables.studies.c.run_id == run_id)
    with store.read() as connection:
        return [_study(row) for row in connection.execute(question)]


def counts(store: Store) -> dict[str, int]:
    """How many studies that are not deleted rest on each run that has any."""
    columns = tables.studies.c
    question = select(columns.run_id, func.count()).where(columns.id.not_in(gone.hidden(Kind.STUDY)))
    with store.read() as connection:
        return {row[0]: row[1] for row in connection.execute(question.group_by(columns.run_id))}


def forget(connection: Connection, study_id: str) -> None:
    """Remove what was answered, judged and said of a study. What stays is that these prompts were asked, because every
    later study on them has to count it."""
    for table in (tables.overrides, tables.cards, tables.links, tables.answers):
        connection.execute(table.delete().where(table.c.study_id == study_id))


def opened_splits(store: Store, root: str) -> list[str]:
    """The splits, of all versions of one upload, whose test rows a study has shown to people."""
    studies, runs, datasets = tables.studies, tables.runs, tables.datasets
    joined = studies.join(runs, runs.c.id == studies.c.run_id).join(datasets, datasets.c.id == runs.c.dataset_id)
    question = (
        select(runs.c.split_id)
        .distinct()
        .select_from(joined)
        .where((datasets.c.id == root) | (datasets.c.root_id == root))
        .where(studies.c.state.in_([StudyState.OPEN.value, StudyState.CLOSED.value]))
    )
    with store.read() as connection:
        return list(connection.execute(question).scalars())


def frozen(store: Store) -> list[str]:
    """The ids of all studies, in the order in which they were frozen."""
    columns = tables.studies.c
    with store.read() as connection:
        return list(connection.execute(select(columns.id).order_by(columns.created_at, columns.id)).scalars())


def asks(store: Store, study_id: str) -> list[Ask]:
    """Every prompt of a study by position; not for raters' eyes."""
    question = select(tables.asks).where(tables.asks.c.study_id == study_id).order_by(tables.asks.c.position)
    with store.read() as connection:
        return [_ask(row) for row in connection.execute(question)]


def protocol(connection: Connection, study_id: str) -> Protocol:
    """How a study that is there is carried out."""
    question = select(tables.studies.c.seal).where(tables.studies.c.id == study_id)
    return protocol_from(connection.execute(question).scalar_one())


def asked(connection: Connection, study_id: str, key: str) -> tuple[tuple[Message, ...], dict[str, str]]:
    """One prompt that people judge, and what every contestant said to it; not for raters' eyes."""
    found = connection.execute(_ASKED, {"study": study_id, "prompt": key}).all()
    return messages_from(found[0].prompt), {row.contestant: row.text for row in found}


def answers(store: Store, study_id: str, *, set: str = STUDY) -> dict[tuple[str, str], Answer]:
    """Every answer to the prompts of one set, by prompt and contestant; not for raters' eyes."""
    columns = tables.answers.c
    question = select(tables.answers).where(columns.study_id == study_id, columns.set == set)
    with store.read() as connection:
        return {(row.key, row.contestant): _answer(row) for row in connection.execute(question)}


def set_answers(store: Store, study_id: str, written: Sequence[Answer]) -> Study:
    """Put the answers to the prompts and open the rating; once open, nothing changes them.

    StudyError when a prompt would be left without an answer of one contestant.
    """
    with store.write() as connection:
        opened = connection.execute(
            update(tables.studies)
            .where(tables.studies.c.id == study_id, tables.studies.c.state == StudyState.WRITING.value)
            .values(state=StudyState.OPEN.value)
        )
        study = _get(connection, study_id)
        if opened.rowcount != 1:
            return study
        given = {(answer.key, answer.contestant) for answer in written if answer.set == STUDY}
        asked = connection.execute(select(tables.asks.c.key).where(tables.asks.c.study_id == study_id)).scalars().all()
        if missing := [key for key in asked if any((key, who) not in given for who in study.contestants)]:
            raise StudyError(
                f"{len(missing)} of {len(asked)} prompts have no answers yet.", fix="Have the missing answers written."
            )
        connection.execute(tables.answers.insert(), [_answer_values(study_id, answer) for answer in written])
        return study


def close(store: Store, study_id: str, *, at: datetime) -> Study:
    """End the rating; a closed study stays as it is. StudyError when it was never open."""
    with store.write() as connection:
        connection.execute(
            update(tables.studies)
            .where(tables.studies.c.id == study_id, tables.studies.c.state == StudyState.OPEN.value)
            .values(state=StudyState.CLOSED.value, closed_at=at)
        )
        study = _get(connection, study_id)
        if study.state is not StudyState.CLOSED:
            raise StudyError("The answers are not all written yet.", fix="Wait until the rating is open.")
        return study


def override(store: Store, study_id: str, given: Override) -> None:
    """Keep somebody's decision beside the rule's; earlier ones stay on record."""
    values = {"decision": given.decision.value, "reason": given.reason, "by": given.by, "at": given.at}
    with store.write() as connection:
        connection.execute(tables.overrides.insert().values(study_id=study_id, **values))


def overrides(store: Store, study_id: str) -> list[Override]:
    """Every decision that somebody made in place of the rule, the newest last."""
    question = select(tables.overrides).where(tables.overrides.c.study_id == study_id).order_by(tables.overrides.c.id)
    with store.read() as connection:
        return [Override(Decision(row.decision), row.reason, row.by, row.at) for row in connection.execute(question)]


def _insist_on_count(
    connection: Connection, asked: set[str], counted: Collection[str], words: Callable[[Ask], str]
) -> None:
    """Two studies on the same prompts are never the same opening, however close to each other they are frozen."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE asks IN SHARE ROW EXCLUSIVE MODE"))
    since = select(tables.asks).where(tables.asks.c.study_id.not_in(list(counted)))
    if any(words(_ask(row)) in asked for row in connection.execute(since)):
        raise StudyError(
            "Another comparison on these prompts was frozen a moment ago, so this one needs more evidence.",
            fix="Look at how much, and freeze it again.",
        )


def insist_on_open(connection: Connection, study_id: str) -> None:
    """Lock the study so that ratings come one after the other and none after the closing; StudyError if not open."""
    columns = tables.studies.c
    question = select(columns.state).where(columns.id == study_id).with_for_update()
    state = connection.execute(question).scalar_one_or_none()
    if state == StudyState.WRITING:
        raise StudyError("The answers are still being written.", fix="Come back in a minute.")
    if state == StudyState.CLOSED:
        raise StudyError("This comparison is closed.", fix="Thank you; nothing more is needed.")
    if state is None:
        raise StudyError(f"There is no comparison called {study_id}.", fix="Pick one of those listed.")


def _studies() -> Any:
    return select(tables.studies, tables.jobs).join(tables.jobs, tables.jobs.c.id == tables.studies.c.job_id)


def _get(connection: Connection, study_id: str) -> Study:
    row = connection.execute(_studies().where(tables.studies.c.id == study_id)).one_or_none()
    if row is None:
        raise StudyError(f"There is no comparison called {study_id}.", fix="Pick one of those listed.")
    return _study(row)


def _study(row: Row[Any]) -> Study:
    columns, value, job = tables.studies.c, row._mapping, jobs.job_of(row)
    state = StudyState(value[columns.state])
    if state is StudyState.WRITING and job.state is JobState.FAILED:
        state = StudyState.FAILED
    return Study(
        id=value[columns.id],
        name=value[columns.name],
        run_id=value[columns.run_id],
        checkpoint_step=value[columns.checkpoint_step],
        protocol=protocol_from(value[columns.seal]),
        fingerprint=value[columns.fingerprint],
        seed=value[columns.seed],
        state=state,
        created_at=value[columns.created_at],
        job=job,
        closed_at=value[columns.closed_at],
        note=value[columns.note],
    )


def _ask_values(study_id: str, ask: Ask) -> dict[str, Any]:
    return {
        "study_id": study_id,
        "key": ask.key,
        "position": ask.position,
        "row_number": ask.row_number,
        "prompt": records_of(ask.prompt),
        "tools": ask.tools,
        "reference": ask.reference,
    }


def _ask(row: Row[Any]) -> Ask:
    return Ask(row.key, row.position, messages_from(row.prompt), row.reference, row.tools, row.row_number)


def _answer_values(study_id: str, answer: Answer) -> dict[str, Any]:
    return {
        "study_id": study_id,
        "set": answer.set,
        "key": answer.key,
        "contestant": answer.contestant,
        "text": answer.text,
        "tokens": answer.tokens,
        "is_cut": answer.is_cut,
        "identity": dict(answer.identity),
    }


def _answer(row: Row[Any]) -> Answer:
    return Answer(row.key, row.contestant, row.text, row.tokens, row.is_cut, row.set, row.identity)
