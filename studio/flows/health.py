"""Health: whether the studio can do its work at this moment, and how much room it takes."""

import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from studio.domain.errors import StudioError
from studio.domain.machine import Check
from studio.flows.studio import Studio
from studio.jobs.beat import FRESH, heard
from studio.jobs.presence import is_supervised
from studio.recipes.machine import DISK_FLOOR, disk_free
from studio.recipes.words import amount
from studio.store.database import HEAD, found_revision

MEASURED_EVERY = 600.0


def signs(studio: Studio, *, floor: int = DISK_FLOOR) -> list[Check]:
    """What must hold for the studio to be of use: its database, what carries out its jobs, and room on its disk."""
    return [*_database(studio), _supervisor(studio), _disk(studio, floor)]


def _database(studio: Studio) -> list[Check]:
    try:
        found = found_revision(studio.store)
    except StudioError as error:
        return [Check("database", False, error.message, error.fix)]
    newest, fix = HEAD, "Start the studio anew: the first start brings the database up to date."
    is_newest = found == newest
    words = f"at {found}" if is_newest else f"at {found or 'nothing'}, and this version needs {newest}"
    return [Check("database", True, "answers"), Check("migrations", is_newest, words, "" if is_newest else fix)]


def _supervisor(studio: Studio) -> Check:
    beat = heard(studio.workspace)
    if not is_supervised(studio.workspace):
        fix = "Start it: python app.py does, and so does python -m studio.jobs.supervisor WORKSPACE."
        return Check("supervisor", False, "none is running", fix)
    if beat is None or beat.age > FRESH:
        said = "said nothing yet" if beat is None else f"said nothing for {beat.age:,.0f} s"
        fix = f"Look into {studio.workspace.supervisor_log}; if nothing is there, end it: another one starts."
        return Check("supervisor", False, said, fix)
    return Check("supervisor", True, f"at work, last heard {beat.age:.0f} s ago")


def _disk(studio: Studio, floor: int) -> Check:
    free = disk_free(studio.workspace.root)
    fix = f"Make room on the disk of {studio.workspace.root}, or empty what was deleted: python -m studio empty."
    return Check("disk", free >= floor, f"{amount(free)} free", "" if free >= floor else fix)


@dataclass(slots=True)
class Room:
    """How many bytes the workspace takes, counted beside what goes on: whoever asks gets the last count at once."""

    root: Path
    bytes: int | None = None
    counted: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> int | None:
        """The last count, None before the first; a new one begins where that is old."""
        with self.lock:
            if time.monotonic() - self.counted >= MEASURED_EVERY:
                self.counted = time.monotonic()
                threading.Thread(target=self._count, name="room", daemon=True).start()
        return self.bytes

    def _count(self) -> None:
        self.bytes = taken(self.root)


def taken(folder: Path) -> int:
    """Bytes of all files in a folder; what goes away meanwhile counts no more."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                found += Path(place, name).lstat().st_size
    return found
