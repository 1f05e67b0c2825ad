"""Studies in the database: frozen items with hidden sides, and one current rating per item and rater."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from studio.domain.errors import StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.row import messages_from, records_of
from studio.domain.study import Choice, Item, Rating, Sampling, Side, Study, StudyState
from studio.store import jobs, tables
from studio.store.database import Store


@dataclass(frozen=True, slots=True)
class PastRating:
    """A rating that no longer counts, since when, and whether its rater replaced it or took it back."""

    rating: Rating
    left_at: datetime
    why: str


def add(
    store: Store,
    *,
    id: str,
    name: str,
    run_id: str,
    checkpoint_step: int,
    question: str,
    sampling: Sampling,
    margin: float,
    seed: int,
    protocol: str,
    rating_token: str,
    items: Sequence[Item],
    spec: dict[str, Any],
    key: str,
    note: str = "",
) -> Study:
    """A study with its items and the job that writes the answers, all or nothing; the same `key`, the same study."""
    with store.write() as connection:
        job = jobs.submit(connection, kind=JobKind.GENERATE, subject_id=id, spec=spec, key=key)
        if job.subject_id != id:
            return _get(connection, job.subject_id)
        connection.execute(
            tables.studies.insert().values(
                id=id,
                name=name,
                run_id=run_id,
                checkpoint_step=checkpoint_step,
                prompts=len(items),
                question=question,
                sampling=asdict(sampling),
                margin=margin,
                seed=seed,
                protocol=protocol,
                rating_token=rating_token,
                state=StudyState.WRITING.value,
                created_at=job.created_at,
                note=note,
                job_id=job.id,
            )
        )
        connection.execute(tables.items.insert(), [_item_values(item) for item in items])
        return _get(connection, id)


def get(store: Store, study_id: str) -> Study:
    """The study; StudyError when there is none."""
    with store.read() as connection:
        return _get(connection, study_id)


def by_token(store: Store, token: str) -> Study:
    """The study that a rating link leads to; StudyError where the link is not known."""
    with store.read() as connection:
        row = connection.execute(_studies().where(tables.studies.c.rating_token == token)).one_or_none()
    if row is None:
        raise StudyError("This link leads to no comparison.", fix="Ask for a new link.")
    return _study(row)


def all(store: Store, *, run_id: str | None = None) -> list[Study]:
    """Every study, or those of one run, the newest first."""
    question = _studies().order_by(tables.studies.c.created_at.desc(), tables.studies.c.id.desc())
    if run_id is not None:
        question = question.where(tables.studies.c.run_id == run_id)
    with store.read() as connection:
        return [_study(row) for row in connection.execute(question)]


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


def items(store: Store, study_id: str) -> list[Item]:
    """Every item of a study by position, answers and sides included; not for raters' eyes."""
    question = select(tables.items).where(tables.items.c.study_id == study_id).order_by(tables.items.c.position)
    with store.read() as connection:
        return [_item(row) for row in connection.execute(question)]


def set_answers(store: Store, study_id: str, answers: Mapping[int, tuple[str, str]]) -> Study:
    """Put (base, tuned) answers by row number to the items and open the rating; once open, nothing changes them.

    StudyError when an item would be left without answers.
    """
    columns = tables.items.c
    with store.write() as connection:
        opened = connection.execute(
            update(tables.studies)
            .where(tables.studies.c.id == study_id, tables.studies.c.state == StudyState.WRITING.value)
            .values(state=StudyState.OPEN.value)
        )
        if opened.rowcount != 1:
            return _get(connection, study_id)
        asked = connection.execute(select(columns.id, columns.row_number).where(columns.study_id == study_id)).all()
        if missing := [item for item in asked if item.row_number not in answers]:
            raise StudyError(
                f"{len(missing)} of {len(asked)} prompts have no answers yet.", fix="Have the missing answers written."
            )
        for item in asked:
            base, tuned = answers[item.row_number]
            connection.execute(
                update(tables.items).where(columns.id == item.id).values(base_answer=base, tuned_answer=tuned)
            )
        return _get(connection, study_id)


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


