"""Turns: the threads of one process write a SQLite file one after the other, in the order in which they came.

SQLite has whoever waits for it sleep for up to a tenth of a second before looking again, and whoever looks at the right
moment is next: with many writers nobody writes most of the time, and somebody waits for ever. That is still how other
processes meet it. See docs/decisions/0034.
"""

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from studio.store import remembered

TOGETHER = 32  # writers that share a commit at most
CALM = 1.0  # seconds for readers and a commit to let each other go first; then SQLite decides


@dataclass(slots=True)
class _Shared:
    """An open transaction that goes from one writer to the next; `ended` once it is on disk or has failed."""

    connection: Connection
    members: int = 1
    ended: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


@dataclass(eq=False, slots=True)
class _Place:
    """Somebody in the line; what they are handed is None, or the transaction of whoever was before them."""

    together: bool
    called: threading.Event = field(default_factory=threading.Event)
    handed: _Shared | None = None


class _Line:
    """Who waits to write, the writer first, and how many read meanwhile; of one process."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.changed = threading.Condition()
        self.places: deque[_Place] = deque()
        self.readers, self.commits = 0, False
        self.kept: Connection | None = None

    def join(self, place: _Place, patience: float) -> None:
        """Be called when everybody who came before has written; OperationalError where that takes too long."""
        with self.changed:
            self.places.append(place)
            if self.places[0] is place:
                return
        if place.called.wait(patience):
            return
        with self.changed:
            if not place.called.is_set():
                self.places.remove(place)
                raise OperationalError("BEGIN IMMEDIATE", None, sqlite3.OperationalError("database is locked"))

    def leave(self, *, handing: _Shared | None = None) -> bool:
        """Call the next; whether the transaction was handed on, which only somebody takes who would share it."""
        with self.changed:
            following = self.places[1] if len(self.places) > 1 else None
            if handing is not None and (following is None or not following.together or handing.members >= TOGETHER):
                return False
            self.places.popleft()
            if following is not None:
                if handing is not None:
                    handing.members += 1
                following.handed = handing
                following.called.set()
            return True

    @contextmanager
    def committing(self) -> Iterator[None]:
        """A moment in which nobody reads: without a log beside the file, neither can go on beside the other."""
        with self.changed:
            self.commits = True
            self.changed.wait_for(lambda: not self.readers, CALM)
        try:
            yield
        finally:
            with self.changed:
                self.commits = False
                self.changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[None]:
        with self.changed:
            self.changed.wait_for(lambda: not self.commits, CALM)
            self.readers += 1
        try:
            yield
        finally:
            with self.changed:
                self.readers -= 1
                if not self.readers:
                    self.changed.notify_all()


class Turns:
    """The line of this process in front of one file; a forked process has one of its own.

    With `locks_readers`, as long as the file is written without a log beside it, reading and committing take turns too.
    """

    def __init__(self, *, locks_readers: bool) -> None:
        self._of_process, self._locks_readers = _Line(), locks_readers

    @property
    def _line(self) -> _Line:
        if self._of_process.process != os.getpid():
            self._of_process = _Line()
        return self._of_process

    def reading(self) -> AbstractContextManager[None]:
        """While one reads."""
        return self._line.reading() if self._locks_readers else nullcontext()

    @contextmanager
    def alone(self, patience: float) -> Iterator[Callable[[], AbstractContextManager[None]]]:
        """While one writes; what is yielded is to be entered for the commit."""
        line = self._line
        line.join(_Place(together=False), patience)
        try:
            yield partial(self._committing, line)
        finally:
            line.leave()

    @contextmanager
    def together(self, patience: float, begin: Callable[[Connection | None], Connection]) -> Iterator[Connection]:
        """While one writes what others may share a commit with; nobody goes on before all of it is on disk.

        What one of them does is taken back alone where it fails. All of it is done on one connection, which therefore
        remembers what it has read, as long as nobody else writes.
        """
        line, place = self._line, _Place(together=True)
        line.join(place, patience)
        shared = place.handed or self._begun(line, begin)
        try:
            with piece(shared.connection):
                yield shared.connection
        except BaseException as error:
            self._go_on(line, shared, lost=error if _is_lost(shared.connection) else None)
            raise
        self._go_on(line, shared)
        shared.ended.wait()
        if shared.error is not None:
            raise shared.error

    def _begun(self, line: _Line, begin: Callable[[Connection | None], Connection]) -> _Shared:
        kept, line.kept = line.kept, None
        try:
            return _Shared(begin(kept))
        except BaseException:
            line.leave()
            raise

    def _go_on(self, line: _Line, shared: _Shared, *, lost: BaseException | None = None) -> None:
        """Hand the transaction to the next, or end it for all; one that is `lost` SQLite has taken back as a whole."""
        if lost is None and line.leave(handing=shared):
            return
        try:
            if lost is None:
                with self._committing(line):
                    commit(shared.connection)
                remembered.committed(shared.connection)
                line.kept = shared.connection
        except BaseException as error:
            lost = error
        finally:
            shared.error = lost
            try:
                if lost is not None:
                    remembered.end(shared.connection)
                    shared.connection.close()
            finally:
                line.leave()
                shared.ended.set()

    def close(self) -> None:
        """Give the connection back on which votes are kept; nobody writes any more."""
        line = self._line
        if line.kept is not None:
            remembered.end(line.kept)
            line.kept.close()
            line.kept = None

    def _committing(self, line: _Line) -> AbstractContextManager[None]:
        return line.committing() if self._locks_readers else nullcontext()


def commit(connection: Connection) -> None:
    """Put it on disk, or take it back: closed after a commit that failed, a connection would keep its locks."""
    try:
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


@contextmanager
def piece(connection: Connection) -> Iterator[None]:
    """A part of a transaction that is taken back alone where it fails; on any database.

    In plain words, since what SQLAlchemy makes of a savepoint costs more than all questions of a vote.
    """
    connection.exec_driver_sql("SAVEPOINT piece")
    try:
        yield
    except BaseException:
        remembered.forget(connection)
        if not _is_lost(connection):
            connection.exec_driver_sql("ROLLBACK TO SAVEPOINT piece")
            connection.exec_driver_sql("RELEASE SAVEPOINT piece")
        raise
    connection.exec_driver_sql("RELEASE SAVEPOINT piece")


def _is_lost(connection: Connection) -> bool:
    """Whether there is no transaction any more; SQLite ends one by itself where the disk is full."""
    held = None if connection.invalidated else connection.connection.dbapi_connection
    return held is None or (isinstance(held, sqlite3.Connection) and not held.in_transaction)
