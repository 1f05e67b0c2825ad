"""What many people, large files and floods do to a studio, beside what is asked of it.

    python -m tests.load                    about three minutes
    python -m tests.load --minutes 15 --runs 10000 --events 500 --bytes 1000000000    the targets as they are written
    python -m tests.load --only L4,L15      these alone
    python -m tests.load --soak 10          ten minutes of coming and going, and the slope of the memory

The visitors are a process of their own beside the studio's, on the same machine: what they take of it is told.
"""

import argparse
import os
import platform
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from studio.web.serve import quiet_libraries
from tests.load import crowd, files, flood, jobs, serving, soak
from tests.load.filled import filled
from tests.load.target import Row, table

RATERS, PROMPTS = 100, 3000


def main() -> None:
    given = _given()
    quiet_libraries()
    print(machine(), flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="load-") as scratch:
        rows = soaked(given, Path(scratch)) if given.soak else measured(given, Path(scratch))
    print(f"\n{table(rows)}\n\n{machine()}")


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=0.5, help="of L1; the others take a part of it")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--events", type=int, default=200, help="of each run")
    parser.add_argument("--bytes", type=int, default=50_000_000, help="of the large file")
    parser.add_argument("--hostile", type=int, help="so many hostile files; all if left out")
    parser.add_argument("--only", default="", help="numbers of targets, by commas")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    return parser.parse_args()


def measured(given: argparse.Namespace, scratch: Path) -> list[Row]:
    """Everything that was asked for, each part on its own so that none is in the way of another."""
    seconds, only = given.minutes * 60, {each.strip().upper() for each in given.only.split(",") if each.strip()}
    rows: list[Row] = []

    def part(numbers: str, measure: Callable[[], list[Row]]) -> None:
        if not only or only & set(numbers.split()):
            began = time.monotonic()
            try:
                found = measure()
            except Exception as error:  # the other parts are still worth their figures
                traceback.print_exc()
                found = [
                    Row(number, "it broke", "", f"{type(error).__name__}: {error}"[:120], False)
                    for number in numbers.split()
                ]
            rows.extend(found)
            print(f"{table(found)}\n   ({numbers}: {time.monotonic() - began:.0f} s)", flush=True)

    made = filled(scratch / "used", runs=given.runs, events=given.events, raters=RATERS, prompts=PROMPTS)
    with serving.studio(made.folder) as server:
        people = crowd.Crowd.of(made, server)
        part("L13", lambda: crowd.long_used(people, runs=given.runs, events=given.events))
        part("L1 L2", lambda: crowd.many(people, seconds=seconds))
        part("L3", lambda: crowd.watching(people, seconds=seconds * 0.7))
        part("L4", lambda: crowd.votes(people, seconds=seconds / 3))
        part("L14", lambda: files.hostile(people, scratch, at_most_cases=given.hostile))
        part("L5 L6", lambda: files.large(people, scratch, size=given.bytes))
        opened = server.opened
    part("L15", lambda: flood.flooded(made, seconds=seconds / 2))
    part("L12", lambda: jobs.starting(made.folder, web=opened, runs=given.runs))
    part("L7", lambda: jobs.talking(scratch / "talking", seconds=seconds * 0.7))
    return sorted(rows, key=lambda row: int(row.number[1:]))


def soaked(given: argparse.Namespace, scratch: Path) -> list[Row]:
    prompts = int(given.soak * 60 * soak.PEOPLE / 10) + 100
    made = filled(scratch / "soak", runs=200, events=given.events, raters=RATERS, prompts=prompts)
    with serving.studio(made.folder) as server:
        return soak.soaked(crowd.Crowd.of(made, server), minutes=given.soak)


def machine() -> str:
    """On what, with what, when, and what else it had to do."""
    load = os.getloadavg()[0]
    names = ", ".join(f"{name} {version(name)}" for name in ("gradio", "fastapi", "uvicorn", "sqlalchemy"))
    return (
        f"{datetime.now(UTC):%-d %B %Y, %H:%M} UTC; {psutil.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB; "
        f"Python {platform.python_version()}, {names}; load of the machine {load:.1f}"
    )


if __name__ == "__main__":
    main()
