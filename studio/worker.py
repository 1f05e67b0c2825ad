"""Worker: one process for one attempt. It reads spec.json, writes events.jsonl and outcome.json, and knows no database.

python -m studio.worker FOLDER
"""

import ctypes
import errno
import json
import logging
import os
import select
import signal
import stat
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import orjson

from studio import discreet, logs
from studio.domain.errors import GaveUpWaiting, StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.fault import Fault
from studio.domain.job import JobKind

LOOK_FOR_STOP_EVERY = 0.1
SYNC_EVERY = 5.0
LOOK_FOR_ROOM_EVERY = 5.0
SPARE = 256 * 1024  # bytes: room for what is said when there is no room
MAY_RUN_UNTIL = "STUDIO_MAY_RUN_UNTIL"  # a moment of the monotonic clock: set where another host may take over
OUTCOME_NOT_WRITTEN = 74  # EX_IOERR of sysexits.h; the supervisor has a sentence for it

# Set before any library is imported: none of them may reach for the network. A download has its own way to the hub.
ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "PYTORCH_ALLOC_CONF": "expandable_segments:True",
    # For every new length of a part, oneDNN keeps what it compiled for it: with its own 1,024 of them, a long run on a
    # processor grows to twice what it needs.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
    "LRU_CACHE_CAPACITY": "32",
}

CONFINED = (JobKind.INGEST, JobKind.EXAMINE)
PARTS = {
    JobKind.MEASURE: "studio.data.measure:measure",
    JobKind.MEANING: "studio.engine.meaning:meaning",
    JobKind.TOPICS: "studio.data.topics:find_topics",
    JobKind.CHECK_SPLIT: "studio.data.leakage:check_split",
    JobKind.PROBE: "studio.engine.probe:probe",
    JobKind.TRAIN: "studio.engine.tracking:tracked",
    JobKind.GENERATE: "studio.engine.generate:generate",
    JobKind.GATES: "studio.judging:judge_gates",
    JobKind.CHAT: "studio.engine.chat:chat",
    JobKind.DOWNLOAD: "studio.recipes.hub.download:download",
    JobKind.EXPORT: "studio.engine.export:export",
    JobKind.OPINION: "studio.engine.opinion:opinion",
    JobKind.LOCAL_OPINION: "studio.engine.opinion:opinion",
}

# What computes for long lets the page go first.
AT_LENGTH = (
    JobKind.TRAIN, JobKind.PROBE, JobKind.GENERATE, JobKind.CHAT, JobKind.MEANING, JobKind.EXPORT,
    JobKind.LOCAL_OPINION, JobKind.GATES,
)  # fmt: skip

Work = Callable[[dict[str, Any], Reporter], Outcome]

log = logging.getLogger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Carry out the attempt in the one folder named; the exit status is 0 when its outcome was written."""
    if len(arguments) != 1:
        print("usage: python -m studio.worker FOLDER", file=sys.stderr)
        return 2
    discreet.begin(out=True)
    os.environ["STUDIO_WORKER_FOR_ONE"] = "1"  # see studio/data/tokenizer.py
    folder = Path(arguments[0])
    logs.configure("worker", file=folder / "worker.jsonl")
    return attempt(folder)


def attempt(folder: Path, *, work: Work | None = None) -> int:
    """Carry out what the folder's spec.json asks for and write down how it ended."""
    end_with_the_supervisor()
    with EventWriter(folder) as reporter:
        signal.signal(signal.SIGTERM, reporter.on_signal)
        outcome = outcome_of(folder, work or carry_out, reporter)
        reporter.has_ended()
    try:
        _replace(folder / "outcome.json", _discreet(_json(outcome.model_dump())))
    except OSError:
        traceback.print_exc()
        return OUTCOME_NOT_WRITTEN
    return 0


