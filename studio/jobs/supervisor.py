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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from studio import discreet, logs
from studio.domain.errors import SetupError, StudioError
from studio.domain.job import GIVES_WAY, Job, JobKind, JobState, Need, need_of
from studio.jobs.attempt import Attempt, Grace, begin, end, follow, recover, settle
from studio.jobs.beat import Heart
from studio.jobs.ending import given_up, is_passing, never_begun, not_now
from studio.jobs.forking import ForkingLauncher
from studio.jobs.launcher import Launcher, LocalLauncher
from studio.jobs.lease import Lease, Terms, check_folder, keep_beating, lease_of
from studio.jobs.presence import (
    ensure_supervisor,
    keep_supervised,
    lock_number,
    seconds_since_asked_for,
    sole_supervisor,
)
from studio.jobs.process import identity_of, is_alive
from studio.recipes.machine import usable_gpus
from studio.store import jobs
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace

__all__ = ["ensure_supervisor", "keep_supervised", "supervise"]

TICK = 0.25
LONGEST_PAUSE = 5.0
IDLE_EXIT = 60.0
GONE_WITHIN = 10.0

# Each GPU, or the processor where there is none, has one thing to do at a time; this many others fit beside it.
PROCESSOR = "processor"
BESIDE = {Need.READER: 2, Need.MAKER: 1, Need.NETWORK: 1}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Supervisor:
    """The attempts at work, by job; everything else is in the store. `is_troubled` asks for a pause, `is_full`
    says that the machine takes no further process.

    `gpus` are the ids of those that may be used, as the driver names them.
    """

    store: Store
    launcher: Launcher
    grace: Grace = field(default_factory=Grace)
    gpus: tuple[str, ...] = ()
    lease: Lease | None = None
    at_work: dict[str, Attempt] = field(default_factory=dict)
    is_troubled: bool = False
    is_full: bool = False

    def look(self) -> bool:
        """Do what there is to do, or end all work where another host has it to do; whether any job is live here."""
        if self.lease is None:
            return self.tick()
        term = self.lease.current()
        if term is None:
            self._end_all()
            self.at_work.clear()  # whoever holds the lease puts them back into the queue
            return False
        self.store = replace(self.store, term=term)
        return self.tick()

    def tick(self) -> bool:
        """Bring the world and the store together once; whether any job is live."""
        self.is_troubled = self.is_full = False
        live = {job.id: job for job in jobs.live(self.store)}
        orphans = [job for job in live.values() if job.state is JobState.RUNNING and job.id not in self.at_work]
        for job_id in list(self.at_work):
            self._follow(self.at_work[job_id], live.get(job_id))
        for job in orphans:
            self._recover(job)
        waiting = [job for job in live.values() if job.state is JobState.QUEUED]
        if waiting and not any(job.id in self.at_work for job in waiting):  # or else its last worker is not gone yet
            self._start_what_fits(waiting)
        return bool(live)

    def close(self) -> None:
        """End every worker at once; their jobs go back into the queue unless they had just ended by themselves."""
        self._end_all()
        for attempt in self.at_work.values():
            try:
                job = jobs.get(self.store, attempt.job.id)
                if _is_of(attempt, job):
                    settle(self.store, job, offset=attempt.offset)
            except Exception:  # the next supervisor finds it running and does the same
                log.exception("%s could not be put back into the queue", attempt.job.id)
        self.at_work.clear()

    @property
    def lag(self) -> float:
        """How many seconds the newest news of any attempt was old when it came to the store."""
        return max((attempt.lag for attempt in list(self.at_work.values())), default=0.0)

    def may_run(self, until: float) -> None:
        """Tell every worker until when it may run; called from another thread."""
        for attempt in list(self.at_work.values()):
            attempt.process.may_run(until=until)

    def _end_all(self) -> None:
        for attempt in self.at_work.values():
            attempt.process.kill()
        deadline = time.monotonic() + GONE_WITHIN
        while any(attempt.process.poll() is None for attempt in self.at_work.values()) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _follow(self, attempt: Attempt, job: Job | None) -> None:
        """Follow one attempt; one that the store knows nothing of any more is ended."""
        with logs.about(job=attempt.job.id, request=attempt.request):
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
            with logs.about(job=job.id):
                recover(self.store, job)
        except (SetupError, OSError):
            log.exception("%s attempt %d cannot be recovered at the moment", job.id, job.attempt)
            self.is_troubled = True
        except Exception as error:
            log.exception("%s attempt %d cannot be recovered", job.id, job.attempt)
            end(self.store, job, given_up(error))

    def _start_what_fits(self, waiting: list[Job]) -> None:
        """Fill what is free of the machine; what gives way comes last, and ends where something else waits for it."""
        for need, slots in BESIDE.items():
            taken = sum(need_of(attempt.job.kind) is need for attempt in self.at_work.values())
            for _ in range(slots - taken):
                self._start_next(_kinds(need))
        for place in self._free_places(waiting):
            if not self._start_next(_kinds(Need.DEVICE) - GIVES_WAY, place):
                self._start_next(GIVES_WAY, place)
        self._make_room([job for job in waiting if job.id not in self.at_work])

    def _free_places(self, waiting: list[Job]) -> list[str]:
        """The devices with nothing to do; those that were chosen for something that waits come last."""
        taken = {attempt.job.place for attempt in self.at_work.values()}
        chosen = [job.wants for job in waiting]
        return sorted((place for place in self.gpus or (PROCESSOR,) if place not in taken), key=chosen.count)

    def _make_room(self, waiting: list[Job]) -> None:
        """Ask one of those that give way to end for each job that waits and can have its place."""
        leaving = [attempt for attempt in self.at_work.values() if attempt.job.kind in GIVES_WAY]
        leaving.sort(key=lambda attempt: not attempt.gives_way)  # whoever is going already makes room for the first
        for job in waiting:
            fitting = (attempt for attempt in leaving if job.wants in (None, attempt.job.place))
            if job.kind in GIVES_WAY or need_of(job.kind) is not Need.DEVICE or not (left := next(fitting, None)):
                continue
            leaving.remove(left)
            left.gives_way = True

    def _start_next(self, kinds: frozenset[JobKind], place: str | None = None) -> bool:
        """Start what is first in the line for these kinds and this place; whether there was anything."""
        claimed = jobs.claim(self.store, kinds=kinds, place=place) if kinds and not self.is_full else None
        if claimed is None:
            return False
        job, spec = claimed
        with logs.about(job=job.id, request=spec.get("request")):
            return self._begun(job, spec, place)

    def _begun(self, job: Job, spec: dict[str, Any], place: str | None) -> bool:
        try:
            gpu = place if len(self.gpus) > 1 else None  # the only one is seen without being named
            until = self.lease.sure_until if self.lease else None
            self.at_work[job.id] = begin(self.store, self.launcher, job, spec, gpu=gpu, until=until)
        except (OSError, ValueError, TypeError) as error:
            log.exception("%s attempt %d could not be started", job.id, job.attempt)
            self.is_full = self.is_troubled = is_passing(error)
            end(self.store, job, not_now(error) if self.is_full else never_begun(error))
        return not self.is_full


