"""The guides of docs/operate.md lead where they say: each is followed, command by command, and its end is looked at."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from studio.domain.access import Mode
from studio.flows import people, signing
from studio.flows.studio import open_studio
from studio.store.database import HEAD
from studio.store.workspace import Workspace
from tests.guided import Machine, commands, sections
from tests.store.examples import Examples
from tests.supervised import end_supervisor

FURTHER = "9999"
MIGRATION = f'''"""One more."""
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "{FURTHER}", "{HEAD}", None, None

def upgrade():
    op.create_table("one_more", sa.Column("id", sa.Integer, primary_key=True))
'''
PASSWORD, NEXT = "seven quiet lanterns", "eight loud violins"
SECRET = "canary of a provider"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One on which the studio was installed by the guide, with a person and a run in it."""
    made = Machine(tmp_path_factory.mktemp("machine"))
    made.unpack("NEW")
    try:
        assert '"ok"' in made.follow("Install", part=0, STUDIO_OIDC_SECRET=SECRET)
        made.follow("Install", part=2, PASSWORD=PASSWORD)
        yield made
    finally:
        made.stop()
        end_supervisor(Workspace(made.workspace))


def revision(machine: Machine) -> str:
    with closing(sqlite3.connect(machine.workspace / "studio.db")) as database:
        return database.execute("SELECT version_num FROM alembic_version").fetchone()[0]


def people_of(folder: Path) -> list[str]:
    studio = open_studio(folder)
    try:
        return [person.name for person in people.everybody(studio, Mode.PASSWORD)]
    finally:
        studio.store.close()


def add_run(machine: Machine, size: int = 1000) -> str:
    """A run that has ended, with a file of this size."""
    studio = open_studio(machine.workspace)
    examples = Examples(studio.store)
    run = examples.run(split=examples.split(examples.dataset().id))
    with studio.store.write() as connection:
        connection.exec_driver_sql("UPDATE jobs SET state = 'done'")
    folder = studio.workspace.run(run.id)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "checkpoint.bin").write_bytes(bytes(size))
    studio.store.close()
    return run.id


def test_installed_the_studio_is_ready_and_its_first_owner_is_there(machine: Machine):
    assert people_of(machine.workspace) == ["ann"]
    noted = (Path(machine.names["UNITS"]) / "noted").read_text()
    assert "useradd --system" in noted and "make -C" in noted and noted.count("\n") == 2
    log = (Path(machine.names["UNITS"]) / "running" / "assay-studio.log").read_text()
    assert "Its first owner comes in, once and within a day, at https://studio.example.org/welcome/" in log


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root may read what a process was started with")
def test_what_carries_out_the_jobs_is_started_without_what_lets_people_in(machine: Machine):
    def environ(unit: str) -> bytes:
        return Path(f"/proc/{(Path(machine.names['UNITS']) / 'running' / unit).read_text()}/environ").read_bytes()

    assert SECRET.encode() in environ("assay-studio") and SECRET.encode() not in environ("assay-studio-jobs")


def test_the_doctor_finds_nothing_wrong_but_that_there_is_no_backup_yet(machine: Machine):
    said = machine.follow("Install", part=1)
    ours = said.partition("Kind of disk")[2]
    assert [line[3:].strip().split("  ")[0] for line in ours.splitlines() if line.startswith("--")] == ["Backup"], said


def test_upgraded_and_taken_back_the_workspace_is_as_it_was_before(machine: Machine):
    old, new = Path(machine.names["OLD"]), Path(machine.names["NEW"])
    shutil.copytree(new, old, symlinks=True)
    Path(machine.names["STUDIO"]).unlink()
    Path(machine.names["STUDIO"]).symlink_to(old)
    store = new / "studio" / "store"
    (store / "migrations" / "versions" / "9999_one_more.py").write_text(MIGRATION)
    (store / "database.py").write_text((store / "database.py").read_text().replace(f'"{HEAD}"', f'"{FURTHER}"', 1))
    assert '"ok"' in machine.follow("Upgrade")
    assert revision(machine) == FURTHER and (Path(machine.names["BACKUPS"]) / "before-upgrade.zip").exists()
    assert '"ok"' in machine.follow("Back to the old version")
    assert revision(machine) == HEAD
    assert (machine.workspace / "newer" / "studio.db").exists()
    assert people_of(machine.workspace) == ["ann"]


def backed_up(machine: Machine) -> None:
    """What the timer does every night."""
    assert list(Path(machine.names["UNITS"]).glob("*.timer"))
    done = subprocess.run(
        [f"{machine.names['STUDIO']}/.venv/bin/python", "-m", "studio", "backup", f"{machine.names['BACKUPS']}/night.zip"],
        cwd=machine.names["STUDIO"], env={"STUDIO_WORKSPACES": str(machine.workspace), "PATH": "/usr/bin:/bin"}, check=False,
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_after_the_loss_of_the_disk_the_last_backup_is_there(machine: Machine):
    run_id = add_run(machine)
    Path(machine.names["BACKUPS"], "before-upgrade.zip").unlink(missing_ok=True)
    backed_up(machine)
    subprocess.run([str(machine.folder / "bin" / "systemctl"), "stop", "assay-studio", "assay-studio-jobs"],
                   env={"PATH": "/usr/bin:/bin"} | machine.names, check=True)  # fmt: skip
    shutil.rmtree(machine.workspace)
    assert "ann" in machine.follow("The disk was lost")
    assert (machine.workspace / "runs" / run_id / "checkpoint.bin").stat().st_size == 1000
    assert machine.workspace.stat().st_mode & 0o777 == 0o700


def test_a_damaged_database_is_put_aside_and_the_last_backup_takes_its_place(machine: Machine):
    path = machine.workspace / "studio.db"
    with path.open("r+b") as file:
        file.seek(0)
        file.write(b"\0" * 8192)
    assert '"ok"' in machine.follow("The database is damaged")
    assert people_of(machine.workspace) == ["ann"]
    assert list(machine.workspace.glob("before-restore-*/damaged/studio.db"))


def test_the_last_owner_gets_in_again(machine: Machine):
    said = machine.follow("The last owner lost the password")
    address = re.findall(r"^http\S+/welcome/\S+$", said, re.M)[-1]
    answer = httpx.post(address, data={"password": NEXT, "again": NEXT})
    assert answer.status_code == 303, answer.text
    studio = open_studio(machine.workspace)
    assert signing.sign_in(studio, "ann", NEXT, address="127.0.0.1")[0].name == "ann"
    studio.store.close()
    log = httpx.get(f"{machine.names['ADDRESS']}/readyz").json()
    assert log == {"status": "ok"}


def test_a_full_disk_has_room_again(machine: Machine):
    run_id = add_run(machine, size=3_000_000)
    spared = [machine.workspace / "logs" / "web.jsonl.1", machine.workspace / "before-restore-x" / "file"]
    for path in spared:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(1000))
    said = machine.follow("The disk is full", RUN=run_id)
    assert said.count("Filesystem") == 2
    assert not any(path.exists() for path in spared) and not (machine.workspace / "runs" / run_id).exists()


def test_on_another_host_everything_is_there_again(machine: Machine):
    machine.follow("To another host", part=0)
    machine.names["STUDIO_WORKSPACES"] = str(machine.folder / "elsewhere")  # the new host, with an empty workspace
    assert '"ok"' in machine.follow("To another host", part=1)
    assert people_of(machine.workspace) == ["ann"]


def test_every_guide_is_followed_here(root: Path):
    followed = set(re.findall(r'follow\("([^"]+)"', Path(__file__).read_text()))
    assert followed == {title for title in sections() if commands(title)}
