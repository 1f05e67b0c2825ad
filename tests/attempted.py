"""Attempted: one worker, started as the studio starts it and waited for."""

import json
import os
import time
from pathlib import Path
from typing import Any

from studio.domain.job import JobKind
from studio.jobs import spool
from studio.jobs.launcher import Launcher, worker_environment


def attempted(launcher: Launcher, folder: Path, spec: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a training that must end well."""
    spool.write_spec(folder, spec)
    environment = worker_environment(os.environ) | {"OMP_NUM_THREADS": "1"}
    process = launcher.start(folder, kind=JobKind.TRAIN, env=environment)
    deadline = time.monotonic() + 240
    while (status := process.poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert status == 0, (folder / "log.txt").read_text()
    outcome = json.loads((folder / "outcome.json").read_text())
    assert outcome["state"] == "done", outcome
    return outcome
