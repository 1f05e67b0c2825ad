"""A backup made while a job writes is restored elsewhere whole; a damaged or hostile one changes nothing."""

import hashlib
import random
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio.domain.access import Mode, Role
from studio.domain.errors import SetupError
from studio.domain.event import Event, EventKind
from studio.domain.intact import sha256_of
from studio.domain.job import JobState
from studio.domain.run import Run
from studio.engine.checkpoints import ADAPTER
from studio.flows import audit, backup, people, restore, train
from studio.flows.studio import Studio, open_studio
from studio.jobs.presence import serving, sole_supervisor
from studio.store import access_tables, jobs, runs, sign_ins, tables
from studio.store.workspace import Workspace
from tests.failing import die, each_operation, in_a_child
from tests.saved import save_checkpoint
from tests.store.examples import Examples

PASSWORD = "seven quiet lanterns"


class Writer:
    """A training at work: whenever it is let, it saves a checkpoint and tells of it."""

    def __init__(self, studio: Studio):
        self.studio, self.step = studio, 0
        self.run: Run = Examples(studio.store).running_run()
        self.folder = studio.workspace.attempt(self.run.job.id, 1)
        self.folder.mkdir(parents=True)
        with studio.store.write() as connection:
            spec = {"run": str(studio.workspace.run(self.run.id)), "train": [0, 1]}
            of_run = tables.specs.c.job_id == self.run.job.id
            connection.execute(tables.specs.update().where(of_run).values(spec=spec))

    def work(self, *_: object) -> None:
        self.step += 1
        folder = save_checkpoint(self.studio.workspace.run(self.run.id), step=self.step, weights=b"w" * 5000)
        digest = sha256_of(folder / ADAPTER)
        place = folder.relative_to(self.studio.workspace.run(self.run.id)).as_posix()
        data = {"step": self.step, "epoch": 1.0, "validation_loss": 1 / self.step, "path": place, "sha256": digest}
        event = Event(seq=self.step, at=float(self.step), kind=EventKind.CHECKPOINT, data=data | {"bytes": 5000})
        with (self.folder / "events.jsonl").open("a") as file:
            file.write(event.model_dump_json() + "\n")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "first")
    yield opened
    opened.store.close()


@pytest.fixture
def writer(studio: Studio) -> Writer:
    writer = Writer(studio)
    writer.work()
    return writer


@pytest.fixture
def made(studio: Studio, writer: Writer, tmp_path: Path) -> Path:
    backup.make(studio, tmp_path / "kept.zip")
    return tmp_path / "kept.zip"


def test_what_a_job_writes_meanwhile_is_whole_in_the_backup_and_it_goes_on_elsewhere(
    studio: Studio, writer: Writer, tmp_path: Path
):
    kept = tmp_path / "kept.zip"
    manifest = backup.make(studio, kept, tell=writer.work)
    assert writer.step > 3 and kept.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(studio.workspace.root / "runs")  # nothing is read from where it came from
    there = Workspace(tmp_path / "elsewhere")
    done = restore.restore(there, kept)
    assert (done.interrupted, done.waiting, done.aside) == (1, 1, None)  # the file's reading waits still
    for entry in manifest.entries:
        if entry.name != "studio.db":  # which was carried on
            assert hashlib.sha256((there.root / entry.name).read_bytes()).hexdigest() == entry.sha256
    again = open_studio(there.root)
    run = train.run(again, writer.run.id)
    assert run.job.state is JobState.INTERRUPTED and "backup" in run.job.message and "last checkpoint" in run.job.fix
    assert jobs.spec(again.store, run.job.id)["run"] == str(there.run(run.id))
    listed, whole = runs.checkpoints(again.store, run.id), train.checkpoints(again, run.id)
    assert listed and whole == listed
    assert train.resume(again, run.id).job.state is JobState.QUEUED
    again.store.close()


def test_sign_ins_of_that_time_hold_no_more_and_the_log_tells_of_both(studio: Studio, tmp_path: Path):
    ann = people.add(studio, "Ann", Role.OWNER, mode=Mode.PASSWORD, password=PASSWORD)
    with studio.store.write() as connection:
        values = {"id": "in-1", "person_id": ann.id, "secret": "s" * 64, "began_at": ann.created_at}
        values |= {"seen_at": ann.created_at, "address": "", "device": ""}
        connection.execute(access_tables.sign_ins.insert().values(values))
    backup.make(studio, tmp_path / "kept.zip")
    restore.restore(Workspace(tmp_path / "elsewhere"), tmp_path / "kept.zip")
    again = open_studio(tmp_path / "elsewhere")
    assert len(sign_ins.all(studio.store)) == 1 and sign_ins.all(again.store) == []
    assert audit.newest(studio)[0].act == "made a backup" and audit.newest(again)[0].act == "restored a backup"
    assert [person.name for person in people.everybody(again, Mode.PASSWORD)] == ["Ann"]
    again.store.close()


def test_a_workspace_in_use_is_replaced_only_when_that_is_said_and_is_moved_aside_whole(
    studio: Studio, writer: Writer, made: Path, tmp_path: Path
):
    other = open_studio(tmp_path / "other")
    mine = Writer(other)
    mine.work()
    other.store.close()
    with pytest.raises(SetupError, match="something in the workspace") as refused:
        restore.restore(other.workspace, made)
    assert "--replace" in refused.value.fix
    for works in (sole_supervisor, serving):
        with works(other.workspace), pytest.raises(SetupError, match="running"):
            restore.restore(other.workspace, made, replace=True)
    done = restore.restore(other.workspace, made, replace=True)
    assert done.aside is not None
    for root, run in ((other.workspace.root, writer.run), (done.aside, mine.run)):
        found = open_studio(root)
        assert [each.id for each in train.runs(found)] == [run.id] and train.checkpoints(found, run.id) is not None
        assert (found.workspace.run(run.id) / "checkpoints").is_dir()
        found.store.close()


