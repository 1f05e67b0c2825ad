"""Runs in the database: a frozen recipe with its job, and the curves, checkpoints and answers that it reported."""

from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, select, update

from studio.domain.deleted import AT, Kind
from studio.domain.errors import RunError
from studio.domain.event import EventKind
from studio.domain.job import JobKind
from studio.domain.plan import Plan
from studio.domain.recipe import Recipe
from studio.domain.run import Checkpoint, Metric, Origin, Run
from studio.domain.space import Claim
from studio.store import deleted as gone
from studio.store import jobs, tables
from studio.store.database import Store, writing

PLAN = TypeAdapter(Plan)
Moment = tuple[int, int]  # the attempt, and the number of the event in it
MEASURED = tuple(field.name for field in fields(Metric) if field.name != "step")


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a worker thought worth telling; `fault` where the run went on after one."""

    at: datetime
    text: str
    fault: dict[str, Any] | None = None


def add(
    target: Store | Connection,
    *,
    id: str,
    name: str,
    dataset_id: str,
    split_id: str,
    model_id: str,
    recipe: Recipe,
    plan: Plan,
    spec: dict[str, Any],
    key: str,
    origin: Origin | None = None,
    wants: str | None = None,
    sweep_id: str | None = None,
    claim: Claim | None = None,
) -> Run:
    """A run and its job, both or neither; the same `key` again is the same run, so that two clicks make one."""
    with writing(target) as connection:
        job = jobs.submit(connection, kind=JobKind.TRAIN, subject_id=id, spec=spec, key=key, wants=wants, claim=claim)
        if job.subject_id != id:
            return _get(connection, job.subject_id)
        connection.execute(
            tables.runs.insert().values(
                id=id,
                name=name,
                dataset_id=dataset_id,
                split_id=split_id,
                model_id=model_id,
                created_at=job.created_at,
                recipe=recipe.model_dump(),
                plan=PLAN.dump_python(plan, mode="json"),
                origin=asdict(origin) if origin else None,
                sweep_id=sweep_id,
                job_id=job.id,
            )
        )
        return _get(connection, id)


def get(store: Store, run_id: str) -> Run:
    """The run; RunError when there is none."""
    with store.read() as connection:
        return _get(connection, run_id)


def all(store: Store, *, deleted: bool = False) -> list[Run]:
    """Every run that is not deleted, or those that are and of which something is kept, the newest first."""
    newest_first = tables.runs.c.created_at.desc(), tables.runs.c.id.desc()
    hidden = gone.hidden(Kind.RUN)
    wanted = tables.runs.c.id.in_(hidden) if deleted else tables.runs.c.id.not_in(hidden)
    with store.read() as connection:
        return [run_of(row) for row in connection.execute(runs_with_jobs().where(wanted).order_by(*newest_first))]


def exists(store: Store, run_id: str) -> bool:
    with store.read() as connection:
        return connection.execute(select(tables.runs.c.id).where(tables.runs.c.id == run_id)).first() is not None


def rename(store: Store, run_id: str, name: str) -> Run:
    with store.write() as connection:
        connection.execute(update(tables.runs).where(tables.runs.c.id == run_id).values(name=name))
        return _get(connection, run_id)


def choose(store: Store, run_id: str, step: int | None) -> Run:
    """Use the checkpoint of this step, or the best one."""
    with store.write() as connection:
        connection.execute(update(tables.runs).where(tables.runs.c.id == run_id).values(chosen_step=step))
        return _get(connection, run_id)


def metrics(store: Store, run_id: str) -> list[Metric]:
    """The curves, one point per step; steps that a later attempt repeated are as that attempt measured them.

    What an attempt measured beyond the step that a later one went on from belongs to no curve.
    """
    steps: dict[int, tuple[Moment, dict[str, Any]]] = {}
    starts = _starts(store, run_id)
    for moment, _, data in _reported(store, run_id, EventKind.METRIC):
        if _is_undone(starts, moment, data["step"]):
            continue
        since = max(((moment[0], 0), *(start for start, _ in starts if start < moment)))
        first_by, point = steps.get(data["step"], (since, {}))
        if since > first_by:
            point = {}
        steps[data["step"]] = since, point | {name: data[name] for name in MEASURED if data.get(name) is not None}
    return [Metric(step=step, **{"epoch": 0.0} | steps[step][1]) for step in sorted(steps)]


def checkpoints(store: Store, run_id: str, *, ever: bool = False) -> list[Checkpoint]:
    """The checkpoints that are still there, or all that there ever were, in the order of their steps.

    One that somebody deleted is in neither, unless the run went on and saved it anew since.
    """
    kept: dict[int, dict[str, Any]] = {}
    starts, deleted = _starts(store, run_id), _deleted_steps(store, run_id)
    for moment, at, data in _reported(store, run_id, EventKind.CHECKPOINT):
        if at <= deleted.get(data["step"], 0.0):
            continue
        is_gone = bool(data.get("removed")) or _is_undone(starts, moment, data["step"])
        if not ever or not is_gone:
            kept.pop(data["step"], None)
        if not is_gone or (ever and not data.get("removed")):
            kept[data["step"]] = data
    return [
        Checkpoint(
            run_id=run_id,
            step=step,
            epoch=kept[step]["epoch"],
            validation_loss=kept[step]["validation_loss"],
            path=kept[step]["path"],
            sha256=kept[step]["sha256"],
            bytes=kept[step]["bytes"],
        )
        for step in sorted(kept)
    ]


def _deleted_steps(store: Store, run_id: str) -> dict[int, float]:
    """The steps of checkpoints that somebody deleted, and when."""
    columns = tables.deleted.c
    of_run = columns.id.startswith(f"{run_id}{AT}", autoescape=True)
    question = select(columns.id, columns.at).where(columns.kind == Kind.CHECKPOINT.value, of_run)
    with store.read() as connection:
        return {int(row.id.split(AT)[1]): row.at.timestamp() for row in connection.execute(question)}


def forget(connection: Connection, run_id: str) -> None:
    """Remove a run with all that it reported; a run on which a study rests, deleted or not, keeps its place."""
    if connection.execute(select(tables.studies.c.id).where(tables.studies.c.run_id == run_id)).first():
        return
    job_id = connection.execute(select(tables.runs.c.job_id).where(tables.runs.c.id == run_id)).scalar_one()
    connection.execute(tables.runs.delete().where(tables.runs.c.id == run_id))
    connection.execute(tables.jobs.delete().where(tables.jobs.c.id == job_id))


def answers(store: Store, run_id: str) -> list[tuple[int, list[dict[str, str]]]]:
    """What the model answered to the watched prompts at each check: (step, [{prompt, answer}…]) by step."""
    starts = _starts(store, run_id)
    by_step = {
        data["step"]: data["items"]
        for moment, _, data in _reported(store, run_id, EventKind.ANSWERS)
        if not _is_undone(starts, moment, data["step"])
    }
    return sorted(by_step.items())


def _starts(store: Store, run_id: str) -> list[tuple[Moment, int]]:
    """When the run went on from which step; an attempt that makes do with less memory goes on in itself."""
    return [(moment, data["step"]) for moment, _, data in _reported(store, run_id, EventKind.START)]


def _is_undone(starts: list[tuple[Moment, int]], moment: Moment, step: int) -> bool:
    """Whether the run went on later from before this step."""
    return any(later > moment and step > start for later, start in starts)


def notes(store: Store, run_id: str) -> list[Note]:
    """What the workers told of the run, in order."""
    return [
        Note(datetime.fromtimestamp(at, UTC), str(data["text"]), data.get("fault"))
        for _, at, data in _reported(store, run_id, EventKind.NOTE)
    ]


def _reported(store: Store, run_id: str, kind: EventKind) -> list[tuple[Moment, float, dict[str, Any]]]:
    """(moment, at, data) of all events of one kind, in the order in which they were reported."""
    columns = tables.events.c
    question = (
        select(columns.attempt, columns.seq, columns.at, columns.data)
        .join(tables.runs, tables.runs.c.job_id == columns.job_id)
        .where(tables.runs.c.id == run_id, columns.kind == kind.value)
        .order_by(columns.attempt, columns.seq)
    )
    with store.read() as connection:
        return [((row[0], row[1]), row[2], row[3]) for row in connection.execute(question)]


def runs_with_jobs() -> Any:
    return select(tables.runs, tables.jobs).join(tables.jobs, tables.jobs.c.id == tables.runs.c.job_id)


def _get(connection: Connection, run_id: str) -> Run:
    row = connection.execute(runs_with_jobs().where(tables.runs.c.id == run_id)).one_or_none()
    if row is None:
        raise RunError(f"There is no run called {run_id}.", fix="Pick one of those listed.")
    return run_of(row)


def run_of(row: Row[Any]) -> Run:
    columns, value = tables.runs.c, row._mapping
    return Run(
        id=value[columns.id],
        name=value[columns.name],
        dataset_id=value[columns.dataset_id],
        split_id=value[columns.split_id],
        model_id=value[columns.model_id],
        recipe=Recipe.model_validate(value[columns.recipe]),
        plan=PLAN.validate_python(value[columns.plan]),
        created_at=value[columns.created_at],
        job=jobs.job_of(row),
        origin=Origin(**value[columns.origin]) if value[columns.origin] else None,
        chosen_step=value[columns.chosen_step],
        sweep_id=value[columns.sweep_id],
    )
