"""Dumps: a PostgreSQL database as one file and back, by the server's own programs, at one moment of it."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import URL, Connection, inspect, text

from studio.domain.errors import SetupError
from studio.store.database import Store

INSTALLED = Path("/usr/lib/postgresql")  # where Debian and Ubuntu keep them, one folder for each version
QUIET = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}


def dump(store: Store, connection: Connection, to: Path) -> None:
    """Write the database as this transaction sees it into the new file `to`, and read all of that back.

    SetupError where PostgreSQL's programs are not there, are older than the server, or fail.
    """
    program = _program("pg_dump", _major(connection))
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    asked = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}", f"--file={to}")
    _run([str(program), *asked, "--dbname", _address(store.engine.url)], store.engine.url)
    _run([str(_program("pg_restore", _major(connection))), f"--file={os.devnull}", str(to)], store.engine.url)


def is_empty(connection: Connection) -> bool:
    """Whether there is no table in the database yet."""
    return not inspect(connection).get_table_names()


def fill(store: Store, dumped: Path, *, again: bool) -> None:
    """Make the database of a dump, whole or not at all; `again` replaces what an earlier try has made there."""
    with store.engine.connect() as connection:
        program = _program("pg_restore", _major(connection))
    asked = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    asked += ["--clean", "--if-exists"] if again else []
    _run([str(program), *asked, "--dbname", _address(store.engine.url), str(dumped)], store.engine.url)


def _program(name: str, server: int) -> Path:
    """The newest one that is here; SetupError where it is missing or older than the server."""
    found = [Path(there)] if (there := shutil.which(name)) else []
    found += INSTALLED.glob(f"*/bin/{name}")
    versions = {path: _version(path) for path in found}
    newest = max(versions, key=lambda path: versions[path], default=None)
    fix = f"Install PostgreSQL's client programs of version {server} or newer (postgresql-client-{server} on Debian)."
    if newest is None:
        raise SetupError(f"There is no {name} here, which keeps and restores PostgreSQL.", fix=fix)
    if versions[newest] < server:
        raise SetupError(f"{name} here is of version {versions[newest]}, and the server of {server}.", fix=fix)
    return newest


def _version(program: Path) -> int:
    try:
        said = subprocess.run([str(program), "--version"], check=False, timeout=30, **QUIET).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    number = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(number[1]) if number else 0


def _major(connection: Connection) -> int:
    return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _run(command: list[str], url: URL) -> None:
    done = subprocess.run(command, check=False, env=_environment(url, os.environ), **QUIET)
    if done.returncode:
        name, said = Path(command[0]).name, (done.stderr.strip().splitlines() or ["it ended without a word"])[0]
        said = said.removeprefix(f"{name}: ").removeprefix("error: ").rstrip(".")
        raise SetupError(f"{name} failed: {said}.", fix="Mend that and try again; nothing was changed.")


def _environment(url: URL, environ: Mapping[str, str]) -> dict[str, str]:
    return {**environ, "PGPASSWORD": url.password} if url.password else dict(environ)


def _address(url: URL) -> str:
    """The address without the password, as the server's programs read it."""
    parts = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **url.query}
    quoted = {name: str(value).replace("\\", "\\\\").replace("'", "\\'") for name, value in parts.items() if value}
    return " ".join(f"{name}='{value}'" for name, value in quoted.items() if name != "password")
