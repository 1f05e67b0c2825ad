"""Jobs under load: many events at once (L7), and starting in a studio that has been in use for long (L12)."""

import sys
import threading
import time
from collections.abc import Sequence
from math import nan
from pathlib import Path

from sqlalchemy import text

from studio.domain.job import JobKind, JobState
from studio.jobs.beat import heard
from studio.jobs.launcher import LocalLauncher
from studio.jobs.presence import is_supervised
from studio.jobs.supervisor import supervise
from studio.store import jobs
from studio.store.database import open_store
from studio.store.workspace import Workspace
from tests.load import serving
from tests.load.pages import Page
from tests.load.target import Row, at_least, at_most

CHATTER = LocalLauncher(command=(sys.executable, "-P", str(Path(__file__).parent / "chatter.py")))
LOOK_EVERY = 0.25
AT_ONCE, RATE = 8, 250  # runs, and events a second of each: 2,000 a second together


def talking(folder: Path, *, seconds: float) -> list[Row]:
    """L7: eight runs that tell as much as they can; how many come in a second is counted while all eight speak."""
    store, stop, lags = open_store(Workspace(folder)), threading.Event(), [0.0]
    made = [
        jobs.submit(store, kind=JobKind.TRAIN, subject_id=f"run-{n}", spec={"seconds": seconds, "rate": RATE})
        for n in range(AT_ONCE)
    ]
    places = tuple(f"place-{n}" for n in range(AT_ONCE))
    options = {"launcher": CHATTER, "stop": stop, "gpus": places}
    thread = threading.Thread(target=supervise, args=(store,), kwargs=options)
    thread.start()
    began, heard_all = time.monotonic(), []
    while jobs.live(store) and time.monotonic() - began < seconds * 3 + 60:
        time.sleep(LOOK_EVERY)
        speaking, there = _heard(store)
        if speaking == AT_ONCE and len(jobs.live(store)) == AT_ONCE:
            heard_all.append((time.monotonic(), there))
        beat = heard(store.workspace)
        lags.append(beat.lag if beat else 0.0)
    stop.set()
    thread.join(30)
    ended = [jobs.get(store, job.id) for job in made]
    told = sum(job.result.get("told", 0) for job in ended)
    kept, wrong = _kept(store)
    store.close()
    well = sum(job.state is JobState.DONE for job in ended)
    lags.sort()
    return [
        at_least("L7", f"events a second while {AT_ONCE} runs speak, {told:,} in all", 0.95 * AT_ONCE * RATE, rate(heard_all), "/s"),
        at_most("L7", "how late the newest came to the database, p99", 2, lags[int(0.99 * (len(lags) - 1))]),
        at_most("L7", "events that were lost, or counted twice", 0, abs(told - kept) + wrong, ""),
        at_most("L7", "runs that did not end well", 0, AT_ONCE - well, ""),
    ]  # fmt: skip


def rate(heard_all: Sequence[tuple[float, int]]) -> float:
    """Events a second between the first and the last look of those at which all spoke."""
    if len(heard_all) < 2:
        return nan
    (first, before), (last, after) = heard_all[0], heard_all[-1]
    return (after - before) / (last - first)


def _heard(store) -> tuple[int, int]:
    """How many runs something was heard of, and how many events there are."""
    with store.read() as connection:
        row = connection.execute(text("SELECT count(*), sum(last_seq) FROM attempts WHERE last_seq > 0")).one()
    return row[0], row[1] or 0


def _kept(store) -> tuple[int, int]:
    """How many events there are, and how many attempts have a gap in them."""
    counted = "SELECT count(*) AS number, max(seq) AS last FROM events GROUP BY job_id, attempt"
    with store.read() as connection:
        rows = connection.execute(text(counted)).all()
    return sum(row.number for row in rows), sum(row.number != row.last for row in rows)


def starting(folder: Path, pages: dict[str, Page], *, runs: int) -> list[Row]:
    """L12: how long the pages take to open, and what carries out jobs to begin and to look at all that is there."""
    workspace = Workspace(folder)
    with serving.studio(folder) as server, serving.bare(pages[""]) as bare:
        web, alone = server.opened, bare.opened
    workspace.supervisor_beat.unlink(missing_ok=True)
    began = time.monotonic()
    with serving.supervisor(folder):
        there = _seconds_until(lambda: is_supervised(workspace), began)
        looked = _seconds_until(lambda: heard(workspace) is not None, began)
    return [
        at_most("L12", f"the pages open, {runs:,} runs in the workspace", 6, web, bare=alone),
        at_most("L12", "the supervisor is there", 2, there),
        at_most("L12", "and has looked at all jobs", 5, looked),
    ]


def _seconds_until(is_so, began: float) -> float:
    while not is_so():
        if time.monotonic() - began > 120:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - began
