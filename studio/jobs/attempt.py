"""Attempt: one worker carrying out one job, from its start to the words it leaves behind."""

import logging
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.domain.event import EventKind, Outcome
from studio.domain.job import GIVES_WAY, Job, JobKind, JobState, Wish
from studio.jobs import spool
from studio.jobs.ending import (
    Ending,
    Gone,
    as_backed_up,
    asked_elsewhere,
    cut_short,
    made_room,
    some_lost,
    stands_still,
    told,
    untold,
)
from studio.jobs.launcher import Handle, Launcher, worker_environment
from studio.jobs.process import Identity, end_leftover, identity_of
from studio.jobs.vital import Pulse, ended_for_memory
from studio.store import jobs
from studio.store.database import Store

# What the ending of one attempt tells the next one.
PASSED_ON = ("after", "fewer_rows")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Grace:
    """Seconds that a worker has to end by itself: to finish its step, then, after SIGTERM, to let go.

    `silent` is for how long a training may tell nothing and compute nothing before it counts as stalled, `worrying`
    after how long of that it is said.
    """

    train: float = 30.0
    other: float = 5.0
    last: float = 15.0
    silent: float = 300.0
    worrying: float = 120.0

    def of(self, kind: JobKind) -> float:
        return self.train if kind is JobKind.TRAIN else self.other


@dataclass(slots=True)
class Attempt:
    """A worker at work: how far its events were read, since when it was asked to stop, and whether it gives way."""

    job: Job
    folder: Path
    process: Handle
    offset: int
    is_noted: bool = False
    asked_at: float | None = None
    terminated_at: float | None = None
    pulse: Pulse = field(default_factory=lambda: Pulse(time.monotonic()))
    silent: float | None = None
    is_worrying: bool = False
    gives_way: bool = False
    lag: float = 0.0
    request: str = ""
    for_memory_before: int | None = field(default_factory=ended_for_memory)

    def gone(self, status: int) -> Gone:
        before, now = self.for_memory_before, ended_for_memory()
        return Gone(status, self.silent, None if before is None or now is None else now > before)


def begin(
    store: Store,
    launcher: Launcher,
    job: Job,
    spec: dict[str, Any],
    *,
    gpu: str | None = None,
    until: float | None = None,
) -> Attempt:
    """Start a worker for a job that was claimed; OSError when there is no room for its folder or its process.

    `gpu` is the only one that it may see; without one it sees what this process does. `until` is when it ends by itself
    unless it is told a later moment.
    """
    folder = store.workspace.attempt(job.id, job.attempt)
    if job.kind is JobKind.TRAIN and job.attempt > 1:
        spec = {**spec, "resume": True} | {name: job.result[name] for name in PASSED_ON if name in job.result}
    try:
        return _begun(launcher, job, folder, spec, gpu=gpu, until=until)
    except FileExistsError:
        raise  # it is not ours
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _begun(
    launcher: Launcher, job: Job, folder: Path, spec: dict[str, Any], *, gpu: str | None, until: float | None
) -> Attempt:
    spool.write_spec(folder, spec)
    trackers = spec["recipe"].get("trackers", ()) if job.kind is JobKind.TRAIN and "recipe" in spec else ()
    key = spec.get("judge", {}).get("key_variable", "") if job.kind is JobKind.OPINION else ""
    online = job.kind is JobKind.DOWNLOAD
    environment = worker_environment(os.environ, online=online, gpu=gpu, trackers=trackers, key=key, until=until)
    process = launcher.start(folder, kind=job.kind, env=environment)
    return Attempt(job, folder, process, offset=0, request=spec.get("request", ""))


def follow(store: Store, attempt: Attempt, *, wish: Wish, grace: Grace) -> bool:
    """Bring its news to the store, pass on a wish to stop, and note how it ended; whether it is still at work."""
    status = attempt.process.poll()  # looked at first: what a worker wrote before it ended is read below
    if not attempt.is_noted and status is None:
        _note_process(store, attempt)
    spool.trim_log(attempt.folder)
    read = attempt.offset
    brought = _bring_events(store, attempt.job, attempt.folder, offset=read)
    attempt.offset = brought.offset
    if brought.events:
        attempt.lag = max(time.time() - brought.events[-1].at, 0.0)
    stopping = wish is Wish.STOP or attempt.gives_way
    if status is not None:
        finish(store, attempt, status, stopping=stopping, gave_way=attempt.gives_way and wish is Wish.RUN)
        return False
    if stopping:
        _press(attempt, grace=grace, now=time.monotonic())
    elif attempt.job.kind is JobKind.TRAIN and (pid := attempt.process.pid) is not None:
        _feel(store, attempt, pid, has_told=attempt.offset > read, grace=grace)
    return True


def finish(store: Store, attempt: Attempt, status: int, *, stopping: bool, gave_way: bool = False) -> None:
    """Move the job to where its worker's outcome says, or, if it left none, to what its exit status tells."""
    _bring_all_events(store, attempt.job, attempt.folder, offset=attempt.offset)
    outcome = spool.read_outcome(attempt.folder)
    if outcome is not None:
        ending = _in_its_words(store, attempt.job, outcome, stopping=stopping)
    else:
        job, checkpoint = jobs.get(store, attempt.job.id), _has_checkpoint(store, attempt.job)
        ending = untold(job, attempt.gone(status), stopping=stopping, has_checkpoint=checkpoint)
    end(store, attempt.job, made_room(ending) if gave_way and ending.state is JobState.STOPPED else ending)


