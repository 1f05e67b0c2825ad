"""Rows, a trained starter and a worker of its own, for tests that need a GPU."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from studio.domain.event import Event, EventKind, Outcome
from studio.domain.recipe import Recipe
from studio.engine.load import import_bitsandbytes, prepare_process

import_bitsandbytes()  # as in tests/engine/conftest.py

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "assets" / "starter"
TRIAGE = ROOT / "assets" / "samples" / "triage.jsonl"
# 96 rows, 12 steps a pass, 36 steps in all; checks after 12, 24 and 36.
RECIPE = Recipe.model_validate(
    {
        "epochs": 3,
        "learning_rate": 4e-3,
        "rank": 16,
        "max_length": 512,
        "batch_size": 8,
        "micro_batch": 8,
        "evaluations": 3,
        "seed": 11,
    }
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a worker left behind in its folder."""

    folder: Path

    @property
    def events(self) -> list[Event]:
        lines = (self.folder / "events.jsonl").read_bytes().split(b"\n")[:-1]
        return [Event.model_validate_json(line) for line in lines]

    @property
    def outcome(self) -> Outcome:
        return Outcome.model_validate_json((self.folder / "outcome.json").read_bytes())

    def of(self, kind: EventKind) -> list[dict[str, Any]]:
        return [event.data for event in self.events if event.kind == kind]

    def curve(self, name: str) -> dict[int, float]:
        return {data["step"]: data[name] for data in self.of(EventKind.METRIC) if name in data}


@pytest.fixture(scope="session", autouse=True)
def prepared() -> None:
    prepare_process()


@pytest.fixture(scope="session")
def triage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The triage sample as a dataset folder."""
    folder = tmp_path_factory.mktemp("triage")
    lines = TRIAGE.read_text(encoding="utf-8").splitlines()
    rows = [{"line": n, "messages": json.loads(line)["messages"], "extra": {}} for n, line in enumerate(lines, start=1)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def train_spec(run: Path, dataset: Path, *, recipe: Recipe = RECIPE, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "train",
        "job": "job-1",
        "attempt": 1,
        "run": str(run),
        "dataset": str(dataset),
        "model": str(STARTER),
        "model_id": "starter",
        "recipe": recipe.model_dump(),
        "train": list(range(96)),
        "validation": list(range(100, 116)),
        "watch": [100, 101],
        "resume": False,
        "way": {"packed": True},
        **changes,
    }


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Attempt]:
    """Carries a spec out in a worker process, as the supervisor would start it; `until` kills it in the middle."""

    def carried_out(spec: dict[str, Any], *, until: Callable[[Event], bool] | None = None) -> Attempt:
        folder = tmp_path_factory.mktemp("attempt")
        (folder / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, "-m", "studio.worker", str(folder)]
        with (folder / "log").open("w") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as worker:
            if until is not None:
                for event in follow(folder / "events.jsonl", worker):
                    if until(event):
                        worker.kill()
                        break
            status = worker.wait()
        assert until is not None or status == 0, (folder / "log").read_text()[-3000:]
        return Attempt(folder)

    return carried_out


def follow(path: Path, worker: subprocess.Popen) -> Iterator[Event]:
    """Every whole line of a growing file, until its writer has ended."""
    told = 0
    while worker.poll() is None:
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        yield from (Event.model_validate_json(line) for line in lines[told:])
        told = len(lines)
        time.sleep(0.02)


@pytest.fixture(scope="session")
def straight(
    tmp_path_factory: pytest.TempPathFactory, triage: Path, work: Callable[..., Attempt]
) -> tuple[Path, Attempt]:
    """A run of the starter that nothing interrupts, and what its worker told."""
    run = tmp_path_factory.mktemp("run")
    attempt = work(train_spec(run, triage))
    assert attempt.outcome.state == "done", attempt.outcome
    return run, attempt
