"""Process: which process a job runs in, known beyond doubt even after process numbers were given out anew."""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

GONE_WITHIN = 5.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A process for all time: its number, and when it started ("<boot and container>:<ticks since boot>")."""

    pid: int
    started: str


def identity_of(pid: int) -> Identity | None:
    """Who has this process number now; None when nobody has."""
    try:
        if psutil.LINUX:
            # psutil's create_time() moves with the clock of the machine; ticks since boot do not.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return Identity(pid, f"{_boot_id()}:{fields[19]}")
        return Identity(pid, f"{psutil.boot_time():.0f}:{psutil.Process(pid).create_time():.2f}")
    except (FileNotFoundError, ProcessLookupError, psutil.NoSuchProcess):
        return None


def is_alive(identity: Identity) -> bool:
    """Whether this very process still runs; one that ended and waits to be reaped does not."""
    try:
        return identity_of(identity.pid) == identity and psutil.Process(identity.pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def end_leftover(identity: Identity) -> bool:
    """Kill the process group that this process leads, if it is still there; whether it is gone now."""
    deadline = time.monotonic() + GONE_WITHIN
    while is_alive(identity) and time.monotonic() < deadline:
        kill_group(identity.pid)
        time.sleep(0.02)
    return not is_alive(identity)


def kill_group(pid: int) -> None:
    """Kill the process and everything it started."""
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses for a group of which only the dead are left
        os.killpg(pid, signal.SIGKILL)


def _boot_id() -> str:
    """This boot, and which of the containers on it: each gives out process numbers of its own."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    with suppress(OSError):
        return f"{boot}/{Path('/proc/self/ns/pid').readlink().name.strip('pid:[]')}"
    return boot
