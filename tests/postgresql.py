"""A PostgreSQL 15 server of our own, for whoever tests against one."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from studio.store.database import open_store
from studio.store.ids import new_id
from studio.store.workspace import Workspace

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@dataclass(frozen=True)
class Server:
    """`address` has no database's name yet."""

    folder: Path
    port: int
    user: dict[str, Any]

    @property
    def address(self) -> str:
        return f"postgresql+psycopg://studio@/{{name}}?host={self.folder}&port={self.port}"

    def run(self, program: str, *arguments: str) -> None:
        command = [str(PROGRAMS / program), "-D", str(self.folder / "data"), *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run(command, check=True, cwd=self.folder, **quiet, **self.user)

    def start(self) -> None:
        options = f"-k {self.folder} -p {self.port} -c listen_addresses='' -c fsync=off -c timezone=Asia/Kolkata"
        self.run("pg_ctl", "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "immediate", "stop")


@contextmanager
def running_server() -> Iterator[Server]:
    """It is gone, with all that it held, at the end of the block."""
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # short: the path of a socket has at most 107 letters
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made = Server(folder, port, user)
    made.run("initdb", "-U", "studio", "-A", "trust", "-E", "UTF8", "--no-sync")
    made.start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One for all tests that need it."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install '.[postgres]'")
    if not (PROGRAMS / "initdb").exists():
        pytest.skip(f"PostgreSQL 15 is not installed: there is no {PROGRAMS / 'initdb'}")
    with running_server() as started:
        yield started


@pytest.fixture(scope="session")
def cluster(server: Server) -> str:
    """The address of the server, without a database's name."""
    return server.address


@pytest.fixture
def new_database(cluster: str) -> Iterator[Callable[..., str]]:
    """Makes an empty database, or a copy of one, and gives its address; all are dropped after the test."""
    engine = create_engine(cluster.format(name="postgres"), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    made: list[str] = []

    def make(template: str = "template0") -> str:
        made.append(new_id("db").replace("-", "_"))
        with engine.connect() as connection:
            # Copied file by file, which takes half as long as page by page through the log.
            connection.execute(text(f"CREATE DATABASE {made[-1]} TEMPLATE {template} STRATEGY FILE_COPY"))
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
