"""Releases in the database: what was delivered, each with the job that makes it."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from studio.domain.deleted import Kind
from studio.domain.errors import ExportError
from studio.domain.job import JobKind
from studio.domain.release import Form, Release
from studio.domain.space import Claim
from studio.store import deleted as gone
from studio.store import jobs, tables
from studio.store.database import Store


def add(
    store: Store,
    *,
    id: str,
    run_id: str,
    run_name: str,
    step: int,
    form: Form,
    path: Path,
    spec: dict[str, Any],
    key: str,
    claim: Claim | None = None,
) -> Release:
    """A release and its job, both or neither; the same `key` again is the same release, so that two clicks make one."""
    with store.write() as connection:
        job = jobs.submit(connection, kind=JobKind.EXPORT, subject_id=id, spec=spec, key=key, claim=claim)
        if job.subject_id == id:
            values = {"id": id, "run_id": run_id, "run_name": run_name, "step": step, "form": form.value}
            made = {"path": str(path), "created_at": job.created_at, "job_id": job.id}
            connection.execute(tables.releases.insert().values(values | made))
    return get(store, job.subject_id)


def get(store: Store, release_id: str) -> Release:
    """The release; ExportError when there is none."""
    with store.read() as connection:
        row = connection.execute(_every().where(tables.releases.c.id == release_id)).one_or_none()
    if row is None:
        raise ExportError("This delivery is gone.", fix="Deliver the checkpoint again.")
    return _release(store, row)


def all(store: Store, *, deleted: bool = False) -> list[Release]:
    """Every release that is not deleted, or those that are, the newest first."""
    columns, hidden = tables.releases.c, gone.hidden(Kind.RELEASE)
    wanted = columns.id.in_(hidden) if deleted else columns.id.not_in(hidden)
    with store.read() as connection:
        rows = connection.execute(_every().where(wanted).order_by(columns.created_at.desc(), columns.id.desc())).all()
    return [_release(store, row) for row in rows]


def forget(connection: Connection, release_id: str) -> None:
    """Remove a release with its job; its files are not touched."""
    mine = tables.releases.c.id == release_id
    job_id = connection.execute(select(tables.releases.c.job_id).where(mine)).scalar_one()
    connection.execute(tables.releases.delete().where(mine))
    connection.execute(tables.jobs.delete().where(tables.jobs.c.id == job_id))


def _every() -> Select[Any]:
    return select(tables.releases, tables.jobs).join(tables.jobs, tables.jobs.c.id == tables.releases.c.job_id)


def _release(store: Store, row: Row[Any]) -> Release:
    columns, value = tables.releases.c, row._mapping
    path = Path(value[columns.path])
    return Release(
        id=value[columns.id],
        run_id=value[columns.run_id],
        run_name=value[columns.run_name],
        step=value[columns.step],
        form=Form(value[columns.form]),
        path=path,
        is_kept=path.is_relative_to(store.workspace.exports),
        created_at=value[columns.created_at],
        job=jobs.job_of(row),
    )
