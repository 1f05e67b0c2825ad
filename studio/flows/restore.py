"""Restore: a workspace from a backup; what was there before is moved aside, and nothing is deleted."""

import hashlib
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from studio.domain.errors import SetupError
from studio.domain.job import JobState
from studio.flows.audit import COMMAND_LINE
from studio.flows.backup import SPARE, silent
from studio.jobs.attempt import lay_down
from studio.jobs.presence import sole_supervisor
from studio.recipes.machine import disk_free
from studio.recipes.words import amount
from studio.store import archive, jobs, moved
from studio.store.archive import FOLDERS, Manifest, Tell
from studio.store.database import open_store
from studio.store.workspace import PRIVATE, Workspace

ASIDE = "before-restore-"
# What belongs to processes, whichever database they find.
STAYS = (
    "supervisor.lock", "supervisor.json", "supervisor.log", "supervisor.log.1", "supervisor.beat", "logs",
    "migration.lock", "restoring", "restoring.part",
)  # fmt: skip
MOVED, WHERE, WHICH = ".old-is-aside", ".aside", ".which-backup"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: `interrupted` jobs can be resumed, `aside` is where an earlier workspace lies now."""

    manifest: Manifest
    interrupted: int
    waiting: int
    aside: Path | None


def restore(workspace: Workspace, path: Path, *, replace: bool = False, tell: Tell = silent) -> Restored:
    """Verify the backup and make the workspace of it; SetupError, and nothing is changed, where that cannot be.

    Into a workspace with anything in it only to `replace` it, and only while no studio works on it. Cut short at any
    moment, the workspace is the old one, or is not opened until the same is asked again.
    """
    manifest = archive.verified(path, tell=tell)
    workspace.prepare()
    with sole_supervisor(workspace) as is_mine:
        if not is_mine:
            raise SetupError(f"The studio is running on {workspace.root}.", fix="Stop it, then restore.")
        which = hashlib.sha256(manifest.model_dump_json().encode()).hexdigest()
        if workspace.restoring.exists():
            is_same = (workspace.restoring / WHICH).read_text() == which
            aside = _into_place(workspace)
            if is_same:
                return _counted(workspace, manifest, aside)
        if not replace and not _is_empty(workspace):
            raise SetupError(
                f"There is something in the workspace {workspace.root} already.",
                fix="Say --replace to move it aside, or name another folder with STUDIO_WORKSPACES.",
            )
        _check_room(workspace, manifest)
        _lay_out(workspace, path, manifest, which, tell=tell)
        return _counted(workspace, manifest, _into_place(workspace))


def _lay_out(workspace: Workspace, path: Path, manifest: Manifest, which: str, *, tell: Tell) -> None:
    """Make a whole workspace of the backup beside what is there."""
    fresh = workspace.root / "restoring.part"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(mode=PRIVATE)
        archive.unpack(path, manifest, fresh, tell=tell)
        store = open_store(Workspace(fresh))
        try:
            for job in jobs.live(store):
                if job.state is JobState.RUNNING:
                    lay_down(store, job)
            new = str(workspace.root.resolve())
            moved.begin_anew(store, made_at=manifest.made_at, old=manifest.root, new=new, who=COMMAND_LINE)
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


def _counted(workspace: Workspace, manifest: Manifest, aside: Path | None) -> Restored:
    database = workspace.database
    interrupted, waiting = (moved.jobs_in(database, state) for state in (JobState.INTERRUPTED, JobState.QUEUED))
    return Restored(manifest, interrupted, waiting, aside)
