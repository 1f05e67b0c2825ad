"""Sweeps in the database: a name, the values that are tried, and the runs that belong to it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from studio.domain.errors import RunError
from studio.domain.sweep import Sweep
from studio.store import runs, tables
from studio.store.database import Store, insert_or_ignore


def add(
    store: Store,
    *,
    id: str,
    name: str,
    dataset_id: str,
    model_id: str,
    knobs: Mapping[str, Sequence[Any]],
    key: str,
    ordered: Sequence[Mapping[str, Any]],
) -> Sweep:
    """A sweep with all of its runs (`ordered`, each as `runs.add` takes it) or nothing; the same `key` is the same."""
    values = {
        "id": id, "key": key, "name": name, "dataset_id": dataset_id, "model_id": model_id,
        "knobs": {name: list(tried) for name, tried in knobs.items()}, "created_at": datetime.now(UTC),
    }  # fmt: skip
    with store.write() as connection:
        if insert_or_ignore(connection, tables.sweeps, values, conflict=["key"]):
            for number, each in enumerate(ordered, start=1):
                runs.add(connection, key=f"{id}:{number}", sweep_id=id, **each)
        known = select(tables.sweeps.c.id).where(tables.sweeps.c.key == key)
        return _get(connection, connection.execute(known).scalar_one())


def get(store: Store, sweep_id: str) -> Sweep:
    """The sweep; RunError when there is none."""
    with store.read() as connection:
        return _get(connection, sweep_id)


def all(store: Store) -> list[Sweep]:
    """Every sweep of which a run is left, deleted or not, the newest first."""
    newest_first = tables.sweeps.c.created_at.desc(), tables.sweeps.c.id.desc()
    with store.read() as connection:
        rows = connection.execute(select(tables.sweeps).order_by(*newest_first)).all()
        runs = _run_ids(connection, [row.id for row in rows])
        return [_sweep(row, runs[row.id]) for row in rows if row.id in runs]


def _get(connection: Connection, sweep_id: str) -> Sweep:
    row = connection.execute(select(tables.sweeps).where(tables.sweeps.c.id == sweep_id)).one_or_none()
    if row is None:
        raise RunError(f"There is no sweep called {sweep_id}.", fix="Pick one of those listed.")
    return _sweep(row, _run_ids(connection, [sweep_id]).get(sweep_id, []))


def _run_ids(connection: Connection, sweep_ids: Sequence[str]) -> dict[str, list[str]]:
    """The runs of each of these sweeps, in the order in which they were started."""
    columns = tables.runs.c
    wanted = columns.sweep_id.in_(sweep_ids)
    question = select(columns.sweep_id, columns.id).where(wanted).order_by(columns.created_at, columns.id)
    found: dict[str, list[str]] = {}
    for sweep, run in connection.execute(question):
        found.setdefault(sweep, []).append(run)
    return found


def _sweep(row: Row[Any], run_ids: Sequence[str]) -> Sweep:
    return Sweep(
        id=row.id,
        name=row.name,
        dataset_id=row.dataset_id,
        model_id=row.model_id,
        knobs=row.knobs,
        created_at=row.created_at,
        run_ids=tuple(run_ids),
    )
