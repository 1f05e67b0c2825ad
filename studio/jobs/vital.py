"""Vital: whether a worker still does anything, and whether the kernel ends processes for want of memory."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUP_EVENTS = Path("/sys/fs/cgroup/memory.events")
KERNEL_COUNTS = Path("/proc/vmstat")
NO_ROOM = 1_000_000  # bytes; with less a worker may be waiting for the disk without being able to say so


@dataclass(slots=True)
class Pulse:
    """When a worker last gave a sign of life: it told something, or it has used the processor."""

    at: float
    used: float = 0.0

    def feel(self, pid: int, *, has_told: bool, now: float, folder: Path) -> float:
        """Seconds since the last sign of life."""
        used = processor_seconds(pid)
        if has_told or used is None or used > self.used or is_without_room(folder):
            self.at, self.used = now, used or 0.0
        return now - self.at


def is_without_room(folder: Path) -> bool:
    """Whether the disk of a folder is as good as full."""
    return shutil.disk_usage(folder).free < NO_ROOM


def processor_seconds(pid: int) -> float | None:
    """What a process and its children have used of the processor; None when it is gone."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return times.user + times.system + times.children_user + times.children_system


def ended_for_memory(*places: Path) -> int | None:
    """How many processes the kernel has ended for want of memory, in this container or else on this machine."""
    for place in places or (CGROUP_EVENTS, KERNEL_COUNTS):
        try:
            lines = place.read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None
