"""Database: open the one of a workspace, and read or write it in transactions."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, Table, create_engine, event, inspect, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DatabaseError, DisconnectionError, NoSuchModuleError, OperationalError

from studio.domain.errors import SetupError
from studio.store import backups, remembered, tables
from studio.store.acting import check_writing
from studio.store.told import Reports
from studio.store.turns import Turns, commit
from studio.store.workspace import Workspace

# The newest migration; a database that is there needs no Alembic, whose import takes longer than opening.
HEAD = "0016"
MIGRATIONS = Path(__file__).parent / "migrations"
# Any number that no other program uses for its advisory lock on the same PostgreSQL database.
MIGRATION_LOCK = 0x617373_6179

# A server that is cut off is noticed, instead of being waited for as long as the system waits.
NOTICED = {"connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "tcp_user_timeout": 20_000}
HANGS_AFTER = "20s"
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# Readers in WAL mode could lose a commit before this version (sqlite.org, "The WAL-reset bug").
WAL_IS_SAFE = sqlite3.sqlite_version_info >= (3, 51, 3)
PATIENCE = 10.0  # seconds for which whoever writes waits for others
PRAGMAS = (
    "foreign_keys = ON",
    f"busy_timeout = {PATIENCE * 1000:.0f}",
    f"journal_mode = {'WAL' if WAL_IS_SAFE else 'TRUNCATE'}",
    "synchronous = FULL",
    "mmap_size = 0",
    "trusted_schema = OFF",
)


@dataclass(frozen=True, slots=True)
class Store:
    """An open database and the workspace that it belongs to; may be shared by threads.

    One with a `term` writes only as long as that is the term of `studio.store.supervision`. `reports` are what was read
    of the runs that were looked at last.
    """

    workspace: Workspace
    engine: Engine
    term: int | None = None
    turns: Turns = field(default_factory=lambda: Turns(locks_readers=not WAL_IS_SAFE))
    reports: Reports = field(default_factory=Reports, repr=False, compare=False)

    @property
    def is_shared(self) -> bool:
        """Whether several hosts can reach the database."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One unchanging moment of the database; on PostgreSQL writing is refused."""
        with _answering(), self.engine.connect() as connection:
            if self.is_shared:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    yield connection
            else:
                with self.turns.reading(), connection.begin():
                    yield connection

    @contextmanager
    def write(self, *, together: bool = False) -> Iterator[Connection]:
        """One transaction that happens whole or not at all; on SQLite it is the only writer from its first moment.

        What is short may be written `together` with what others write meanwhile: each of them happens whole or not at
        all, and all of them are on disk before any goes on. AccessError where this runs for somebody who may only look.
        """
        check_writing()
        way = self._shared if self.is_shared else self._together if together else self._alone
        with _answering(), way() as connection:
            if self.term is not None:
                _hold(connection, self.term)
            yield connection

    def close(self) -> None:
        """Give every idle connection back."""
        self.turns.close()
        self.engine.dispose()

    @contextmanager
    def _shared(self) -> Iterator[Connection]:
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        with self.turns.alone(PATIENCE) as committing, self._begun() as connection:
            yield connection
            with committing():
                commit(connection)

    def _together(self) -> AbstractContextManager[Connection]:
        return self.turns.together(PATIENCE, partial(self._begun, remembers=True))

    def _begun(self, kept: Connection | None = None, *, remembers: bool = False) -> Connection:
        """A connection in a transaction of its own, the one that was kept or another; closed before its commit, it
        takes everything back."""
        connection = kept or self.engine.connect().execution_options(writing=True)
        try:
            connection.begin()
            if remembers:
                remembered.begin(connection)
        except BaseException:
            remembered.end(connection)
            connection.close()
            raise
        return connection


@contextmanager
def _answering() -> Iterator[None]:
    """What a database says that does not answer, in words."""
    try:
        yield
    except OperationalError as error:
        raise SetupError(
            f"The database does not answer: {_first_line(error)}.",
            fix="Check that its disk has room and that it can be reached, then try again.",
        ) from error
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", None) not in DAMAGED:
            raise
        raise SetupError(
            f"The database is damaged: {_first_line(error)}.",
            fix="Stop the studio and follow “The database is damaged” in docs/operate.md: it keeps what can be kept.",
        ) from error


class Superseded(SetupError):
    """Another host carries out the jobs now, so this one's word counts no more."""


def _hold(connection: Connection, term: int) -> None:
    """Let no other term begin before the transaction ends; one that hangs is ended by the server."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{HANGS_AFTER}'"))
    column = tables.supervision.c.term
    held = select(column).where(column == term).with_for_update(read=True, key_share=True)
    if connection.execute(held).first() is None:
        raise Superseded("Another host carries out the jobs of this database now.", fix="Look there, or wait.")


@contextmanager
def reading(target: Store | Connection) -> Iterator[Connection]:
    """A moment of its own of a store, or the one that the connection is already in."""
    if isinstance(target, Connection):
        yield target
    else:
        with target.read() as connection:
            yield connection


@contextmanager
def writing(target: Store | Connection) -> Iterator[Connection]:
    """A write transaction of its own on a store, or the one that the connection is already in."""
    if isinstance(target, Connection):
        yield target
    else:
        with target.write() as connection:
            yield connection


def insert_or_ignore(
    connection: Connection, table: Table, values: dict[str, Any] | list[dict[str, Any]], *, conflict: list[str]
) -> int:
    """Insert what is not there yet by the columns `conflict`; how many rows were new (of a single one)."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).on_conflict_do_nothing(index_elements=conflict)
    # Without the option psycopg's count of an INSERT is dropped, and -1 would read as "new".
    return connection.execute(statement.execution_options(preserve_rowcount=True), values).rowcount


