"""Both databases for the same tests."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from studio.store.database import Store, open_store
from studio.store.ids import new_id
from studio.store.workspace import Workspace
from tests.store.examples import Examples

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def cluster() -> Iterator[str]:
    """The address of a PostgreSQL 15 server of our own, without a database's name; gone when the tests end."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install '.[postgres]'")
    if not (POSTGRESQL / "initdb").exists():
        pytest.skip(f"PostgreSQL 15 is not installed: there is no {POSTGRESQL / 'initdb'}")
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has at most 107 letters
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = [str(POSTGRESQL / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **user)

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "studio", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -p {port} -c listen_addresses='' -c fsync=off -c timezone=Asia/Kolkata"
    run("pg_ctl", "-D", data, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://studio@/{{name}}?host={folder}&port={port}"
    finally:
        run("pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.fixture
def new_database(cluster: str) -> Iterator[Callable[..., str]]:
    """Makes an empty database, or a copy of one, and gives its address; all are dropped after the test."""
    engine = create_engine(cluster.format(name="postgres"), isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(new_id("db").replace("-", "_"))
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]} TEMPLATE {template}"))
        return cluster.format(name=made[-1])

    yield make
    with engine.connect() as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="session")
def migrated(cluster: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database with our tables and nothing in them, to make others from."""
    engine = create_engine(cluster.format(name="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    engine.dispose()
    workspace = Workspace(tmp_path_factory.mktemp("migrated"))
    open_store(workspace, url=cluster.format(name="migrated")).close()
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty database as `open_store` takes it: None for the workspace's own SQLite file."""
    return None if request.param == "sqlite" else request.getfixturevalue("new_database")()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An open store with nothing in it."""
    url = None
    if request.param == "postgresql":
        migrated = request.getfixturevalue("migrated")
        url = request.getfixturevalue("new_database")(template=migrated)
    opened = open_store(Workspace(tmp_path / "workspace"), url=url)
    yield opened
    opened.close()


@pytest.fixture
def examples(store: Store) -> Examples:
    return Examples(store)
