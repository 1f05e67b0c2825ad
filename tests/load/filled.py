"""Filled: a workspace that has been in use for long, made in seconds: many runs with their curves, and cards to rate."""

from dataclasses import dataclass
from pathlib import Path

from studio.domain.job import JobKind, JobState
from studio.flows import people, signing
from studio.flows.studio import Studio, open_studio
from studio.store import jobs
from tests.store.examples import Examples
from tests.web.conftest import Silent, read_dataset

__all__ = ["Filled", "Silent", "cookies", "filled"]

COPIES = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})
INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, numbers WHERE {table}.{key} = '{original}'
"""
CURVE = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {events})
INSERT INTO events (job_id, attempt, seq, at, kind, data)
SELECT attempts.job_id, attempts.attempt, n, 1750000000.0 + n, 'metric',
  '{{"step":' || n || ',"epoch":' || (n / 100.0) || ',"loss":' || (2.0 / (1 + n / 50.0)) || ',"learning_rate":0.001}}'
FROM attempts, numbers
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """What is there: ids of runs that have ended, one that runs, a dataset, and links of raters, one each."""

    folder: Path
    ended: str
    live: str
    data: str
    raters: tuple[str, ...]


def filled(folder: Path, *, runs: int, events: int, raters: int, prompts: int) -> Filled:
    """So many runs with so many events each, and a study that so many people rate."""
    studio = open_studio(folder)
    examples = Examples(studio.store)
    dataset = read_dataset(studio)
    split = examples.split(dataset.id)
    ended, live = examples.run(split=split), examples.run(split=split, name="live")
    for _ in range(2):
        assert jobs.claim(studio.store, kinds=[JobKind.TRAIN]) is not None
    jobs.move(studio.store, ended.job.id, attempt=1, to=JobState.DONE, message="Trained.")
    _copy(studio, ended.id, ended.job.id, runs - 2, events)
    study = examples.open_study(prompts=prompts)
    links = tuple(examples.rater(study, f"Rater {number}").token for number in range(raters))
    studio.store.close()
    return Filled(folder, ended.id, live.id, dataset.id, links)


def _copy(studio: Studio, run_id: str, job_id: str, count: int, events: int) -> None:
    """The run as often as that, each with a job, an attempt and a curve of its own; two runs are there already."""
    with studio.store.write() as connection:

        def columns(table: str) -> list[str]:
            found = connection.exec_driver_sql(f"SELECT * FROM {table} LIMIT 0")
            return list(found.keys())

        for table, key, original in (
            ("jobs", "id", job_id), ("specs", "job_id", job_id), ("attempts", "job_id", job_id), ("runs", "id", run_id),
        ):  # fmt: skip
            if count <= 0:
                break
            names = columns(table)
            values = [_changed(table, name) for name in names]
            connection.exec_driver_sql(
                COPIES.format(
                    count=count, table=table, key=key, original=original, columns=", ".join(f'"{name}"' for name in names),
                    values=", ".join(values),
                )
            )  # fmt: skip
        connection.exec_driver_sql(CURVE.format(events=events))
        connection.exec_driver_sql(f"UPDATE attempts SET last_seq = {events}")


def _changed(table: str, name: str) -> str:
    """What of a copy is its own."""
    if (table, name) in {
        ("jobs", "id"),
        ("specs", "job_id"),
        ("attempts", "job_id"),
        ("runs", "job_id"),
        ("runs", "id"),
    }:
        return f"{table}.\"{name}\" || '-' || n"
    if (table, name) in {("jobs", "key"), ("jobs", "subject_id"), ("runs", "name")}:
        return f"{table}.\"{name}\" || '-' || n"
    return f'{table}."{name}"'


def cookies(folder: Path, port: int, count: int) -> list[tuple[str, str]]:
    """As many browsers of this machine that are known on this port."""
    studio = open_studio(folder)
    try:
        made = [
            signing.open_here(studio, people.launch(studio), address="127.0.0.1", device=f"visitor {number}")
            for number in range(count)
        ]
    finally:
        studio.store.close()
    return [(f"studio-{port}", token) for token in made]