def outcome_of(folder: Path, work: Work, reporter: "EventWriter") -> Outcome:
    """The outcome of the work; whatever goes wrong becomes a sentence, and the log keeps the traceback."""
    try:
        spec = json.loads((folder / "spec.json").read_bytes())
    except Exception as error:
        log.exception("the task cannot be read")
        return failure(error)
    with logs.about(job=spec.get("job"), attempt=spec.get("attempt"), request=spec.get("request")):
        try:
            log.info("begins: %s", spec["kind"])
            reporter.is_patient = spec["kind"] == JobKind.TRAIN
            prepare(spec)
            if spec.get("after"):
                fault = Fault.model_validate(spec["after"])
                reporter.report(EventKind.NOTE, text=fault.sentence, fault=spec["after"])
            outcome = work(spec, reporter)
        except Exception as error:
            log.exception("the work ended in an error")
            outcome = failure(error)
        log.info("ended: %s. %s", outcome.state, outcome.message)
        return outcome


def carry_out(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Hand the spec to the part that does its kind of work; only that part is imported."""
    kind = JobKind(spec["kind"])
    if kind in CONFINED:
        return _confined(spec, reporter)
    if kind not in PARTS:
        raise ValueError(f"{kind} is made on the spot and is no work for a worker")
    module, function = PARTS[kind].split(":")
    return getattr(import_module(module), function)(spec, reporter)


def _confined(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Work on a file from outside, held to half of the memory, so that it takes nothing else with it."""
    from studio.data.again import examine_again
    from studio.data.confining import Confines, confined
    from studio.data.ingest import ingest
    from studio.recipes.machine import memory

    work = ingest if spec["kind"] == JobKind.INGEST else examine_again
    whole, _ = memory()
    with confined(reporter, Confines(memory=whole // 2)) as watched:
        return work(spec, watched)


def prepare(spec: Mapping[str, Any]) -> None:
    """Set the environment for the libraries, and let long work give way to the page."""
    os.environ.update(ENVIRONMENT)
    # Measuring splits a lot of text in this process; the others may fork, and then the tokenizer must not use threads.
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if spec["kind"] in (JobKind.MEASURE, JobKind.MEANING) else "false"
    if spec["kind"] in AT_LENGTH:
        os.nice(5)
    if spec["kind"] == JobKind.EXPORT:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a model is merged in main memory, whatever trains meanwhile


def failure(error: Exception) -> Outcome:
    """What a person reads when an attempt failed: the cause, and what to do next."""
    if isinstance(error, StudioError):
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    if isinstance(error, MemoryError):
        return Outcome(
            state="failed",
            message="The memory of this machine ran out.",
            fix="Close other programs, or choose a smaller model or shorter examples, and start it again.",
            code="memory",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Outcome(
            state="failed",
            message="The disk is full.",
            fix="Make room on the disk of the workspace and start it again.",
            code="disk",
        )
    return Outcome(
        state="failed",
        message=f"Something in the studio itself failed: {_one_line(error)}. The log has the details.",
        fix="Start it again; if it fails the same way, the log says where.",
        code="internal",
    )


class EventWriter:
    """The Reporter of a worker: events numbered from 1, one whole JSON line per write, in a file of their own.

    One that is patient waits while the disk is full, until there is room or it is to stop. A little room is set aside
    for what has to be said then, and for the outcome.
    """

    def __init__(self, folder: Path, *, pause: Callable[[float], None] = time.sleep) -> None:
        self.is_patient = False
        self._pause = pause
        self._spare = folder / "spare"
        with suppress(OSError):
            self._spare.write_bytes(bytes(SPARE))
        self._control = folder / "control.json"
        # "x": a second process in the same attempt folder would mix its events with ours.
        self._file = (folder / "events.jsonl").open("xb", buffering=0)
        self._seq = 0
        self._synced_at = time.monotonic()
        self._stop = False
        self._looked_at = -LOOK_FOR_STOP_EVERY

    def __enter__(self) -> "EventWriter":
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):  # a full disk has been told where it was met
            os.fsync(self._file.fileno())
        self._file.close()
        self._spare.unlink(missing_ok=True)

    def has_ended(self) -> None:
        """What had been set aside is free for the outcome."""
        self._spare.unlink(missing_ok=True)

    def report(self, kind: EventKind, **data: Any) -> None:
        line = _json({"seq": self._seq + 1, "at": time.time(), "kind": kind, "data": data}) + b"\n"
        self._write(_discreet(line))
        self._seq += 1
        now = time.monotonic()
        if kind is EventKind.CHECKPOINT or now - self._synced_at >= SYNC_EVERY:
            os.fsync(self._file.fileno())
            self._synced_at = now

    def _write(self, line: bytes) -> None:
        """The whole line, at the end of what is whole already."""
        end = self._file.seek(0, os.SEEK_END)
        while True:
            try:
                if self._file.write(line) == len(line):
                    return
                error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a short write is how a full disk shows here
            except OSError as found:
                error = found
            with suppress(OSError):
                self._file.truncate(end)
                self._file.seek(end)
            if error.errno not in (errno.ENOSPC, errno.EDQUOT) or not self.is_patient:
                raise error
            if self._spare.exists():
                self._spare.unlink()
                continue
            if self.should_stop():
                raise GaveUpWaiting("Stopped while it waited for disk space.", fix="Make room on the disk.")
            self._pause(LOOK_FOR_ROOM_EVERY)

    def should_stop(self) -> bool:
        now = time.monotonic()
        if not self._stop and now - self._looked_at >= LOOK_FOR_STOP_EVERY:
            self._looked_at = now
            self._stop = _asks_to_stop(self._control)
        return self._stop

    def on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM asks for the same as control.json: finish the step, keep what is there, end."""
        self._stop = True


def end_with_the_supervisor() -> None:
    """Arrange that this process and its children are killed when the supervisor goes: its run is resumed later.

    The supervisor holds the other end of our standard input, so its death reads as end of file. A worker that was
    started by hand has another standard input, or a process group that is not its own, and is left in peace.
    """
    if not stat.S_ISFIFO(os.fstat(0).st_mode) or os.getpgrp() != os.getpid():
        return
    lifeline = os.dup(0)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)  # no library may wait for an answer on the lifeline
    until = float(os.environ.get(MAY_RUN_UNTIL, "inf"))
    threading.Thread(target=_watch, args=(lifeline, until), name="lifeline", daemon=True).start()
    if sys.platform == "linux":
        # The thread above needs the interpreter; the kernel does not, should native code hold it for long.
        end_with_the_parent()
        with suppress(OSError):  # if memory runs out, let it be this process and not the page
            Path("/proc/self/oom_score_adj").write_text("500")


def end_with_the_parent() -> None:
    """Have Linux kill this process when the thread that started it goes."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def _watch(lifeline: int, until: float) -> None:
    """Wait until the other end is closed, or until the moment that was last told there, if any was, has come."""
    while True:
        left = None if until == float("inf") else max(until - time.monotonic(), 0)
        told = os.read(lifeline, 4096) if select.select([lifeline], [], [], left)[0] else b""
        if not told:
            os.killpg(0, signal.SIGKILL)
        (until,) = struct.unpack("d", told[-8:])


def _asks_to_stop(control: Path) -> bool:
    try:
        return bool(json.loads(control.read_bytes()).get("stop"))
    except FileNotFoundError:
        return False


def _json(value: dict[str, Any]) -> bytes:
    """JSON that every reader accepts: NaN becomes null, half a surrogate pair becomes a question mark."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _discreet(told: bytes) -> bytes:
    """The same without the secrets that this process knows."""
    for secret in discreet.secrets_in(os.environ):
        told = told.replace(_json({"": secret})[5:-2], discreet.MASK.encode())
    return told


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    fresh = path.with_suffix(".part")
    with fresh.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def _one_line(error: Exception) -> str:
    first = next(iter(str(error).strip().splitlines()), "").rstrip(".")
    return f"{type(error).__name__}: {first}"[:200] if first else type(error).__name__


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # All is written. A library that still waits for a server of its own would hold the place of the next job.
    os._exit(status)