def open_store(workspace: Workspace, *, url: str | None = None) -> Store:
    """The workspace's own SQLite file or the database at `url`, made or migrated if need be; SetupError if not."""
    workspace.prepare()
    if workspace.restoring.exists() or workspace.restoring_database.exists():
        raise SetupError(
            f"A backup was being restored into {workspace.root}, and that was cut short.",
            fix="Run the same `restore` again: it completes it, and loses nothing.",
        )
    place = URL.create("sqlite", database=str(workspace.database)) if url is None else _read_url(url)
    store = Store(workspace=workspace, engine=_engine(place))
    try:
        with store.engine.connect() as connection:
            found = _revision(connection)
        if found != HEAD:
            _migrate(store)
    except DatabaseError as error:
        store.close()
        raise SetupError(
            f"The database {place.render_as_string()} cannot be opened: {_first_line(error)}.",
            fix="Check its address, that it is running and that you may use it.",
        ) from error
    return store


def unmigrated(workspace: Workspace, *, url: str | None = None) -> Store:
    """The database as it is, neither made nor brought up to date, for whoever only looks at it."""
    place = URL.create("sqlite", database=str(workspace.database)) if url is None else _read_url(url)
    return Store(workspace=workspace, engine=_engine(place))


def server_version(url: str, *, within: float) -> int | None:
    """The version of the PostgreSQL at `url`, None of another database; SetupError where it lets nobody in in time."""
    place = _read_url(url)
    is_postgresql = place.get_backend_name() == "postgresql"
    engine = _engine(place.update_query_dict({"connect_timeout": f"{within:.0f}"}) if is_postgresql else place)
    try:
        with engine.connect() as connection:
            found = connection.dialect.server_version_info
    except DatabaseError as error:
        raise SetupError(f"{place.render_as_string()} does not answer: {_first_line(error)}.") from error
    finally:
        engine.dispose()
    return int(found[0]) if is_postgresql and found else None


def found_revision(store: Store) -> str | None:
    """The migration that the database is at now; SetupError where it does not answer."""
    with store.read() as connection:
        return _revision(connection)


def _read_url(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise SetupError(
            "The address of the database cannot be read.", fix="Write it as postgresql+psycopg://user@host/name."
        ) from error


def _engine(place: URL) -> Engine:
    """Connections for threads: a few stay open, more are made in a rush, and none is carried into a forked process."""
    try:
        noticed = NOTICED if place.drivername == "postgresql+psycopg" else {}
        engine = create_engine(
            place,
            pool_size=5,
            max_overflow=35,
            connect_args={name: value for name, value in noticed.items() if name not in place.query},
        )
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise SetupError(
            f"There is no driver for {place.drivername} here.",
            fix='Write the address as postgresql+psycopg://user@host/name, and install: pip install ".[postgres]"',
        ) from error
    event.listen(engine, "connect", _remember_process)
    event.listen(engine, "checkout", _refuse_inherited)
    if place.get_backend_name() == "postgresql":
        event.listen(engine, "checkout", partial(_refuse_dead, engine.dialect))
    else:
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _remember_process(connection: Any, record: Any) -> None:
    record.info["pid"] = os.getpid()


def _refuse_inherited(connection: Any, record: Any, proxy: Any) -> None:
    """A forked process shares its parent's sockets and file locks; drop them unused and connect anew."""
    if record.info["pid"] != os.getpid():
        record.dbapi_connection = proxy.dbapi_connection = None
        raise DisconnectionError("This connection belongs to the parent process.")


def _refuse_dead(dialect: Dialect, connection: Any, record: Any, proxy: Any) -> None:
    """Ask whether the server is still there; the pool's own asking would speak on a connection of the parent's too."""
    if connection is None:  # refused already
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError("The server has closed this connection.") from error


def _set_up_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions late; `_begin_sqlite` does it instead
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that begins as a reader can find the file taken when it first writes, and then has to start over.
    writes = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: Connection) -> str | None:
    """The migration that the database is at; None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _migrate(store: Store) -> None:
    """Bring the database to HEAD, whole or not at all; processes that open it at the same time wait for each other.

    A SQLite file with data is copied first. PostgreSQL takes changes of tables back as whole as any other.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with _locked(store.workspace.migration_lock), store.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        found = _revision(connection)
        if found and found not in known:
            raise SetupError(
                f"This workspace was last used by a newer version of the studio (its data is at {found}).",
                fix="Update the studio, or open another workspace.",
            )
        if found and found != HEAD and connection.dialect.name == "sqlite":
            backups.before_upgrade(store.workspace.database, store.workspace.backups, revision=found)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        file = path.open("a")
    except OSError as error:
        raise SetupError(
            f"{path} cannot be written: {(error.strerror or 'unknown reason').lower()}.",
            fix="Choose a workspace that you may write to with STUDIO_WORKSPACES.",
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _first_line(error: DatabaseError) -> str:
    return str(error.orig).strip().splitlines()[0].rstrip(".")
