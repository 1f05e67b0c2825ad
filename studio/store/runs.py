"""Runs in the database: a frozen recipe with its job, and the curves, checkpoints and answers that it reported."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, Text, func, select, type_coerce, update

from studio.domain.deleted import AT, Kind
from studio.domain.errors import RunError
from studio.domain.event import EventKind
from studio.domain.job import LIVE, JobKind, JobState, Stretch, Wish, words_of
from studio.domain.method import Method
from studio.domain.plan import Plan
from studio.domain.reading import best_check
from studio.domain.recipe import Recipe, method_of
from studio.domain.run import Best, Checkpoint, Listed, Metric, Origin, Run
from studio.domain.space import Claim
from studio.store import deleted as gone
from studio.store import jobs, tables
from studio.store.database import Store, writing
from studio.store.told import Reported, Told, answers_of, curve, is_undone, starts

PLAN = TypeAdapter(Plan)
AT_ONCE = 5_000  # runs in one question; databases refuse to be asked for too many
LISTED = (
    *(tables.runs.c[name] for name in ("id", "name", "dataset_id", "model_id", "created_at", "sweep_id")),
    *(tables.jobs.c[name] for name in ("id", "started_at", "state", "wish", "pausing", "result")),
)


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


@dataclass(frozen=True, slots=True)
class Look:
    """A run with all that it has told, at one moment of the database.

    `saved` are the checkpoints that are there, `ever` all that there were; as long as nothing came, `reported` is the
    same object.
    """

    run: Run
    at_work: tuple[Stretch, ...]
    reported: Reported
    saved: tuple[Checkpoint, ...]
    ever: tuple[Checkpoint, ...]


def look(store: Store, run_id: str) -> Look:
    """The run as it is now; RunError when there is none. It is cheap to look again."""
    columns = tables.attempts.c
    with store.read() as connection:
        run = _get(connection, run_id)
        found = select(columns.attempt, columns.began_at, columns.ended_at, columns.offset, columns.last_seq)
        attempts = list(connection.execute(found.where(columns.job_id == run.job.id).order_by(columns.attempt)))
        marks = {each.attempt: (each.offset, each.last_seq) for each in attempts}
        reported = store.reports.of(connection, run.job.id, marks)
        deleted = _deleted_steps_in(connection)
    saved, ever = (tuple(_kept(run_id, reported.told, deleted, ever=each)) for each in (False, True))
    return Look(run, tuple(Stretch(each.began_at, each.ended_at) for each in attempts), reported, saved, ever)


def several(store: Store, run_ids: Collection[str]) -> dict[str, Run]:
    """Those of these runs that there are."""
    question = runs_with_jobs().where(tables.runs.c.id.in_(list(run_ids)))
    with store.read() as connection:
        return {run.id: run for run in map(run_of, connection.execute(question))}


def all(
    store: Store,
    *,
    deleted: bool = False,
    live: bool = False,
    ids: Collection[str] | None = None,
    dataset_ids: Collection[str] | None = None,
    model_id: str | None = None,
    sweep_ids: Collection[str] | None = None,
    most: int | None = None,
) -> list[Listed]:
    """Every run that is not deleted, or those that are and of which something is kept, the newest first.

    As asked, only those that wait or run, those of these ids, data, model or sweeps, and the newest so many of them.
    """
    runs, hidden = tables.runs.c, gone.hidden(Kind.RUN)
    wanted: list[ColumnElement[bool]] = [runs.id.in_(hidden) if deleted else runs.id.not_in(hidden)]
    named = ((runs.id, ids), (runs.dataset_id, dataset_ids), (runs.sweep_id, sweep_ids))
    wanted += [column.in_(list(values)) for column, values in named if values is not None]
    if model_id is not None:
        wanted.append(runs.model_id == model_id)
    if live:
        wanted.append(tables.jobs.c.state.in_([state.value for state in LIVE]))
    joined = tables.runs.join(tables.jobs, tables.jobs.c.id == runs.job_id)
    question = select(*LISTED).select_from(joined).where(*wanted).order_by(runs.created_at.desc(), runs.id.desc())
    with store.read() as connection:
        return [_listed(*row) for row in connection.execute(question.limit(most))]


def count(store: Store) -> int:
    """How many runs there are that are not deleted."""
    counted = select(func.count()).select_from(tables.runs).where(tables.runs.c.id.not_in(gone.hidden(Kind.RUN)))
    with store.read() as connection:
        return connection.execute(counted).scalar_one()


def names(store: Store) -> set[str]:
    """The name of every run, of those that are deleted as well."""
    with store.read() as connection:
        return set(connection.execute(select(tables.runs.c.name)).scalars())


def recipes(store: Store, run_ids: Collection[str]) -> dict[str, Recipe]:
    """The recipe of each of these runs."""
    columns = tables.runs.c
    with store.read() as connection:
        rows = connection.execute(select(columns.id, columns.recipe).where(columns.id.in_(list(run_ids))))
        return {row.id: Recipe.model_validate(row.recipe) for row in rows}


def methods(store: Store, run_ids: Collection[str]) -> dict[str, Method]:
    """How each of these runs trains."""
    columns = tables.runs.c
    with store.read() as connection:
        rows = connection.execute(select(columns.id, columns.recipe).where(columns.id.in_(list(run_ids))))
        return {row.id: method_of(row.recipe) for row in rows}


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


def forget(connection: Connection, run_id: str) -> None:
    """Remove a run with all that it reported; a run on which a study rests, deleted or not, keeps its place."""
    if connection.execute(select(tables.studies.c.id).where(tables.studies.c.run_id == run_id)).first():
        return
    job_id = connection.execute(select(tables.runs.c.job_id).where(tables.runs.c.id == run_id)).scalar_one()
    connection.execute(tables.runs.delete().where(tables.runs.c.id == run_id))
    connection.execute(tables.jobs.delete().where(tables.jobs.c.id == job_id))


def metrics(store: Store, run_id: str) -> list[Metric]:
    """The curves, one point per step; steps that a later attempt repeated are as that attempt measured them.

    What an attempt measured beyond the step that a later one went on from belongs to no curve.
    """
    return curve(_told(store, [run_id], EventKind.METRIC, EventKind.START)[run_id])


def best(store: Store, run_ids: Collection[str]) -> dict[str, Best]:
    """The best check so far of each of these runs that has one, from their curves."""
    is_check = type_coerce(tables.events.c.data, Text).contains('"validation_loss":')
    is_start = tables.events.c.kind == EventKind.START.value
    told = _told(store, run_ids, EventKind.METRIC, EventKind.START, only=is_check | is_start)
    found = {run_id: best_check(curve(each)) for run_id, each in told.items()}
    return {run_id: best for run_id, best in found.items() if best}


def checkpoints(store: Store, run_id: str, *, ever: bool = False) -> list[Checkpoint]:
    """The checkpoints that are still there, or all that there ever were, in the order of their steps.

    One that somebody deleted is in neither, unless the run went on and saved it anew since.
    """
    return checkpoints_of(store, [run_id], ever=ever)[run_id]


def checkpoints_of(store: Store, run_ids: Collection[str], *, ever: bool = False) -> dict[str, list[Checkpoint]]:
    """The same of each of these runs."""
    return {run_id: each[ever] for run_id, each in both_of(store, run_ids).items()}


def both_of(store: Store, run_ids: Collection[str]) -> dict[str, tuple[list[Checkpoint], list[Checkpoint]]]:
    """Of each of these runs the checkpoints that are still there, and all that there ever were."""
    told, deleted = _told(store, run_ids, EventKind.CHECKPOINT, EventKind.START), _deleted_steps(store)
    return {
        run_id: (_kept(run_id, each, deleted, ever=False), _kept(run_id, each, deleted, ever=True))
        for run_id, each in told.items()
    }


def _kept(run_id: str, told: Told, deleted: dict[str, float], *, ever: bool) -> list[Checkpoint]:
    kept: dict[int, dict[str, Any]] = {}
    for moment, at, data in told[EventKind.CHECKPOINT]:
        if at <= deleted.get(f"{run_id}{AT}{data['step']}", 0.0):
            continue
        is_gone = bool(data.get("removed")) or is_undone(starts(told), moment, data["step"])
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


def _deleted_steps(store: Store) -> dict[str, float]:
    """The checkpoints that somebody deleted, and when."""
    with store.read() as connection:
        return _deleted_steps_in(connection)


def _deleted_steps_in(connection: Connection) -> dict[str, float]:
    columns = tables.deleted.c
    question = select(columns.id, columns.at).where(columns.kind == Kind.CHECKPOINT.value)
    return {row.id: row.at.timestamp() for row in connection.execute(question)}


def answers(store: Store, run_id: str) -> list[tuple[int, list[dict[str, str]]]]:
    """What the model answered to the watched prompts at each check: (step, [{prompt, answer}…]) by step."""
    return answers_of(_told(store, [run_id], EventKind.ANSWERS, EventKind.START)[run_id])


def notes(store: Store, run_id: str) -> list[Note]:
    """What the workers told of the run, in order."""
    return [
        Note(datetime.fromtimestamp(at, UTC), str(data["text"]), data.get("fault"))
        for _, at, data in _told(store, [run_id], EventKind.NOTE)[run_id][EventKind.NOTE]
    ]


def _told(
    store: Store, run_ids: Collection[str], *kinds: EventKind, only: ColumnElement[bool] | None = None
) -> dict[str, Told]:
    """All events of these kinds of each of the runs, in the order in which they were told."""
    columns, runs = tables.events.c, tables.runs.c
    question = (
        select(runs.id, columns.kind, columns.attempt, columns.seq, columns.at, columns.data)
        .join(tables.runs, runs.job_id == columns.job_id)
        .where(columns.kind.in_([kind.value for kind in kinds]))
        .order_by(columns.attempt, columns.seq)
    )
    if only is not None:
        question = question.where(only)
    found: dict[str, Told] = {run_id: {kind: [] for kind in kinds} for run_id in run_ids}
    listed = list(found)
    with store.read() as connection:
        for start in range(0, len(listed), AT_ONCE):
            some = question.where(runs.id.in_(listed[start : start + AT_ONCE]))
            for run_id, kind, attempt, seq, at, data in connection.execute(some):
                found[run_id][EventKind(kind)].append(((attempt, seq), at, data))
    return found


def runs_with_jobs() -> Any:
    return select(tables.runs, tables.jobs).join(tables.jobs, tables.jobs.c.id == tables.runs.c.job_id)


def _get(connection: Connection, run_id: str) -> Run:
    row = connection.execute(runs_with_jobs().where(tables.runs.c.id == run_id)).one_or_none()
    if row is None:
        raise RunError(f"There is no run called {run_id}.", fix="Pick one of those listed.")
    return run_of(row)


def _listed(
    id: str,
    name: str,
    dataset_id: str,
    model_id: str,
    created_at: datetime,
    sweep_id: str | None,
    job_id: str,
    started_at: datetime | None,
    state: str,
    wish: str,
    pausing: bool,
    result: dict[str, Any],
) -> Listed:
    step, loss = result.get("best_step"), result.get("best_validation_loss")
    return Listed(
        id=id,
        name=name,
        dataset_id=dataset_id,
        model_id=model_id,
        created_at=created_at,
        started_at=started_at,
        job_id=job_id,
        state=JobState(state),
        words=words_of(JobState(state), Wish(wish), pausing=pausing),
        best=Best(step, loss) if step is not None and loss is not None else None,
        sweep_id=sweep_id,
    )


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
