"""An upgrade keeps a copy first, and one that is killed at any statement leaves the old data or the new, never a mixture."""

import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

from studio.domain.errors import SetupError
from studio.store import backups, database
from studio.store.database import open_store
from studio.store.workspace import Workspace
from tests.supervised import fork

KILLED = 77
MODELS = "INSERT INTO models (id, title, path, added_at) VALUES (?, ?, ?, '2026-11-20 10:00:00.000000')"
Found = tuple[str, frozenset[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The database of a workspace that was last used before there were contests, larger than what SQLite remembers."""
    workspace = Workspace(tmp_path_factory.mktemp("old"))
    engine = create_engine(f"sqlite:///{workspace.database}")
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0008")
        for number in range(20):
            connection.exec_driver_sql(MODELS, (f"model-{number}", f"Model {number}", f"/models/{number}"))
    engine.dispose()
    return workspace.database.read_bytes()


def workspace_of(old: bytes, root: Path) -> Workspace:
    workspace = Workspace(root)
    workspace.prepare()
    workspace.database.write_bytes(old)
    return workspace


def revision_and_tables(path: Path) -> Found:
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM models").fetchone() == (20,)
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        found = revision, frozenset(connection.execute("SELECT name, sql FROM sqlite_master"))
    connection.close()
    return found


def test_before_an_upgrade_the_database_is_copied_for_its_owner_alone(old: bytes, tmp_path: Path):
    workspace = workspace_of(old, tmp_path)
    before = revision_and_tables(workspace.database)
    open_store(workspace).close()
    assert revision_and_tables(workspace.database)[0] == database.HEAD
    (kept,) = workspace.backups.iterdir()
    assert kept.name.startswith("studio-20") and kept.name.endswith("Z-0008.db")
    assert kept.stat().st_mode & 0o777 == 0o600 and workspace.backups.stat().st_mode & 0o777 == 0o700
    assert revision_and_tables(kept) == before


def test_a_new_workspace_and_a_current_one_are_not_copied(tmp_path: Path):
    for _ in range(2):
        open_store(Workspace(tmp_path)).close()
    assert not Workspace(tmp_path).backups.exists()


def test_the_newest_copies_are_kept_and_a_half_made_one_is_cleared_away(old: bytes, tmp_path: Path):
    workspace = workspace_of(old, tmp_path)
    workspace.backups.mkdir()
    (workspace.backups / "studio-20200101T000000Z-0001.db.part").write_bytes(b"half")
    began = datetime(2026, 11, 1, tzinfo=UTC)
    made = [
        backups.before_upgrade(workspace.database, workspace.backups, revision="0008", now=began + timedelta(days=day))
        for day in range(backups.KEPT + 2)
    ]
    assert sorted(workspace.backups.iterdir()) == made[2:]


def test_without_room_for_the_copy_nothing_is_changed(old: bytes, tmp_path: Path):
    workspace = workspace_of(old, tmp_path)
    workspace.backups.write_text("a file in the place of the folder")
    with pytest.raises(SetupError, match="nothing was changed") as refused:
        open_store(workspace)
    assert "MB" in refused.value.fix
    assert revision_and_tables(workspace.database)[0] == "0008"


def test_a_damaged_database_is_not_taken_for_a_copy(old: bytes, tmp_path: Path):
    workspace = workspace_of(old[:8192] + bytes(4096) + old[12288:], tmp_path)
    with pytest.raises(SetupError, match="nothing was changed"):
        open_store(workspace)
    assert list(workspace.backups.iterdir()) == []


def test_an_upgrade_killed_at_any_statement_leaves_the_old_or_the_new_and_the_next_start_completes(
    old: bytes, tmp_path: Path
):
    before = revision_and_tables(workspace_of(old, tmp_path / "before").database)
    finished = workspace_of(old, tmp_path / "after")
    open_store(finished).close()
    after = revision_and_tables(finished.database)
    assert before != after
    at, killed = 0, True
    while killed:
        at += 1
        workspace = workspace_of(old, tmp_path / "killed")
        killed = upgrade_in_a_child(workspace, dies_at=at)
        found = revision_and_tables(workspace.database)
        assert found == (before if killed else after), f"killed at statement {at}"
        if killed and at % 25 == 1:
            open_store(workspace).close()
            assert revision_and_tables(workspace.database) == after
    assert at > 30


def upgrade_in_a_child(workspace: Workspace, *, dies_at: int) -> bool:
    """Open the workspace in a process that is gone at its statement number `dies_at`; whether it came to that."""
    child = fork()
    if child == 0:
        seen = 0

        def count(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            nonlocal seen
            seen += 1
            if seen == 1:
                cursor.execute("PRAGMA cache_size = 1")  # what is changed goes to the disk at once, not at the end
            if seen == dies_at:
                os._exit(KILLED)

        try:
            made = database._engine

            def listened(place: Any) -> Any:
                engine = made(place)
                event.listen(engine, "before_cursor_execute", count)
                return engine

            database._engine = listened
            open_store(workspace)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, KILLED)
    return status == KILLED