def _kinds(need: Need) -> frozenset[JobKind]:
    return frozenset(kind for kind in JobKind if need_of(kind) is need)


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
    gpus: tuple[str, ...] = (),
    terms: Terms | None = None,
) -> None:
    """Carry out the jobs of a store until `stop`, or until `parent_pid` is gone and nobody had use for it for a while.

    Call it only while holding `sole_supervisor`, from a thread that lives as long: workers die with that thread. On a
    database that several hosts can reach it waits while another one carries them out.
    """
    lease = lease_of(store, terms or Terms()) if store.is_shared else None
    supervisor = Supervisor(store, launcher, grace or Grace(), gpus, lease)
    rest = threading.Event()
    beating = keep_beating(lease, rest, tell=supervisor.may_run) if lease else None
    parent = identity_of(parent_pid) if parent_pid is not None else None
    live_at, pause, lock = time.monotonic(), TICK, lock_number(store.workspace)
    heart = Heart(store.workspace)
    try:
        while not stop.wait(pause):
            if lock is not None and lock_number(store.workspace) != lock:
                log.error("the workspace was removed or replaced, so nothing is left to look after")
                stop.set()
                return
            try:
                is_live = supervisor.look()
            except Exception:  # the database is locked or away: workers go on meanwhile
                log.exception("the jobs cannot be looked after at the moment")
                is_live = supervisor.is_troubled = True
            heart.beat(attempts=len(supervisor.at_work), lag=supervisor.lag)
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
        rest.set()
        if lease and beating:
            beating.join(GONE_WITHIN)
            _give_back(lease)


def _give_back(lease: Lease) -> None:
    try:
        lease.give_back()
    except Exception:  # others find out by themselves, only later
        log.exception("the lease could not be given back")


def main(arguments: Sequence[str], *, launcher: Launcher | None = None, terms: Terms | None = None) -> int:
    """Supervise the workspace named; 0 also when another supervisor already does."""
    parser = argparse.ArgumentParser(prog="python -m studio.jobs.supervisor")
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--parent", type=int, help="the process without which this one need not stay when idle")
    parser.add_argument("--idle-exit", type=float, default=IDLE_EXIT, metavar="SECONDS")
    options = parser.parse_args(arguments)
    workspace = Workspace(options.workspace.resolve())
    logs.configure("supervisor", shows="info")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # closing a terminal is no reason to end a run
    try:
        workspace.prepare()
        url = os.environ.get("STUDIO_DATABASE")
        name = logs.file_of("supervisor", is_shared=url is not None)
        logs.configure("supervisor", file=workspace.log(name), shows="info")
        store = open_store(workspace, url=url)
        if store.is_shared:
            check_folder(store)
    except StudioError as error:
        log.error(error.sentence)
        return 1
    gpus = tuple(gpu.uuid for gpu in usable_gpus())
    launcher = launcher or _launcher(gpus)
    while True:
        with sole_supervisor(workspace) as alone:
            if not alone:
                log.info("another supervisor looks after %s", workspace.root)
                return 0
            log.info("looking after %s", workspace.root)
            supervise(
                store,
                launcher=launcher,
                stop=stop,
                parent_pid=options.parent,
                idle_exit=options.idle_exit,
                gpus=gpus,
                terms=terms,
            )
        # Who asked for a supervisor, or submitted a job, while the lock was still held has started no other.
        if stop.is_set() or (seconds_since_asked_for(workspace) >= options.idle_exit and not jobs.live(store)):
            return 0


def _launcher(gpus: Sequence[str]) -> Launcher:
    """Forking spares the libraries' loading; drivers of GPUs do not bear it, and neither does macOS."""
    return ForkingLauncher() if sys.platform == "linux" and not gpus else LocalLauncher()


if __name__ == "__main__":
    discreet.begin(alone=True)
    sys.exit(main(sys.argv[1:]))
