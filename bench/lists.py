"""How long the lists of runs take where there are many: beside one bare query, and beside validating every recipe.

python -m bench.lists                   10,000 runs, a tenth of which broke off and told of no best check
python -m bench.lists --runs 1000
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.size import machine
from studio.domain.plan import Light, Plan
from studio.domain.recipe import Recipe
from studio.domain.split import Bin, Split, SplitChoices
from studio.flows import logbook
from studio.flows.studio import Studio, open_studio
from studio.store import datasets, runs, splits, tables
from studio.ui.parts.pickers import run_picker
from studio.ui.tabs.runs import show

TIMES = 7
CHECKS = 10
PLAN = Plan(
    light=Light.GREEN, sentence="Fits.", device="cpu", train_rows=2, validation_rows=1, steps=120, steps_per_epoch=40,
    accumulation=1, tokens=9000, seconds_low=20.0, seconds_high=30.0, memory=(), memory_free=1, choices=(),
)  # fmt: skip
BARE = """
SELECT runs.id, runs.name, model_id, dataset_id, runs.created_at, jobs.state, jobs.result, logbook.tags, logbook.notes
FROM runs JOIN jobs ON jobs.id = runs.job_id LEFT JOIN logbook ON logbook.run_id = runs.id ORDER BY runs.created_at DESC
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-lists-") as folder:
        studio = open_studio(Path(folder) / "workspace")
        fill(studio, given.runs)
        print(f"{given.runs:,} runs with {CHECKS} checks each; {machine()}", flush=True)
        bare, whole = busy(lambda: ask(studio)), busy(lambda: runs.several(studio.store, ids(studio)))
        print(
            f"a bare query of what is listed: {bare * 1000:,.0f} ms; each run with its recipe: {whole * 1000:,.0f} ms"
        )
        for name, look in (
            ("every run, as `runs --json` has them", lambda: logbook.kept(studio)),
            ("the screen", lambda: show(studio, [])),
            ("the screen, looking for words", lambda: show(studio, [], "triage-77 finished")),
            ("the picker of the header", lambda: run_picker(studio, None)),
        ):
            took = busy(look)
            print(
                f"{name}: {took * 1000:,.0f} ms, {took / bare:.1f} × the bare query, {took / whole:.2f} × every recipe"
            )
        studio.store.close()


def fill(studio: Studio, count: int) -> None:
    """So many runs, each with a curve; of a tenth nothing but the curve tells which check was the best."""
    data = datasets.add(studio.store, id="data-1", name="Triage", source_name="triage.jsonl", bytes=5, spec={})
    split = Split("split-1", data.id, SplitChoices(), (Bin.TRAIN, Bin.VALIDATION, Bin.TEST), {})
    splits.add(studio.store, split)
    now, recipe, plan = (
        datetime.now(UTC),
        Recipe.model_validate({}).model_dump(),
        runs.PLAN.dump_python(PLAN, mode="json"),
    )
    rows: dict[Any, list[dict[str, Any]]] = {table: [] for table in FILLED}
    for number in range(count):
        job, run, at = f"job-{number}", f"run-{number}", now + timedelta(seconds=number)
        told = {} if number % 10 == 0 else {"best_step": 100, "best_validation_loss": 1.2}
        rows[tables.jobs].append(
            {
                "id": job, "kind": "train", "subject_id": run, "key": run, "state": "done" if told else "failed",
                "wish": "run", "attempt": 1, "created_at": at, "queued_at": at, "started_at": at, "ended_at": at,
                "phase": "", "done": 120, "total": 120, "message": "Finished.", "fix": "", "result": told,
            }
        )  # fmt: skip
        rows[tables.runs].append(
            {
                "id": run, "name": f"triage-{number}", "dataset_id": data.id, "split_id": split.id,
                "model_id": "starter", "created_at": at, "recipe": recipe, "plan": plan, "job_id": job,
            }
        )  # fmt: skip
        rows[tables.attempts].append({"job_id": job, "attempt": 1, "began_at": at, "offset": 0, "last_seq": CHECKS})
        rows[tables.logbook].append(
            {"run_id": run, "owner": "mira", "versions": {"torch": "2"}, "notes": "", "tags": ["a"]}
        )
        rows[tables.events] += [
            {
                "job_id": job, "attempt": 1, "seq": seq, "at": float(seq), "kind": "metric",
                "data": {"step": 10 * seq, "epoch": seq / 4, "validation_loss": 2.0 - seq / 100},
            }
            for seq in range(1, CHECKS + 1)
        ]  # fmt: skip
    with studio.store.write() as connection:
        for table, values in rows.items():
            connection.execute(table.insert(), values)


FILLED = (tables.jobs, tables.runs, tables.attempts, tables.logbook, tables.events)


def ids(studio: Studio) -> list[str]:
    return [run.id for run in runs.all(studio.store)]


def ask(studio: Studio) -> list[Any]:
    with studio.store.read() as connection:
        return list(connection.exec_driver_sql(BARE))


def busy(look: Callable[[], Any]) -> float:
    """Seconds of the processor, of which the median of several times."""
    taken = []
    for _ in range(TIMES):
        began = time.process_time()
        look()
        taken.append(time.process_time() - began)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
