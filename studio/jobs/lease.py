"""Lease: the right of one host to carry out the jobs of a database that several can reach.

The holder counts in the database. Others take over once they have seen it count no further for a while by their own
clock, which no clock of another machine and no change of the time of day can mislead. Before that its workers have
ended, also where it hangs itself: each knows until when it may run. See docs/decisions/0027-one-host-at-a-time.md.
"""

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from studio.domain.errors import SetupError
from studio.jobs.process import Identity, identity_of, is_alive
from studio.store import supervision
from studio.store.database import Store
from studio.store.supervision import Held, Holder
from studio.store.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: between two beats, from a beat to the end of the workers, and until somebody else takes over."""

    beat: float = 5.0
    sure: float = 45.0
    lost: float = 60.0


@dataclass(slots=True)
class Lease:
    """Held while `term` is set; `sure_until` is the moment of `clock` until which nobody else can have taken over."""

    store: Store
    holder: Holder
    terms: Terms = field(default_factory=Terms)
    clock: Callable[[], float] = time.monotonic
    term: int | None = None
    sure_until: float = float("-inf")
    seen: Held | None = None
    seen_since: float = float("-inf")
    looked_at: float = float("-inf")

    def current(self) -> int | None:
        """The term in which jobs may be carried out now, if they may; takes the lease where nobody has it any more."""
        now = self.clock()
        if self.term is None and now - self.looked_at >= self.terms.beat:
            self.looked_at = now
            self._look(now)
        return self.term if self.clock() < self.sure_until else None

    def beat(self) -> bool:
        """Count on; whether the lease is held. It is sure from the moment at which that was asked for."""
        term, now = self.term, self.clock()
        if term is None:
            return False
        if supervision.beat(self.store, term):
            self.sure_until = now + self.terms.sure
            return True
        log.warning("another host has taken over")
        self.term = None
        return False

    def give_back(self) -> None:
        """Let another host begin at once."""
        if self.term is not None:
            supervision.give_back(self.store, self.term)
        self.term = None

    def _look(self, now: float) -> None:
        found = supervision.held(self.store)
        _refuse_another(found, self.holder.folder)
        if found != self.seen:
            self.seen, self.seen_since = found, now
            if found is not None and found.pid is not None:
                log.info("%s (process %d) carries out the jobs of this database", found.host, found.pid)
        if found is None or self._is_gone(found) or now - self.seen_since >= self.terms.lost:
            self.term = supervision.take(self.store, self.holder, seen=found)
            if self.term is not None:
                self.sure_until = now + self.terms.sure
                log.info("%s carries out the jobs of this database (term %d)", self.holder.host, self.term)

    def _is_gone(self, found: Held) -> bool:
        """Whether it was given back, or was held by a process of this very machine that has ended."""
        if found.pid is None or found.started is None:
            return True
        if (found.pid, found.started) == (self.holder.pid, self.holder.started):
            return True  # by this very process, before
        is_here = found.started.partition(":")[0] == self.holder.started.partition(":")[0]
        return is_here and not is_alive(Identity(found.pid, found.started))


def lease_of(store: Store, terms: Terms) -> Lease:
    """A lease for this process; it is not held yet."""
    me = identity_of(os.getpid())
    assert me is not None
    return Lease(store, Holder(socket.gethostname(), me.pid, me.started, folder_id(store.workspace)), terms)


def check_folder(store: Store) -> None:
    """SetupError where the jobs of the database speak of files in another folder."""
    _refuse_another(supervision.held(store), folder_id(store.workspace))


def _refuse_another(found: Held | None, folder: str) -> None:
    if found is not None and found.folder != folder:
        raise SetupError(
            f"The jobs of this database speak of files in a folder on {found.host}, and this is another folder.",
            fix="Mount that folder here and start the studio on it, or give this one a database of its own.",
        )


def keep_beating(lease: Lease, stop: threading.Event, *, tell: Callable[[float], None]) -> threading.Thread:
    """Beat in a thread of its own, however long anything else takes, and `tell` until when the lease is sure."""

    def run() -> None:
        while not stop.wait(lease.terms.beat):
            try:
                if lease.beat():
                    tell(lease.sure_until)
            except Exception:  # the database does not answer: whoever is not told ends in time
                log.exception("the lease could not be renewed")

    thread = threading.Thread(target=run, name="lease", daemon=True)
    thread.start()
    return thread


def folder_id(workspace: Workspace) -> str:
    """What tells this folder from others; made the first time that it is asked for."""
    path = workspace.folder_id
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}.part")
        fresh.write_text(secrets.token_hex(16))
        with suppress(FileExistsError):  # another host was first
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text().strip()
