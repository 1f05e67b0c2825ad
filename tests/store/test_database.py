"""Opening makes, migrates or refuses; a transaction happens whole, and threads and processes do not hurt each other."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

from studio.domain.errors import SetupError
from studio.domain.job import JobKind
from studio.store import database, jobs, tables
from studio.store.columns import metadata
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace
from tests.locked import taken
from tests.small_disk import fill, mounted
from tests.supervised import fork

MODEL = {"id": "model-1", "title": "Mine", "path": "/models/mine", "added_at": datetime(2026, 1, 2, tzinfo=UTC)}


@pytest.fixture(autouse=True)
def migrated_afresh(migrate: Callable[[Store], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Here every new database is made by the migrations themselves."""
    monkeypatch.setattr(database, "_migrate", migrate)


def test_the_migrations_make_exactly_the_tables_that_the_code_asks(tmp_path: Path, url: str | None):
    store = open_store(Workspace(tmp_path), url=url)
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    store.close()


def test_the_code_expects_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == database.HEAD


def test_what_was_written_is_there_after_opening_again(tmp_path: Path, url: str | None):
    first = open_store(Workspace(tmp_path), url=url)
    job = jobs.submit(first, kind=JobKind.MEASURE, subject_id="data-1", spec={})
    first.close()
    again = open_store(Workspace(tmp_path), url=url)
    assert jobs.get(again, job.id) == job
    again.close()


def test_a_current_workspace_opens_without_alembic(tmp_path: Path):
    open_store(Workspace(tmp_path)).close()
    code = f"""
import sys
from pathlib import Path
from studio.store.database import open_store
from studio.store.workspace import Workspace
open_store(Workspace(Path({str(tmp_path)!r}))).close()
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_processes_that_open_a_new_workspace_at_once_all_get_it(tmp_path: Path, url: str | None):
    code = f"""
import os
from pathlib import Path
import alembic.command
from studio.store.database import open_store
from studio.store.workspace import Workspace
for _ in range(4):
    if os.fork() == 0:
        open_store(Workspace(Path({str(tmp_path)!r})), url={url!r}).close()
        os._exit(0)
print([os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(4)])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[0, 0, 0, 0]\n", done.stderr


def test_a_workspace_of_a_newer_studio_is_refused_in_one_sentence(tmp_path: Path, url: str | None):
    store = open_store(Workspace(tmp_path), url=url)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    store.close()
    with pytest.raises(SetupError, match="newer version of the studio") as refused:
        open_store(Workspace(tmp_path), url=url)
    assert refused.value.fix.startswith("Update the studio")


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path, url: str | None, monkeypatch: pytest.MonkeyPatch):
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    (broken / "env.py").write_text((database.MIGRATIONS / "env.py").read_text())
    first = next((database.MIGRATIONS / "versions").glob("0001*.py")).read_text()
    (broken / "versions" / "0001.py").write_text(first + "    raise RuntimeError('power cut')\n")
    workspace = Workspace(tmp_path / "workspace")
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", broken)
        with pytest.raises(RuntimeError, match="power cut"):
            open_store(workspace, url=url)
    open_store(workspace, url=url).close()


def test_a_file_that_is_no_database_is_refused_in_one_sentence(tmp_path: Path):
    (tmp_path / "studio.db").write_text("Dear diary, " * 100)
    with pytest.raises(SetupError, match=r"cannot be opened: file is not a database\."):
        open_store(Workspace(tmp_path))


def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path):
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install '.[postgres]'")
    with pytest.raises(SetupError, match="cannot be opened") as refused:
        open_store(Workspace(tmp_path), url="postgresql+psycopg://me:secret@127.0.0.1:1/studio")
    assert "secret" not in refused.value.sentence and "127.0.0.1" in refused.value.sentence


@pytest.mark.parametrize("url", ["my database", "oracle9://here/db", "mysql+nodriver://here/db"])
def test_an_address_that_cannot_be_used_says_how_to_write_one(tmp_path: Path, url: str):
    with pytest.raises(SetupError) as refused:
        open_store(Workspace(tmp_path), url=url)
    assert "postgresql+psycopg://" in refused.value.fix


def test_a_write_that_fails_half_way_leaves_nothing(store: Store):
    with pytest.raises(RuntimeError):
        with store.write() as connection:
            connection.execute(tables.models.insert().values(MODEL))
            raise RuntimeError("the power went")
    assert _titles(store) == []


def test_a_reader_sees_one_moment_while_others_write(store: Store):
    def write() -> None:
        with store.write() as connection:
            connection.execute(tables.models.insert().values(MODEL))

    writer = threading.Thread(target=write)
    with store.read() as connection:
        assert connection.execute(select(tables.models)).all() == []
        writer.start()
        writer.join(0.3)
        assert connection.execute(select(tables.models)).all() == []
    writer.join()
    assert _titles(store) == ["Mine"]