def recover(store: Store, job: Job) -> None:
    """End what a supervisor that is gone left behind of an attempt, and put the job where it belongs."""
    noted = jobs.process(store, job.id, job.attempt)
    if noted is not None and not end_leftover(Identity(noted.pid, noted.started)):
        log.error("%s: process %d of an earlier supervisor does not end", job.id, noted.pid)
        return
    settle(store, job, offset=jobs.offset(store, job.id, job.attempt))


def settle(store: Store, job: Job, *, offset: int) -> None:
    """Read the rest of an attempt whose process is gone; honour its outcome, or put the job back into the queue."""
    folder = store.workspace.attempt(job.id, job.attempt)
    _bring_all_events(store, job, folder, offset=offset)
    outcome = spool.read_outcome(folder)
    stopping, gives_way = job.wish is Wish.STOP, job.kind in GIVES_WAY
    if outcome is not None:
        end(store, job, _in_its_words(store, job, outcome, stopping=stopping))
    else:
        checkpoint = _has_checkpoint(store, job)
        end(store, job, cut_short(stopping=stopping, has_checkpoint=checkpoint, gives_way=gives_way))


def lay_down(store: Store, job: Job) -> None:
    """Put what ran when a backup was made where it can be resumed; whatever it had told by then counts."""
    folder = store.workspace.attempt(job.id, job.attempt)
    _bring_all_events(store, job, folder, offset=jobs.offset(store, job.id, job.attempt))
    outcome = spool.read_outcome(folder)
    end(store, job, told(outcome) if outcome else as_backed_up(has_checkpoint=_has_checkpoint(store, job)))


def _in_its_words(store: Store, job: Job, outcome: Outcome, *, stopping: bool) -> Ending:
    """What the worker says; one that stopped and nobody here wanted it was asked to by a system that is shut down."""
    if outcome.state == JobState.STOPPED and not stopping and job.kind not in GIVES_WAY:
        return asked_elsewhere(has_checkpoint=_has_checkpoint(store, job))
    return told(outcome)


def end(store: Store, job: Job, ending: Ending) -> None:
    """Write down how the attempt ended; whoever ended it before keeps the last word."""
    applied = jobs.move(
        store,
        job.id,
        attempt=job.attempt,
        to=ending.state,
        message=ending.message,
        fix=ending.fix,
        result=ending.result,
    )
    is_well = ending.state in (JobState.DONE, JobState.STOPPED)
    log.log(
        logging.INFO if is_well else logging.WARNING, "%s %s attempt %d: %s%s%s", job.kind, job.id, job.attempt,
        ending.state, f". {ending.message}" if ending.message and not is_well else "",
        "" if applied else " (had ended before)",
    )  # fmt: skip


def _note_process(store: Store, attempt: Attempt) -> None:
    """Remember the process for a supervisor that comes after this one; asked again until the store has it."""
    if (pid := attempt.process.pid) is None:
        return
    goes_on = ", which goes on" if attempt.job.attempt > 1 else ""
    log.info("%s %s attempt %d%s: process %d", attempt.job.kind, attempt.job.id, attempt.job.attempt, goes_on, pid)
    if (identity := identity_of(pid)) is not None:
        jobs.set_process(store, attempt.job.id, attempt.job.attempt, pid=identity.pid, started=identity.started)
    attempt.is_noted = True


def _feel(store: Store, attempt: Attempt, pid: int, *, has_told: bool, grace: Grace) -> None:
    """Say that a worker does nothing, and end it when that goes on."""
    silent = attempt.pulse.feel(pid, has_told=has_told, now=time.monotonic(), folder=attempt.folder)
    if (silent >= grace.worrying) is not attempt.is_worrying:
        attempt.is_worrying = not attempt.is_worrying
        said = stands_still(silent, grace.silent) if attempt.is_worrying else ""
        log.warning("%s attempt %d: %s", attempt.job.id, attempt.job.attempt, said or "it works again")
        jobs.say(store, attempt.job.id, attempt.job.attempt, said)
    if silent >= grace.silent and attempt.silent is None:
        log.warning("%s attempt %d has done nothing for %.0f s", attempt.job.id, attempt.job.attempt, silent)
        attempt.silent = silent
        attempt.process.kill()


def _press(attempt: Attempt, *, grace: Grace, now: float) -> None:
    """Ask, then insist, then end it."""
    if attempt.asked_at is None:
        attempt.asked_at = now
        try:
            spool.ask_to_stop(attempt.folder)
        except OSError:  # no room for the word: the signal means the same
            log.exception("%s: the wish to stop cannot be written", attempt.folder)
            attempt.process.stop()
    elif attempt.terminated_at is None:
        if now - attempt.asked_at >= grace.of(attempt.job.kind):
            attempt.terminated_at = now
            attempt.process.stop()
    elif now - attempt.terminated_at >= grace.last:
        attempt.process.kill()


def _bring_events(store: Store, job: Job, folder: Path, *, offset: int) -> spool.Batch:
    batch = spool.read_events(folder, offset=offset)
    if batch.offset > offset:
        missing = jobs.add_events(store, job.id, job.attempt, batch.events, offset=batch.offset)
        if missing:
            log.error("%s attempt %d: %d of its events are missing", job.id, job.attempt, missing)
            jobs.say(store, job.id, job.attempt, some_lost(missing))
    return batch


def _bring_all_events(store: Store, job: Job, folder: Path, *, offset: int) -> None:
    while (further := _bring_events(store, job, folder, offset=offset).offset) > offset:
        offset = further


def _has_checkpoint(store: Store, job: Job) -> bool:
    return job.kind is JobKind.TRAIN and bool(jobs.events(store, job.id, kinds=[EventKind.CHECKPOINT]))
