"""A workspace whose database is in PostgreSQL is kept in one file of one moment, and restored into an empty database."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from studio.domain.errors import SetupError
from studio.domain.job import JobState
from studio.flows import audit, backup, restore, train
from studio.flows.studio import Studio, open_studio
from studio.jobs.lease import check_folder
from studio.store import dumps, jobs, moved, runs
from studio.store.workspace import Workspace
from tests.flows.test_backup import Writer


@pytest.fixture
def studio(tmp_path: Path, migrated: str, new_database: Callable[..., str]) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "first", url=new_database(template=migrated))
    yield opened
    opened.store.close()


def test_what_a_job_writes_meanwhile_is_whole_and_goes_on_in_another_database(
    studio: Studio, tmp_path: Path, new_database: Callable[..., str]
):
    writer, kept = Writer(studio), tmp_path / "kept.zip"
    writer.work()
    manifest = backup.make(studio, kept, tell=writer.work)
    assert manifest.is_of_a_server and writer.step > 3
    shutil.rmtree(studio.workspace.root / "runs")  # nothing is read from where it came from
    there, url = Workspace(tmp_path / "elsewhere"), new_database()
    done = restore.restore(there, kept, url=url)
    assert (done.interrupted, done.waiting, done.aside) == (1, 1, None)
    again = open_studio(there.root, url=url)
    check_folder(again.store)  # it is this folder now that the database speaks of
    run = train.run(again, writer.run.id)
    assert run.job.state is JobState.INTERRUPTED and audit.newest(again)[0].act == "restored a backup"
    assert jobs.spec(again.store, run.job.id)["run"] == str(there.run(run.id))
    assert train.checkpoints(again, run.id) == runs.checkpoints(again.store, run.id) != []
    assert not (there.root / "studio.pgdump").exists()
    again.store.close()
    with pytest.raises(SetupError, match="something in the database"):
        restore.restore(Workspace(tmp_path / "third"), kept, url=url)
    with pytest.raises(SetupError, match="its database in PostgreSQL"):
        restore.restore(Workspace(tmp_path / "third"), kept)


def test_a_backup_of_the_other_kind_is_refused(tmp_path: Path, new_database: Callable[..., str]):
    own = open_studio(tmp_path / "own")
    backup.make(own, tmp_path / "kept.zip")
    own.store.close()
    with pytest.raises(SetupError, match="a database of its own"):
        restore.restore(Workspace(tmp_path / "there"), tmp_path / "kept.zip", url=new_database())


def test_a_restore_cut_short_after_the_database_was_filled_is_completed_by_the_same_again(
    studio: Studio, tmp_path: Path, new_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
):
    Writer(studio).work()
    backup.make(studio, tmp_path / "kept.zip")
    there, url = Workspace(tmp_path / "there"), new_database()
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(moved, "begin_anew", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        restore.restore(there, tmp_path / "kept.zip", url=url)
    with pytest.raises(SetupError, match="was cut short"):
        open_studio(there.root, url=url)
    assert restore.restore(there, tmp_path / "kept.zip", url=url).interrupted == 1
    open_studio(there.root, url=url).store.close()


def test_programs_that_are_missing_or_older_than_the_server_are_named(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dumps, "INSTALLED", tmp_path / "nowhere")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match="There is no pg_dump here") as refused:
        backup.make(studio, tmp_path / "kept.zip")
    assert "postgresql-client-15" in refused.value.fix
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    old.chmod(0o755)
    with pytest.raises(SetupError, match="is of version 9, and the server of 15"):
        backup.make(studio, tmp_path / "kept.zip")
    assert not (tmp_path / "kept.zip").exists()


def test_a_password_is_on_no_command_line():
    url = make_url("postgresql+psycopg://me:secret@host:5433/it's?sslmode=require&password=other")
    assert dumps._address(url) == r"host='host' port='5433' user='me' dbname='it\'s' sslmode='require'"
    assert dumps._environment(url, {}) == {"PGPASSWORD": "secret"}