def test_writers_wait_for_each_other_instead_of_failing(store: Store):
    with store.write() as connection:
        connection.execute(tables.models.insert().values(MODEL | {"title": "0"}))

    def count() -> None:
        for _ in range(10):
            with store.write() as connection:
                found = select(tables.models.c.title).with_for_update()
                number = int(connection.execute(found).scalar_one())
                connection.execute(tables.models.update().values(title=str(number + 1)))

    counters = [threading.Thread(target=count) for _ in range(8)]
    for counter in counters:
        counter.start()
    for counter in counters:
        counter.join()
    assert _titles(store) == ["80"]


def test_more_threads_than_kept_connections_are_all_served(store: Store):
    together = threading.Barrier(30)
    seen: list[int] = []

    def read() -> None:
        with store.read() as connection:
            together.wait(30)
            seen.append(len(connection.execute(select(tables.models)).all()))

    readers = [threading.Thread(target=read) for _ in range(30)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert seen == [0] * 30


def test_a_forked_process_makes_connections_of_its_own(store: Store):
    with store.read() as connection:
        inherited = connection.connection.dbapi_connection
    child = fork()
    if child == 0:
        store.engine.dialect.do_ping = lambda asked: asked is not inherited or os._exit(2)
        try:
            with store.write() as connection:
                assert connection.connection.dbapi_connection is not inherited
                connection.execute(tables.models.insert().values(MODEL))
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    with store.read() as connection:
        assert connection.connection.dbapi_connection is inherited
    assert _titles(store) == ["Mine"]


def test_a_locked_database_is_a_sentence_after_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    impatient = tuple(pragma.replace("10000", "50") for pragma in database.PRAGMAS)
    monkeypatch.setattr(database, "PRAGMAS", impatient)
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    store = open_store(Workspace(tmp_path))
    with taken(store):
        for way in (store.write, store.read):
            with pytest.raises(SetupError, match="database is locked"), way() as connection:
                connection.execute(select(tables.models))
    with store.write():
        with pytest.raises(SetupError, match="database is locked"):
            with store.write():
                pass
    store.close()


def test_a_damaged_database_is_told_in_words_and_the_guide_is_named(tmp_path: Path, root: Path):
    store = open_store(Workspace(tmp_path))
    with store.write() as connection:
        many = [MODEL | {"id": f"model-{number}", "path": f"/{number}" + "x" * 500} for number in range(200)]
        connection.execute(tables.models.insert(), many)
    size = store.workspace.database.stat().st_size
    with store.workspace.database.open("r+b") as file:
        file.seek(size - 20 * 4096)
        file.write(b"\xff" * 15 * 4096)
    store.close()
    store = open_store(Workspace(tmp_path))
    with pytest.raises(SetupError, match=r"^The database is damaged: database disk image is malformed\.$") as told:
        _titles(store)
    assert "“The database is damaged” in docs/operate.md" in told.value.fix
    assert "\n## The database is damaged\n" in (root / "docs" / "operate.md").read_text()
    store.close()


def test_sqlite_keeps_what_it_said_it_kept(tmp_path: Path):
    store = open_store(Workspace(tmp_path))
    with store.read() as connection:
        kept = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "busy_timeout", "journal_mode", "synchronous", "mmap_size", "trusted_schema")
        }
    journal = "wal" if database.WAL_IS_SAFE else "truncate"
    assert kept == {
        "foreign_keys": 1,
        "busy_timeout": 10000,
        "journal_mode": journal,
        "synchronous": 2,
        "mmap_size": 0,
        "trusted_schema": 0,
    }
    store.close()


def test_times_come_back_in_utc_wherever_they_were_taken(store: Store):
    taken = datetime(2026, 11, 23, 5, 30, 1, 234567, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    with store.write() as connection:
        connection.execute(tables.models.insert().values(MODEL | {"added_at": taken}))
    with store.read() as connection:
        found = connection.execute(select(tables.models.c.added_at)).scalar_one()
    assert found == taken and found.tzinfo is UTC


def test_letters_that_no_database_can_hold_are_marked_in_names(store: Store):
    with store.write() as connection:
        connection.execute(tables.models.insert().values(MODEL | {"title": "a\x00b\ud800c"}))
    assert _titles(store) == ["a�b?c"]


def _titles(store: Store) -> list[str]:
    with store.read() as connection:
        return list(connection.execute(select(tables.models.c.title)).scalars())


def test_a_full_disk_is_told_in_words_takes_nothing_that_was_there_and_is_over_when_there_is_room(tmp_path: Path):
    with mounted(tmp_path / "disk", size="4m") as disk:
        store = open_store(Workspace(disk / "workspace"))
        with store.write() as connection:
            connection.execute(tables.models.insert().values(MODEL))
        fill(disk / "filler")
        for _ in range(2):
            with pytest.raises(SetupError, match="does not answer") as full:
                with store.write() as connection:
                    connection.execute(tables.models.insert().values(MODEL | {"id": "model-2", "path": "x" * 500_000}))
            assert "its disk has room" in full.value.fix
        assert _titles(store) == ["Mine"]
        (disk / "filler").unlink()
        with store.write() as connection:
            connection.execute(tables.models.insert().values(MODEL | {"id": "model-2", "path": "x" * 500_000}))
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        assert _titles(store) == ["Mine", "Mine"]
        store.close()
