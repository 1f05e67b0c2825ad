"""A worker that only talks: so many events a second for so long, with the real writer and no engine."""

import sys
import time
from pathlib import Path
from typing import Any

from studio.domain.event import EventKind, Outcome, Reporter
from studio.worker import attempt


def chatter(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Keep to the pace by the clock, so that what was slow for a moment is made up for."""
    began, told = time.monotonic(), 0
    while (gone := time.monotonic() - began) < spec["seconds"]:
        while told < gone * spec["rate"]:
            told += 1
            reporter.report(EventKind.METRIC, step=told, epoch=told / 1000, loss=1 / told)
        time.sleep(0.01)
    return Outcome(state="done", message="Said all.", result={"told": told})


if __name__ == "__main__":
    sys.exit(attempt(Path(sys.argv[1]), work=chatter))
