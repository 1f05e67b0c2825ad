"""What many people, large files and floods do to a studio, beside what is asked of it and beside bare Gradio.

    python -m tests.load                            about ten minutes
    python -m tests.load L4 L15                     these alone
    python -m tests.load --minutes 15 --runs 10000 --events 500 --bytes 1000000000    the targets as they are written
    python -m tests.load --soak 10                  ten minutes of coming and going, and whether the memory is flat
    python -m tests.load --write docs/load.md       the table into the page, between its marks

The visitors are a process of their own beside the studio's, on the same machine: what they take of it is told. Each part has a
studio of its own, on one workspace; one that breaks stands in the table, and the others go on.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from studio.web.quiet import quiet_libraries
from tests.load import crowd, files, firstpage, flood, jobs, serving, soak, tabs
from tests.load.filled import filled
from tests.load.pages import pages_of
from tests.load.target import Row, broken, numbers, table, write

RATERS, PROMPTS = 100, 6000
LONGEST = 180.0  # seconds that a part may take beside what it is told to


@dataclass(frozen=True, slots=True)
class Part:
    """The targets that are measured together; `measure` is given an open studio if it wants `people` on it, begun by `program`."""

    numbers: str
    measure: Callable[..., list[Row]]
    people: bool = False
    program: str = "app"


def main() -> None:
    given, began = _given(), time.monotonic()
    quiet_libraries()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="load-") as scratch:
        rows = measured(given, Path(scratch))
    asked = " ".join(
        ["python -m tests.load", *(word for word in sys.argv[1:] if "load.md" not in word and word != "--write")]
    )
    told = f"{machine()}; `{asked}`, {(time.monotonic() - began) / 60:.0f} minutes.\n\n{table(rows)}"
    print(f"\n{told}")
    if given.write:
        write(given.write, told)


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="numbers of targets; all if left out")
    parser.add_argument("--minutes", type=float, default=1.0, help="of L1; the others take a part of it")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--events", type=int, default=200, help="of each run")
    parser.add_argument("--bytes", type=int, default=50_000_000, help="of the large file")
    parser.add_argument("--hostile", type=int, help="so many hostile files; all if left out")
    parser.add_argument("--tabs", type=int, default=200, help="so many open pages")
    parser.add_argument("--soak", type=float, default=0, metavar="MINUTES")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table between the marks of this page")
    return parser.parse_args()


def measured(given: argparse.Namespace, scratch: Path) -> list[Row]:
    """Everything that was asked for."""
    seconds, prompts = given.minutes * 60, PROMPTS + int(given.soak * 60 * soak.PEOPLE / 10)
    made = filled(scratch / "used", runs=given.runs, events=given.events, raters=RATERS, prompts=prompts)
    pages = pages_of(made.folder)
    parts = [
        Part("L11", lambda people: soak.soaked(people, minutes=given.soak), people=True, program="tests.load.briefly"),
    ] if given.soak else [
        Part("L13", lambda people: crowd.long_used(people, runs=given.runs, events=given.events), people=True),
        Part("L1 L2", lambda people: crowd.many(people, seconds=seconds), people=True),
        Part("L3", lambda people: tabs.watching(people, seconds=seconds * 0.7, tabs=given.tabs), people=True),
        Part("L4", lambda people: crowd.votes(people, seconds=seconds / 3), people=True),
        Part("L14", lambda people: files.hostile(people, scratch, seconds=seconds * 2, at_most_cases=given.hostile), people=True),
        Part("L5 L6", lambda people: files.large(people, scratch, size=given.bytes), people=True),
        Part("L15", lambda: flood.flooded(made, pages, seconds=seconds / 2)),
        Part("L12", lambda: jobs.starting(made.folder, pages, runs=given.runs)),
        Part("L12", lambda: firstpage.opened(made, pages)),
        Part("L7", lambda: jobs.talking(scratch / "talking", seconds=seconds * 0.7)),
    ]  # fmt: skip

    def carry_out(part: Part) -> list[Row]:
        if not part.people:
            return part.measure()
        with serving.studio(made.folder, program=part.program) as server:
            return part.measure(crowd.Crowd(made, server, pages))

    return carried_out(parts, numbers(given.targets), carry_out, limit=LONGEST + 6 * seconds + 120 * given.soak)


def carried_out(
    parts: Iterable[Part], only: set[str], carry_out: Callable[[Part], list[Row]], *, limit: float
) -> list[Row]:
    """The rows of these parts, each on its own so that none is in the way of another, in the order of their numbers."""
    rows: list[Row] = []
    for part in parts:
        if only and not only & set(part.numbers.split()):
            continue
        began = time.monotonic()
        try:
            with within(limit):
                found = carry_out(part)
        except (Exception, SystemExit) as error:  # the other parts are still worth their figures
            traceback.print_exc()
            found = [broken(number, error) for number in part.numbers.split()]
        rows.extend(found)
        print(f"{table(found)}\n   ({part.numbers}: {time.monotonic() - began:.0f} s)", flush=True)
    return sorted(rows, key=lambda row: int(row.number[1:]))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """TimeoutError where the block takes longer."""

    def late(*_: object) -> None:
        raise TimeoutError(f"it took longer than {seconds:.0f} s")

    handler, (left, _) = signal.signal(signal.SIGALRM, late), signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, left)
        signal.signal(signal.SIGALRM, handler)


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
