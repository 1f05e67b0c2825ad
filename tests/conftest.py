"""What all tests share."""

import gc
import os
import shutil
import sqlite3
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpcore2
import pytest
from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.util import LRUCache

from studio.flows import passwords
from studio.jobs.forking import Nursery
from studio.jobs.launcher import Launcher
from studio.store import database
from studio.store.database import Store
from studio.store.workspace import Workspace
from studio.web.quiet import quiet_libraries
from tests.nursery import Bearing
from tests.postgresql import cluster, migrated, new_database, server  # noqa: F401
from tests.small_disk import mounted

if TYPE_CHECKING:
    from pwdlib import PasswordHash

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def root() -> Path:
    """The folder that app.py lies in."""
    return ROOT


@pytest.fixture
def workspace_folder(tmp_path: Path) -> Path:
    """An empty folder to keep a workspace in."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of 1 MB."""
    with mounted(tmp_path / "small") as place:
        yield place


@pytest.fixture(scope="session", autouse=True)
def migrate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Store], None]]:
    """What migrates a database. New SQLite files are copies of one that it made: each would take longer than most tests."""
    migrate = database._migrate
    made = Workspace(tmp_path_factory.mktemp("migrated"))

    def migrate_or_copy(store: Store) -> None:
        is_new = store.engine.dialect.name == "sqlite" and store.workspace.root != made.root
        with database._locked(store.workspace.migration_lock), suppress(sqlite3.Error):
            if is_new and not inspect(store.engine).get_table_names():
                database.open_store(made).close()
                with closing(sqlite3.connect(made.database)) as whole, closing(store.engine.raw_connection()) as empty:
                    return whole.backup(empty.driver_connection)
        return migrate(store)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_migrate", migrate_or_copy)
        yield migrate


class Compiled(LRUCache[Any, Any]):
    """Compiled statements by the name of their dialect: each engine has a dialect of its own, and all of a name are alike."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    """A statement is compiled once for all stores, as in a studio, which has one: each of a thousand would do so anew."""
    compiled = Compiled(2000)

    def compiling_once(*args: Any, **more: Any) -> Engine:
        engine = create_engine(*args, **more)
        engine._compiled_cache = compiled
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", compiling_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Passwords are kept by the same hash with less work: what each takes otherwise is more than most tests take."""

    @cache
    def quick() -> "PasswordHash":
        from pwdlib import PasswordHash
        from pwdlib.hashers.argon2 import Argon2Hasher

        return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", quick)
        yield


@pytest.fixture(scope="session", autouse=True)
def certificates_read_once() -> Iterator[None]:
    """Whom clients trust is read once: for each of a thousand that takes longer than what most of them ask, without TLS."""
    by_default = httpcore2.default_ssl_context

    @cache
    def trusting(*_named: str | None, trust_env: bool) -> ssl.SSLContext:
        return by_default(_trust_env=trust_env)

    def kept(*, _trust_env: bool = True) -> ssl.SSLContext:
        return trusting(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), trust_env=_trust_env)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", cache(ssl.create_default_context))
        patch.setattr(httpcore2, "default_ssl_context", kept)
        yield


@pytest.fixture(scope="session")
def bearing() -> Iterator[Launcher]:
    """Forks workers from a nursery that all tests of this process share; where it can load nothing, they start afresh."""
    nursery = Nursery.begin((sys.executable, "-P", "-m", "tests.nursery"))
    yield Bearing(nursery)
    nursery.end()


def pytest_configure() -> None:
    quiet_libraries()  # as `serve` does: after a few hundred events each would cost a tenth of a second
    gc.disable()  # while tests are collected: a fifth of what imports cost is looking for garbage, and there is none


def pytest_collection(session: pytest.Session) -> None:
    """Each of several processes that collect the same tests begins elsewhere: what one compiles, the others find."""
    if here := getattr(session.config, "workerinput", None):
        places = [str(part) for arg in session.config.args for part in _parts(Path(arg))]
        begin = len(places) * int(here["workerid"].removeprefix("gw")) // here["workercount"]
        session.config.args = [*places[begin:], *places[:begin]]


def _parts(place: Path) -> list[Path]:
    """The test files and the folders in a folder, in order; anything else is itself."""
    if not place.is_dir():
        return [place]
    return sorted(
        part for part in place.iterdir() if part.match("test_*.py") or (part.is_dir() and part.name[0] != "_")
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The files of this folder take longest for a single file: last, they would leave one of two cores without work.
    items.sort(key=lambda item: (item.path.parent != ROOT / "tests", item.path))
    if shutil.which("nvidia-smi"):
        return
    for item in items:
        if item.get_closest_marker("gpu"):
            item.add_marker(pytest.mark.skip(reason="no CUDA device here"))


def pytest_collection_finish() -> None:
    gc.freeze()  # what was imported stays: each collection would look through half a million objects of the libraries
    gc.enable()
