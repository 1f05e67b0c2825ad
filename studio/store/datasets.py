"""Datasets in the database: each with the job that reads it, whose state and result are the dataset's own."""

from collections.abc import Collection, Sequence
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, func, select, update
from sqlalchemy.exc import IntegrityError

from studio.domain.dataset import Dataset, Guess, Layout, Mapping, Origin, titled
from studio.domain.deleted import Kind
from studio.domain.errors import DatasetError
from studio.domain.job import Job, JobKind, JobState
from studio.domain.mending import Mending, Step
from studio.domain.space import Claim
from studio.store import deleted as gone
from studio.store import jobs, tables
from studio.store.database import Store

STEP, MENDING = TypeAdapter(Step), TypeAdapter(Mending)

LOOKED_AT = 200  # datasets in which a person's own mapping is looked for


def add(
    store: Store,
    *,
    id: str,
    name: str,
    source_name: str,
    bytes: int,
    spec: dict[str, Any],
    sample: str | None = None,
    key: str | None = None,
    claim: Claim | None = None,
) -> Dataset:
    """A dataset and the job that reads it, both or neither; the same `key` is the same dataset."""
    with store.write() as connection:
        job = jobs.submit(connection, kind=JobKind.INGEST, subject_id=id, spec=spec, key=key, claim=claim)
        if job.subject_id != id:
            return _get(connection, job.subject_id)
        connection.execute(
            tables.datasets.insert().values(
                id=id,
                name=name,
                source_name=source_name,
                created_at=job.created_at,
                bytes=bytes,
                sample=sample,
                job_id=job.id,
            )
        )
        return _get(connection, id)


def add_version(
    store: Store, parent: Dataset, *, id: str, step: Step, mending: Mending, edited: int, fingerprint: str
) -> Dataset:
    """The version that follows `parent`; DatasetError when another one does already."""
    facts = jobs.get(store, parent.job_id).result | {"fingerprint": fingerprint, "edited": edited}
    try:
        with store.write() as connection:
            job = jobs.record(connection, kind=JobKind.MEND, subject_id=id, message=step.words, result=facts)
            connection.execute(
                tables.datasets.insert().values(
                    id=id,
                    name=parent.name,
                    source_name=parent.source_name,
                    created_at=job.created_at,
                    bytes=parent.bytes,
                    sample=parent.sample,
                    job_id=job.id,
                    root_id=parent.root,
                    parent_id=parent.id,
                    version=parent.version + 1,
                    step=STEP.dump_python(step, mode="json"),
                    mending=MENDING.dump_python(mending, mode="json"),
                )
            )
            return _get(connection, id)
    except IntegrityError as error:
        raise DatasetError(
            f"{parent.title} has been changed meanwhile, so this was not done.", fix="Look at the newest version first."
        ) from error


def versions(store: Store, root: str) -> list[Dataset]:
    """An upload and everything that was made of it by changing rows, in order."""
    columns = tables.datasets.c
    lineage = (columns.id == root) | (columns.root_id == root)
    with store.read() as connection:
        return [_dataset(row) for row in connection.execute(_datasets().where(lineage).order_by(columns.version))]


def get(store: Store, dataset_id: str) -> Dataset:
    """The dataset; DatasetError when there is none."""
    with store.read() as connection:
        return _get(connection, dataset_id)


def all(store: Store) -> list[Dataset]:
    """Every dataset that is not deleted, all their versions included, the newest first."""
    columns = tables.datasets.c
    listed = _datasets().where(func.coalesce(columns.root_id, columns.id).not_in(gone.hidden(Kind.DATASET)))
    with store.read() as connection:
        return [
            _dataset(row) for row in connection.execute(listed.order_by(columns.created_at.desc(), columns.id.desc()))
        ]


def titles(store: Store, dataset_ids: Collection[str]) -> dict[str, str]:
    """What each of these datasets is called."""
    columns = tables.datasets.c
    question = select(columns.id, columns.name, columns.version).where(columns.id.in_(list(dataset_ids)))
    with store.read() as connection:
        return {row.id: titled(row.name, row.version) for row in connection.execute(question)}


