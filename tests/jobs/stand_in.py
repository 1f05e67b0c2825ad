"""A worker that plays what its spec says, with the real writer, the real watchdog and no engine."""

import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from studio.domain.errors import RunError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.worker import attempt

ALIVE: list[BinaryIO] = []


def alone(path: Path) -> BinaryIO:
    """Say beside the file if another worker that holds it is alive: the kernel lets go of it only with its process."""
    file = path.open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        path.with_suffix(".overlap").touch()
    return file


def count(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Count to `steps` with a checkpoint after each, going on from the last one when told to resume."""
    kept = Path(spec["run"])
    kept.mkdir(parents=True, exist_ok=True)
    ALIVE.extend([alone(kept / "alive"), *([alone(kept.parent / "device")] if spec["kind"] == "train" else [])])
    first = int((kept / "step").read_text()) + 1 if spec.get("resume") and (kept / "step").exists() else 1
    reporter.report(EventKind.PHASE, name="counting")
    if first > 1:
        reporter.report(EventKind.CHECKPOINT, step=first - 1)  # as a run does: perhaps nobody was told of it
    for step in range(first, spec["steps"] + 1):
        if reporter.should_stop():
            return Outcome(state="stopped", message=f"Stopped at {step - 1}.", result={"first": first})
        time.sleep(spec.get("seconds", 0.01))
        (kept / "step.part").write_text(str(step))
        (kept / "step.part").replace(kept / "step")
        reporter.report(EventKind.CHECKPOINT, step=step)
        reporter.report(EventKind.PROGRESS, done=step, total=spec["steps"])
    return Outcome(state="done", message=f"Counted to {spec['steps']}.", result={"first": first})


def deaf(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    reporter.report(EventKind.PHASE, name="deaf")
    while True:
        time.sleep(0.01)


def with_child(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    child = os.fork()
    if child == 0:
        time.sleep(600)
    reporter.report(EventKind.NOTE, text=str(child))
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def die(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    reporter.report(EventKind.PROGRESS, done=1, total=2)
    os.kill(os.getpid(), spec["signal"])
    raise AssertionError


def leave(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    sys.exit(3)


def tear(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Die in the middle of a line."""
    reporter.report(EventKind.PROGRESS, done=1, total=2)
    with (Path(sys.argv[1]) / "events.jsonl").open("ab") as file:
        file.write(b'{"seq": 2, "at": 1.0, "kind": "prog')
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def refuse(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    raise RunError("The model does not fit.", fix="Choose a smaller one.")


def mumble(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Report something that the store cannot read, and go on."""
    reporter.report(EventKind.PROGRESS, done="many", total="more")
    time.sleep(600)
    raise AssertionError


def play(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    parts = (count, deaf, with_child, die, leave, tear, refuse, mumble)
    return {part.__name__: part for part in parts}[spec["play"]](spec, reporter)


if __name__ == "__main__":
    sys.exit(attempt(Path(sys.argv[1]), work=play))
