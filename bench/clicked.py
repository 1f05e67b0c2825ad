"""Clicked: the dataset that clicks are made on: rows with fields and labels, and all found that can be looked for."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import orjson

from bench.accuracy.copies import Row, planted
from bench.accuracy.worlds import held_out
from studio.domain.job import Job
from studio.flows import bring, inspect, leakage, meaning, topics, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio, open_studio
from studio.jobs.presence import ensure_supervisor
from studio.store.workspace import Workspace

PATIENCE = 3600.0
LABELLED, CUSTOMERS = 4, 10  # one row in so many has an answer of labels alone; so many rows for each customer
URGENCY = ("low", "usual", "high")
MAIL = "{}@example.com"
HAS_MAIL = 300  # one row in so many holds an address


def workspace_with(rows: int, *, kept: Path | None, scratch: Path) -> Studio:
    """A studio with one such dataset, made anew or copied from `kept`, so that every run begins with the same."""
    made = kept or scratch / "made"
    if not made.exists():
        _make(made, rows=rows, scratch=scratch)
    shutil.copytree(made, scratch / "clicked")
    return open_studio(scratch / "clicked")


def _make(folder: Path, *, rows: int, scratch: Path) -> None:
    file = scratch / "planted.jsonl"
    with file.open("wb") as written:
        for row in planted(held_out.world(), rows=rows):
            written.write(orjson.dumps(_written(row, customers=rows // CUSTOMERS)) + b"\n")
    studio = open_studio(folder)
    ensure_supervisor(studio.workspace)
    try:
        brought = bring.bring_file(studio, file)
        train.wait(studio, brought.job_id, seconds=PATIENCE)
        _find_everything(studio, brought.id)
    finally:
        _end_supervisor(studio.workspace)
        studio.store.close()


def _written(row: Row, *, customers: int) -> dict[str, str]:
    """A row of the file; copies of one row say the same."""
    answer = row.answer
    if not row.origin % LABELLED:
        answer = f"Category: {row.topic}\nUrgency: {URGENCY[row.origin % 3]}\nReference: {row.origin}"
    mail = f" Write to {MAIL.format(row.topic)}." if not row.origin % HAS_MAIL else ""
    named = {"customer": f"c{row.origin % max(customers, 1)}", "topic": row.topic}
    return {"prompt": row.question + mail, "completion": answer, **named}


def _find_everything(studio: Studio, data: str) -> None:
    """Lengths, topics, twins across the split and likeness in meaning, as people have them looked for."""
    bring.ready(studio, data)
    jobs: list[Callable[[], Job | None]] = [
        lambda: inspect.look(studio, data, STARTER).measuring,
        lambda: topics.look(studio, data).job,
        lambda: leakage.look(studio, data).job,
        lambda: meaning.compare(studio, data) if meaning.is_installed() else None,
    ]
    for job in [start() for start in jobs]:
        if job is not None:
            train.wait(studio, job.id, seconds=PATIENCE)


def _end_supervisor(workspace: Workspace) -> None:
    os.kill(json.loads(workspace.supervisor_info.read_text())["pid"], signal.SIGTERM)
