"""Supervisor: claims jobs, starts a worker for each, brings what they tell to the store, and notes how they ended.

    python -m studio.jobs.supervisor WORKSPACE [--parent PID]

It may be killed at any moment: its workers die with it, and the next supervisor goes on from what is on disk.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studio.domain.errors import SetupError, StudioError
from studio.domain.job import Job, JobKind, JobState
from studio.jobs.attempt import Attempt, Grace, begin, end, follow, recover, settle
from studio.jobs.ending import given_up, never_begun
from studio.jobs.launcher import Launcher, LocalLauncher
from studio.jobs.presence import ensure_supervisor, keep_supervised, seconds_since_asked_for, sole_supervisor
from studio.jobs.process import identity_of, is_alive
from studio.store import jobs
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace

__all__ = ["ensure_supervisor", "keep_supervised", "supervise"]

TICK = 0.25
LONGEST_PAUSE = 5.0
IDLE_EXIT = 60.0
GONE_WITHIN = 10.0

# Training and answering share the one processor or GPU; what reads the rows fits beside them, and so does a download.
READING = (
    JobKind.INGEST, JobKind.EXAMINE, JobKind.MEASURE, JobKind.MEANING, JobKind.TOPICS, JobKind.CHECK_SPLIT,
)  # fmt: skip
SLOTS = (
    (frozenset({JobKind.TRAIN, JobKind.GENERATE}), 1),
    (frozenset(READING), 2),
    (frozenset({JobKind.DOWNLOAD}), 1),
)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Supervisor:
    """The attempts at work, by job; everything else is in the store. `is_troubled` asks for a pause."""

    store: Store
    launcher: Launcher
    grace: Grace = field(default_factory=Grace)
    at_work: dict[str, Attempt] = field(default_factory=dict)
    is_troubled: bool = False

    def tick(self) -> bool:
        """Bring the world and the store together once; whether any job is live."""
        self.is_troubled = False
        live = {job.id: job for job in jobs.live(self.store)}
        orphans = [job for job in live.values() if job.state is JobState.RUNNING and job.id not in self.at_work]
        for job_id in list(self.at_work):
            self._follow(self.at_work[job_id], live.get(job_id))
        for job in orphans:
            self._recover(job)
        if any(job.state is JobState.QUEUED for job in live.values()):
            self._start_what_fits()
        return bool(live)

    def close(self) -> None:
        """End every worker at once; their jobs go back into the queue unless they had just ended by themselves."""
        for attempt in self.at_work.values():
            attempt.process.kill()
        deadline = time.monotonic() + GONE_WITHIN
        for attempt in self.at_work.values():
            while attempt.process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            try:
                job = jobs.get(self.store, attempt.job.id)
                if _is_of(attempt, job):
                    settle(self.store, job, offset=attempt.offset)
            except Exception:  # the next supervisor finds it running and does the same
                log.exception("%s could not be put back into the queue", attempt.job.id)
        self.at_work.clear()

    def _follow(self, attempt: Attempt, job: Job | None) -> None:
        """Follow one attempt; one that the store knows nothing of any more is ended."""
        if job is None or not _is_of(attempt, job):
            log.warning("%s attempt %d has ended elsewhere", attempt.job.id, attempt.job.attempt)
            attempt.process.kill()
            goes_on = attempt.process.poll() is None
        else:
            goes_on = self._goes_on(attempt, job)
        if not goes_on:
            del self.at_work[attempt.job.id]

    def _goes_on(self, attempt: Attempt, job: Job) -> bool:
        try:
            return follow(self.store, attempt, wish=job.wish, grace=self.grace)
        except (SetupError, OSError):  # the database or the disk does not answer: the worker goes on meanwhile
            log.exception("%s attempt %d cannot be followed at the moment", job.id, job.attempt)
            self.is_troubled = True
            return True
        except Exception as error:  # one job that cannot be followed must not hold up the others
            log.exception("%s attempt %d cannot be followed", job.id, job.attempt)
            attempt.process.kill()
            end(self.store, attempt.job, given_up(error))
            return attempt.process.poll() is None

    def _recover(self, job: Job) -> None:
        try:
            recover(self.store, job)
        except (SetupError, OSError):
            log.exception("%s attempt %d cannot be recovered at the moment", job.id, job.attempt)
            self.is_troubled = True
        except Exception as error:
            log.exception("%s attempt %d cannot be recovered", job.id, job.attempt)
            end(self.store, job, given_up(error))

    def _start_what_fits(self) -> None:
        for kinds, slots in SLOTS:
            taken = sum(attempt.job.kind in kinds for attempt in self.at_work.values())
            for _ in range(slots - taken):
                claimed = jobs.claim(self.store, kinds=kinds)
                if claimed is None:
                    break
                job, spec = claimed
                try:
                    self.at_work[job.id] = begin(self.store, self.launcher, job, spec)
                except (OSError, ValueError, TypeError) as error:
                    log.exception("%s attempt %d could not be started", job.id, job.attempt)
                    end(self.store, job, never_begun(error))


def _is_of(attempt: Attempt, job: Job) -> bool:
    """Whether this attempt is the one that the job is running by."""
    return job.state is JobState.RUNNING and job.attempt == attempt.job.attempt


def supervise(
    store: Store,
    *,
    launcher: Launcher,
    stop: threading.Event,
    parent_pid: int | None = None,
    idle_exit: float | None = None,
    grace: Grace | None = None,
) -> None:
    """Carry out the jobs of a store until `stop`, or until `parent_pid` is gone and nobody had use for it for a while.

    Call it only while holding `sole_supervisor`, from a thread that lives as long: workers die with that thread.
    """
    supervisor = Supervisor(store, launcher, grace or Grace())
    parent = identity_of(parent_pid) if parent_pid is not None else None
    live_at, pause = time.monotonic(), TICK
    try:
        while not stop.wait(pause):
            try:
                is_live = supervisor.tick()
            except Exception:  # the database is locked or away: workers go on meanwhile
                log.exception("the jobs cannot be looked after at the moment")
                is_live = supervisor.is_troubled = True
            pause = min(pause * 2, LONGEST_PAUSE) if supervisor.is_troubled else TICK
            now = time.monotonic()
            if is_live or (parent is not None and is_alive(parent)):
                live_at = now
            elif (
                parent_pid is not None
                and idle_exit is not None
                and min(now - live_at, seconds_since_asked_for(store.workspace)) >= idle_exit
            ):
                log.info("nothing to do, and the studio is closed")
                return
    finally:
        supervisor.close()


def main(arguments: Sequence[str], *, launcher: Launcher | None = None) -> int:
    """Supervise the workspace named; 0 also when another supervisor already does."""
    parser = argparse.ArgumentParser(prog="python -m studio.jobs.supervisor")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--parent", type=int, help="the process without which this one need not stay when idle")
    parser.add_argument("--idle-exit", type=float, default=IDLE_EXIT, metavar="SECONDS")
    options = parser.parse_args(arguments)
    _log_to_standard_error()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # closing a terminal is no reason to end a run
    workspace = Workspace(options.workspace.resolve())
    try:
        workspace.prepare()
        store = open_store(workspace, url=os.environ.get("STUDIO_DATABASE"))
    except StudioError as error:
        log.error(error.sentence)
        return 1
    while True:
        with sole_supervisor(workspace) as alone:
            if not alone:
                log.info("another supervisor looks after %s", workspace.root)
                return 0
            log.info("looking after %s", workspace.root)
            supervise(
                store,
                launcher=launcher or LocalLauncher(),
                stop=stop,
                parent_pid=options.parent,
                idle_exit=options.idle_exit,
            )
        # Who asked for a supervisor, or submitted a job, while the lock was still held has started no other.
        if stop.is_set() or (seconds_since_asked_for(workspace) >= options.idle_exit and not jobs.live(store)):
            return 0


def _log_to_standard_error() -> None:
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)sZ %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
        stream=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
