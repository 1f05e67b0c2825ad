"""Restore: a workspace from a backup; what was there before is moved aside, and nothing is deleted."""

import hashlib
import shutil
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from studio.domain.errors import SetupError
from studio.domain.job import JobState
from studio.flows.audit import COMMAND_LINE
from studio.flows.backup import SPARE, silent
from studio.jobs.attempt import lay_down
from studio.jobs.lease import folder_id
from studio.jobs.presence import sole_supervisor, unserved
from studio.recipes.machine import disk_free
from studio.recipes.words import amount
from studio.store import archive, dumps, jobs, moved
from studio.store.archive import FOLDERS, Manifest, Tell
from studio.store.database import open_store, unmigrated
from studio.store.workspace import PRIVATE, Workspace

ASIDE = "before-restore-"
# What belongs to processes, whichever database they find.
STAYS = (
    "supervisor.lock", "supervisor.json", "supervisor.log", "supervisor.log.1", "supervisor.beat", "logs", "folder.id",
    "pages.lock", "migration.lock", "restoring", "restoring.part", "restoring.database",
)  # fmt: skip
MOVED, WHERE, WHICH = ".old-is-aside", ".aside", ".which-backup"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: `interrupted` jobs can be resumed, `aside` is where an earlier workspace lies now."""

    manifest: Manifest
    interrupted: int
    waiting: int
    aside: Path | None


def restore(
    workspace: Workspace, path: Path, *, replace: bool = False, url: str | None = None, tell: Tell = silent
) -> Restored:
    """Verify the backup and make the workspace of it; SetupError, and nothing is changed, where that cannot be.

    Into a workspace with anything in it only to `replace` it, and only while no studio works on it. Cut short at any
    moment, the workspace is the old one, or is not opened until the same is asked again. `url` is the empty database of
    a server that a backup of one is restored into.
    """
    manifest = archive.verified(path, tell=tell)
    _check_kind(manifest, url)
    workspace.prepare()
    with sole_supervisor(workspace) as is_mine, unserved(workspace) as is_unserved:
        if not (is_mine and is_unserved):
            raise SetupError(f"The studio is running on {workspace.root}.", fix="Stop it, then restore.")
        which = hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()
        if workspace.restoring.exists():
            is_same = (workspace.restoring / WHICH).read_text() == which
            aside = _into_place(workspace)
            if is_same:
                return _counted(workspace, manifest, url, aside)
        if not replace and not _is_empty(workspace):
            raise SetupError(
                f"There is something in the workspace {workspace.root} already.",
                fix="Say --replace to move it aside, or name another folder with STUDIO_WORKSPACES.",
            )
        _check_room(workspace, manifest)
        _lay_out(workspace, path, manifest, which, url, tell=tell)
        return _counted(workspace, manifest, url, _into_place(workspace))


def _check_kind(manifest: Manifest, url: str | None) -> None:
    """SetupError where the database of the backup and the one that it is to become are of two kinds."""
    if manifest.is_of_a_server and url is None:
        raise SetupError(
            "This backup is of a workspace with its database in PostgreSQL.",
            fix="Make an empty database there and name it in STUDIO_DATABASE, then restore again.",
        )
    if url is not None and not manifest.is_of_a_server:
        raise SetupError(
            "This backup is of a workspace with a database of its own, and STUDIO_DATABASE names another.",
            fix="Unset STUDIO_DATABASE, then restore again.",
        )


def _lay_out(workspace: Workspace, path: Path, manifest: Manifest, which: str, url: str | None, *, tell: Tell) -> None:
    """Make a whole workspace of the backup beside what is there."""
    fresh = workspace.root / "restoring.part"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=PRIVATE)
        archive.unpack(path, manifest, fresh, tell=tell)
        if url is not None:
            _fill(workspace, fresh / archive.DUMP, which, url)
        store = open_store(Workspace(fresh), url=url)
        try:
            for job in jobs.live(store):
                if job.state is JobState.RUNNING:
                    lay_down(store, job)
            new = str(workspace.root.resolve())
            folder = folder_id(workspace)
            moved.begin_anew(
                store, made_at=manifest.made_at, old=manifest.root, new=new, folder=folder, who=COMMAND_LINE
            )
        finally:
            store.close()
        (fresh / WHICH).write_text(which)
        fresh.rename(workspace.restoring)
    except OSError as error:
        raise SetupError(
            f"The backup cannot be unpacked: {(error.strerror or 'unknown reason').lower()}.",
            fix="Mend that, then restore again; nothing was changed.",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fill(workspace: Workspace, dumped: Path, which: str, url: str) -> None:
    """Make the database of the server, which has to be empty, or to hold what this same restore has begun before."""
    mark = workspace.restoring_database
    began = mark.exists() and mark.read_text() == which
    with closing(unmigrated(workspace, url=url)) as store:
        with store.read() as connection:
            if not began and not dumps.is_empty(connection):
                raise SetupError(
                    "There is something in the database that STUDIO_DATABASE names.",
                    fix="Make an empty one (createdb) and name it, then restore again; nothing was changed.",
                )
        mark.write_text(which)
        dumps.fill(store, dumped, again=began)
    dumped.unlink()


def _into_place(workspace: Workspace) -> Path | None:
    """Move the old workspace aside, then the new one in; begun again after it was cut short, it goes on."""
    new = workspace.restoring
    aside = _place_aside(workspace)
    if not (new / MOVED).exists():
        aside.mkdir(mode=PRIVATE, exist_ok=True)
        for entry in list(workspace.root.iterdir()):
            if entry.name not in STAYS and not entry.name.startswith(ASIDE):
                entry.rename(aside / entry.name)
        (new / MOVED).touch()
    for entry in list(new.iterdir()):
        if entry.name not in STAYS and not entry.name.startswith("."):
            entry.rename(workspace.root / entry.name)
    workspace.restoring_database.unlink(missing_ok=True)
    emptied = new.rename(workspace.root / "restoring.part")  # at once: half of it would look like one to go on with
    shutil.rmtree(emptied)
    return _without_empty(aside)


def _place_aside(workspace: Workspace) -> Path:
    """A folder for the old workspace that nothing else has; the same one as before it was cut short."""
    kept = workspace.restoring / WHERE
    if not kept.exists() or not kept.read_text():
        name = f"{ASIDE}{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        while (workspace.root / name).exists():
            name += "-more"
        kept.write_text(name)
    return workspace.root / kept.read_text()


def _without_empty(aside: Path) -> Path | None:
    """Remove folders that hold nothing; what is left of them."""
    for folder in sorted((path for path in aside.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    if any(aside.iterdir()):
        return aside
    aside.rmdir()
    return None


def _is_empty(workspace: Workspace) -> bool:
    """Whether nobody has done anything here yet."""
    if any(path.is_file() for folder in FOLDERS for path in (workspace.root / folder).rglob("*")):
        return False
    return moved.is_unused(workspace.database)


def _check_room(workspace: Workspace, manifest: Manifest) -> None:
    needed, free = manifest.bytes + SPARE, disk_free(workspace.root)
    if free < needed:
        raise SetupError(
            f"The backup takes {amount(manifest.bytes)} unpacked, and {amount(free)} is free.",
            fix=f"Make room for {amount(needed - free)} more, or name another folder with STUDIO_WORKSPACES.",
        )


def _counted(workspace: Workspace, manifest: Manifest, url: str | None, aside: Path | None) -> Restored:
    with closing(unmigrated(workspace, url=url)) as store:
        interrupted, waiting = (moved.jobs_in(store, state) for state in (JobState.INTERRUPTED, JobState.QUEUED))
    return Restored(manifest, interrupted, waiting, aside)
