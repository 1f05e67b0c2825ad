"""Supervisors that tests leave behind are ended here, each by its own process id."""

import json
import os
import signal
import time

from studio.jobs.presence import is_supervised
from studio.store.workspace import Workspace


def end_supervisor(workspace: Workspace, *, within: float = 30) -> None:
    """Ask the supervisor of a workspace to end, and wait until it has; its workers end with it."""
    if not is_supervised(workspace):
        return
    os.kill(json.loads(workspace.supervisor_info.read_text())["pid"], signal.SIGTERM)
    deadline = time.monotonic() + within
    while is_supervised(workspace):
        assert time.monotonic() < deadline, f"the supervisor of {workspace.root} does not end"
        time.sleep(0.05)
