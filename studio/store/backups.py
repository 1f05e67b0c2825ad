"""Backups: a copy of a SQLite database from before a new version changes it, verified, the newest few kept."""

import logging
import os
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from studio.domain.errors import SetupError
from studio.domain.intact import sync

KEPT = 5
PAGES_AT_ONCE = 4096
SAYS_SO_EVERY = 2.0
ONLY_OWNER = 0o600

log = logging.getLogger(__name__)


def before_upgrade(database: Path, folder: Path, *, revision: str, now: datetime | None = None) -> Path:
    """Keep a verified copy of `database`, which is at `revision`, in `folder`; SetupError where that cannot be done.

    Whoever calls holds the only right to write, so that nothing comes between the copy and what follows it.
    """
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    kept = folder / f"studio-{moment}-{revision}.db"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for half_made in folder.glob("*.part"):
            half_made.unlink()
        _copied(database, kept)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(
            f"The database could not be copied before its upgrade, so nothing was changed: {_words(error)}.",
            fix=f"Make room for {database.stat().st_size / 1e6:,.1f} MB in {folder}, then start again.",
        ) from error
    for old in sorted(folder.glob("studio-*.db"))[:-KEPT]:
        old.unlink()
    log.info("The database from before the upgrade is kept as %s.", kept)
    return kept


def copied(database: Path, to: Path) -> None:
    """Copy a database as it is at one moment, also while others write; `to` is there whole and sound, or not at all.

    SetupError where that cannot be done.
    """
    try:
        _copied(database, to)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(
            f"The database could not be copied: {_words(error)}.", fix=f"See that {to.parent} has room, then try again."
        ) from error


def _copied(database: Path, to: Path) -> None:
    fresh = to.with_name(to.name + ".part")
    os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, ONLY_OWNER))
    try:
        _copy(database, fresh)
        with fresh.open("rb+") as file:
            os.fsync(file.fileno())
        fresh.replace(to)
    finally:
        fresh.unlink(missing_ok=True)
    sync(to.parent)


def _copy(database: Path, fresh: Path) -> None:
    told = time.monotonic()

    def tell(status: int, remaining: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= SAYS_SO_EVERY:
            told = time.monotonic()
            log.warning("Copying the database: %d %%.", 100 * (total - remaining) // max(total, 1))

    source, target = sqlite3.connect(database), sqlite3.connect(fresh, isolation_level=None)
    try:
        source.backup(target, pages=PAGES_AT_ONCE, progress=tell)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, which needs no other beside it
        found = target.execute("PRAGMA integrity_check").fetchone()[0]
        if found != "ok":
            raise sqlite3.DatabaseError(f"the copy is not sound ({str(found).splitlines()[0]})")
    finally:
        target.close()
        source.close()


def _words(error: OSError | sqlite3.Error) -> str:
    told = error.strerror if isinstance(error, OSError) else str(error)
    return (told or "unknown reason").rstrip(".").lower()