def test_a_bit_that_changed_in_the_file_is_refused_by_name(made: Path, tmp_path: Path):
    whole = made.read_bytes()
    with zipfile.ZipFile(made) as archive:
        members = archive.infolist()
    untouched = restore.archive.verified(made, tell=backup.silent)
    for member in members:
        if member.file_size:
            lengths = whole[member.header_offset + 26 : member.header_offset + 30]
            begins = member.header_offset + 30 + sum(struct.unpack("<HH", lengths))
            refused = flipped(made, whole, begins + member.file_size // 2)
            assert refused is not None
            assert member.filename in refused or member.filename == "manifest.json"
    luck = random.Random(7)
    for place in [luck.randrange(len(whole)) for _ in range(150)]:
        refused = flipped(made, whole, place)
        assert refused is None or "cannot be restored" in refused
        if refused is None:  # a bit that says nothing, of the time of a file for one
            assert restore.archive.verified(made, tell=backup.silent) == untouched
    made.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SetupError, match="cut short"):
        restore.restore(Workspace(tmp_path / "elsewhere"), made)
    assert not (tmp_path / "elsewhere").exists()


def flipped(path: Path, whole: bytes, place: int) -> str | None:
    """What is said of the file with one bit changed there, if anything."""
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
    try:
        restore.archive.verified(path, tell=backup.silent)
    except SetupError as error:
        return error.message
    return None


def renamed(name: str) -> Callable[[zipfile.ZipFile, dict[str, bytes]], None]:
    def write(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
        manifest = files.pop("manifest.json").decode()
        old = next(each for each in files if each.startswith("runs/"))
        for each, data in files.items():
            archive.writestr(name if each == old else each, data)
        archive.writestr("manifest.json", manifest.replace(f'"{old}"', f'"{name}"'))

    return write


def packed(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        archive.writestr(name, data, zipfile.ZIP_DEFLATED)


def linked(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        member = zipfile.ZipInfo(name)
        member.external_attr = (stat.S_IFLNK if name.startswith("runs/") else stat.S_IFREG) << 16
        archive.writestr(member, data)


def with_more(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    for name, data in (files | {"runs/run-x/more": b"not listed"}).items():
        archive.writestr(name, data)


def without_a_list(archive: zipfile.ZipFile, files: dict[str, bytes]) -> None:
    archive.writestr("studio.db", files["studio.db"])


HOSTILE = {
    name: renamed(name)
    for name in ("../out", "/tmp/out", "runs/../../out", "runs//out", "app.py", "runs/.", "backups/studio.db")
} | {"packed": packed, "a link": linked, "more than it lists": with_more, "no list": without_a_list}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_leads_nowhere(made: Path, tmp_path: Path, kind: str):
    with zipfile.ZipFile(made) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    hostile, there = tmp_path / "hostile.zip", tmp_path / "a" / "b" / "workspace"
    with zipfile.ZipFile(hostile, "w") as archive:
        HOSTILE[kind](archive, files)
    with pytest.raises(SetupError, match=r"hostile\.zip cannot be restored"):
        restore.restore(Workspace(there), hostile)
    assert not (tmp_path / "a").exists()


def test_a_backup_says_what_stands_in_its_way(studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    taken = tmp_path / "taken.zip"
    taken.write_bytes(b"mine")
    with pytest.raises(SetupError, match="is there already"):
        backup.make(studio, taken)
    with pytest.raises(SetupError, match="Nothing can be written"):
        backup.make(studio, tmp_path / "nowhere" / "kept.zip")
    monkeypatch.setattr(backup, "disk_free", lambda path: 1000)
    with pytest.raises(SetupError, match="is free there") as refused:
        backup.make(studio, tmp_path / "kept.zip")
    assert "Make room for" in refused.value.fix
    assert taken.read_bytes() == b"mine" and {path.name for path in tmp_path.iterdir()} == {"first", "taken.zip"}


def test_a_restore_killed_at_any_operation_loses_nothing_and_is_completed_by_the_same_again(
    made: Path, writer: Writer, tmp_path: Path
):
    old = open_studio(tmp_path / "old")
    Examples(old.store).dataset(name="Mine")
    old.store.close()
    there = Workspace(tmp_path / "there")

    def anew() -> None:
        shutil.rmtree(there.root, ignore_errors=True)
        shutil.copytree(tmp_path / "old", there.root)

    def act() -> None:
        restore.restore(there, made, replace=True)

    def names() -> set[str]:
        found = open_studio(there.root)
        with found.store.read() as connection:
            listed = {row.name for row in connection.execute(tables.datasets.select())}
        found.store.close()
        return listed

    anew()
    refused = 0
    for _ in each_operation(there.root, in_a_child(act), instead=die):
        try:
            assert names() == {"Mine"}
        except SetupError as error:
            refused += 1
            assert "cut short" in error.message and "same" in error.fix
        except AssertionError:
            assert names() == {"Triage"}  # all of it had happened
        restore.restore(there, made, replace=True)
        assert names() == {"Triage"} and not (there.root / "restoring").exists()
        aside = [path for path in there.root.glob("before-restore-*/studio.db") if b"Mine" in path.read_bytes()]
        assert len(aside) == 1
        anew()
    assert refused > 5