def chosen_mappings(store: Store) -> list[dict[str, Any]]:
    """How people chose to read their latest files, one for each set of fields: its columns, layout and fields.

    Where they went back to the guess after that, there is none.
    """
    newest_first = tables.datasets.c.created_at.desc(), tables.datasets.c.id.desc()
    ended = tables.jobs.c.state.in_([JobState.DONE.value, JobState.FAILED.value])
    uploads = tables.datasets.c.parent_id.is_(None)
    found: dict[frozenset[str], dict[str, Any]] = {}
    with store.read() as connection:
        for row in connection.execute(_datasets().where(ended, uploads).order_by(*newest_first).limit(LOOKED_AT)):
            read = jobs.job_of(row).result
            if "columns" in read:
                found.setdefault(frozenset(read["columns"]), read["guess"] or {})
    return [
        {"columns": sorted(columns), "layout": guess["layout"], "fields": guess["fields"]}
        for columns, guess in found.items()
        if guess.get("origin", Origin.GUESSED) != Origin.GUESSED
    ]


def rename(store: Store, dataset_id: str, name: str) -> Dataset:
    with store.write() as connection:
        connection.execute(update(tables.datasets).where(tables.datasets.c.id == dataset_id).values(name=name))
        return _get(connection, dataset_id)


def forget(connection: Connection, versions: Sequence[Dataset]) -> None:
    """Remove all versions of a dataset with their splits and jobs; one that a run learned from is refused by the
    database."""
    ids = [version.id for version in versions]
    connection.execute(tables.sweeps.delete().where(tables.sweeps.c.dataset_id.in_(ids)))
    connection.execute(tables.splits.delete().where(tables.splits.c.dataset_id.in_(ids)))
    connection.execute(tables.datasets.delete().where(tables.datasets.c.id.in_(ids)))
    connection.execute(tables.jobs.delete().where(tables.jobs.c.subject_id.in_(ids)))


def _datasets() -> Any:
    return select(tables.datasets, tables.jobs).join(tables.jobs, tables.jobs.c.id == tables.datasets.c.job_id)


def _get(connection: Connection, dataset_id: str) -> Dataset:
    row = connection.execute(_datasets().where(tables.datasets.c.id == dataset_id)).one_or_none()
    if row is None:
        raise DatasetError(f"There is no dataset called {dataset_id}.", fix="Pick one of those listed.")
    return _dataset(row)


def _dataset(row: Row[Any]) -> Dataset:
    columns, value, job = tables.datasets.c, row._mapping, jobs.job_of(row)
    read = job.result if job.state in (JobState.DONE, JobState.FAILED) else {}
    return Dataset(
        id=value[columns.id],
        name=value[columns.name],
        source_name=value[columns.source_name],
        created_at=value[columns.created_at],
        state=job.state.value,
        job_id=job.id,
        bytes=value[columns.bytes],
        fingerprint=read.get("fingerprint", ""),
        rows=read.get("rows", 0),
        rejects=read.get("rejects", 0),
        lines=read.get("lines", 0),
        blank_lines=read.get("blank_lines", 0),
        guess=guess_from(read["guess"]) if read.get("guess") else None,
        columns=tuple(read.get("columns", ())),
        sample=value[columns.sample],
        problem=_problem(job),
        reject_reasons=read.get("reject_reasons", {}),
        seconds_left=job.seconds_left,
        share_read=1.0 if job.state is JobState.DONE else job.done / job.total if job.total else 0.0,
        root=value[columns.root_id] or value[columns.id],
        parent=value[columns.parent_id],
        version=value[columns.version],
        step=STEP.validate_python(value[columns.step]) if value[columns.step] else None,
        mending=MENDING.validate_python(value[columns.mending] or {}),
        edited=read.get("edited", 0),
    )


def guess_from(told: dict[str, Any]) -> Guess:
    """The guess in the result of a job."""
    return Guess(
        mapping=Mapping(layout=Layout(told["layout"]), fields=told["fields"]),
        reason=told["reason"],
        columns=tuple(told["columns"]),
        fits=told["fits"],
        seen=told["seen"],
        origin=Origin(told.get("origin", Origin.GUESSED)),
    )


def _problem(job: Job) -> str:
    ended_badly = job.state in (JobState.FAILED, JobState.INTERRUPTED, JobState.STOPPED)
    return f"{job.message} {job.fix}".strip() if ended_badly else ""