def rate(store: Store, rating: Rating) -> bool:
    """Keep a judgement in place of this rater's earlier one of the same item; False if it says nothing new
    (how long it took is told by the first).

    StudyError when the study is not open or the item is not part of it.
    """
    values = _rating_values(rating)
    with store.write() as connection:
        _insist_on_open(connection, rating.study_id)
        of_study = select(tables.items.c.id).where(
            tables.items.c.id == rating.item_id, tables.items.c.study_id == rating.study_id
        )
        if connection.execute(of_study).first() is None:
            raise StudyError("This card is not part of the study.", fix="Reload the page.")
        known = select(tables.ratings).where(*_by(rating.item_id, rating.rater))
        earlier = connection.execute(known).one_or_none()
        if earlier is None:
            connection.execute(tables.ratings.insert().values(values))
            return True
        if (earlier.choice, earlier.comment) == (rating.choice, values["comment"]):
            return False
        _retire(connection, _rating(earlier), why="replaced")
        connection.execute(tables.ratings.insert().values(values))
        return True


def unrate(store: Store, study_id: str, rater: str) -> str | None:
    """Take back what a rater judged last; the item it was about, or None if there is nothing to take back."""
    columns = tables.ratings.c
    with store.write() as connection:
        _insist_on_open(connection, study_id)
        last = connection.execute(
            select(tables.ratings)
            .where(columns.study_id == study_id, columns.rater == rater)
            .order_by(columns.at.desc(), columns.item_id)
            .limit(1)
        ).one_or_none()
        if last is None:
            return None
        _retire(connection, _rating(last), why="taken_back")
        return last.item_id


def ratings(store: Store, study_id: str) -> list[Rating]:
    """The ratings that count, in the order in which they were given."""
    columns = tables.ratings.c
    question = select(tables.ratings).where(columns.study_id == study_id).order_by(columns.at, columns.item_id)
    with store.read() as connection:
        return [_rating(row) for row in connection.execute(question)]


def history(store: Store, study_id: str) -> list[PastRating]:
    """The ratings that no longer count, in the order in which they were replaced or taken back."""
    columns = tables.rating_history.c
    question = select(tables.rating_history).where(columns.study_id == study_id).order_by(columns.id)
    with store.read() as connection:
        return [PastRating(_rating(row), row.left_at, row.why) for row in connection.execute(question)]


def rated_items(store: Store, study_id: str, rater: str) -> set[str]:
    """The items that a rater has judged."""
    columns = tables.ratings.c
    question = select(columns.item_id).where(columns.study_id == study_id, columns.rater == rater)
    with store.read() as connection:
        return set(connection.execute(question).scalars())


def _insist_on_open(connection: Connection, study_id: str) -> None:
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


def _retire(connection: Connection, rating: Rating, *, why: str) -> None:
    """Move a current rating to the history."""
    connection.execute(tables.ratings.delete().where(*_by(rating.item_id, rating.rater)))
    connection.execute(
        tables.rating_history.insert().values(**_rating_values(rating), left_at=datetime.now(UTC), why=why)
    )


def _by(item_id: str, rater: str) -> tuple[Any, Any]:
    return tables.ratings.c.item_id == item_id, tables.ratings.c.rater == rater


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
        prompts=value[columns.prompts],
        question=value[columns.question],
        sampling=Sampling(**value[columns.sampling]),
        margin=value[columns.margin],
        seed=value[columns.seed],
        protocol=value[columns.protocol],
        rating_token=value[columns.rating_token],
        state=state,
        created_at=value[columns.created_at],
        job=job,
        closed_at=value[columns.closed_at],
        note=value[columns.note],
    )


def _item_values(item: Item) -> dict[str, Any]:
    return asdict(item) | {"tuned_side": item.tuned_side.value, "prompt": records_of(item.prompt)}


def _item(row: Row[Any]) -> Item:
    return Item(
        id=row.id,
        study_id=row.study_id,
        position=row.position,
        row_number=row.row_number,
        prompt=messages_from(row.prompt),
        reference=row.reference,
        base_answer=row.base_answer,
        tuned_answer=row.tuned_answer,
        tuned_side=Side(row.tuned_side),
    )


def _rating_values(rating: Rating) -> dict[str, Any]:
    return asdict(rating) | {"choice": rating.choice.value, "comment": tables.readable(rating.comment)}


def _rating(row: Row[Any]) -> Rating:
    return Rating(
        item_id=row.item_id,
        study_id=row.study_id,
        rater=row.rater,
        choice=Choice(row.choice),
        at=row.at,
        seconds=row.seconds,
        comment=row.comment,
    )
