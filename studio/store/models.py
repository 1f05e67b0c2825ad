"""Models in the database: the folders that people added from this machine, and what they download from a hub."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from studio.domain.deleted import Kind
from studio.domain.errors import RecipeError
from studio.domain.job import Job, JobKind
from studio.domain.space import Claim
from studio.store import deleted as gone
from studio.store import jobs, tables
from studio.store.database import Store, insert_or_ignore


@dataclass(frozen=True, slots=True)
class AddedModel:
    """A model folder by the name that its own files give it, or a model of a hub with its last download."""

    id: str
    title: str
    path: Path
    added_at: datetime
    hub_id: str | None = None
    revision: str = ""
    job: Job | None = None


def add(store: Store, *, id: str, title: str, path: Path) -> AddedModel:
    """Remember a folder; the same folder again is the model that it already is."""
    values = {"id": id, "title": title, "path": str(path), "added_at": datetime.now(UTC)}
    with store.write() as connection:
        insert_or_ignore(connection, tables.models, values, conflict=["path"])
        return _model(connection.execute(_every().where(tables.models.c.path == str(path))).one())


def add_from_hub(
    store: Store,
    *,
    id: str,
    title: str,
    path: Path,
    hub_id: str,
    revision: str,
    spec: dict[str, Any],
    claim: Claim | None = None,
) -> AddedModel:
    """Remember a model of a hub and submit its download; the same again is the model that it already is."""
    values = {
        "id": id, "title": title, "path": str(path), "added_at": datetime.now(UTC), "hub_id": hub_id,
        "revision": revision,
    }  # fmt: skip
    with store.write() as connection:
        if insert_or_ignore(connection, tables.models, values, conflict=["hub_id", "revision"]):
            _submit(connection, id, spec, after=None, claim=claim)
        columns = tables.models.c
        return _model(connection.execute(_every().where(columns.hub_id == hub_id, columns.revision == revision)).one())


def download_again(store: Store, model: AddedModel, spec: dict[str, Any], claim: Claim | None = None) -> AddedModel:
    """Submit another download of a model whose last one came to its end; asked twice it is one."""
    with store.write() as connection:
        _submit(connection, model.id, spec, after=model.job.id if model.job else None, claim=claim)
        return _model(connection.execute(_every().where(tables.models.c.id == model.id)).one())


def all(store: Store) -> list[AddedModel]:
    """Every added model that is not deleted, in the order in which they were added."""
    listed = _every().where(tables.models.c.id.not_in(gone.hidden(Kind.MODEL)))
    with store.read() as connection:
        rows = connection.execute(listed.order_by(tables.models.c.added_at, tables.models.c.id))
        return [_model(row) for row in rows]


def get(store: Store, model_id: str) -> AddedModel:
    """The model, deleted or not; RecipeError when it is not known."""
    with store.read() as connection:
        row = connection.execute(_every().where(tables.models.c.id == model_id)).one_or_none()
    if row is None:
        raise RecipeError(f"There is no added model called {model_id}.", fix="Pick one of those listed.")
    return _model(row)


def forget(connection: Connection, model_id: str) -> None:
    """Remove a model; its files are not touched."""
    connection.execute(tables.models.delete().where(tables.models.c.id == model_id))


def _submit(
    connection: Connection, model_id: str, spec: dict[str, Any], *, after: str | None, claim: Claim | None
) -> None:
    key = f"{model_id}:{spec['to']}:{after or ''}"
    job = jobs.submit(connection, kind=JobKind.DOWNLOAD, subject_id=model_id, spec=spec, key=key, claim=claim)
    connection.execute(update(tables.models).where(tables.models.c.id == model_id).values(job_id=job.id))


def _every() -> Select[Any]:
    return select(tables.models, tables.jobs).outerjoin(tables.jobs, tables.jobs.c.id == tables.models.c.job_id)


def _model(row: Row[Any]) -> AddedModel:
    columns, value = tables.models.c, row._mapping
    return AddedModel(
        id=value[columns.id],
        title=value[columns.title],
        path=Path(value[columns.path]),
        added_at=value[columns.added_at],
        hub_id=value[columns.hub_id],
        revision=value[columns.revision] or "",
        job=jobs.job_of(row) if value[columns.job_id] else None,
    )
