"""Backup: the whole workspace as one file, while everything goes on."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from studio import __version__
from studio.domain.errors import SetupError
from studio.flows import audit
from studio.flows.studio import Studio
from studio.recipes.machine import disk_free
from studio.recipes.words import amount
from studio.store import archive, moved
from studio.store.archive import Manifest, Tell
from studio.store.moved import Kept
from studio.store.workspace import Workspace

SPARE = 50_000_000


def silent(what: str, done: int, of: int) -> None:
    """Progress that nobody reads."""


def make(studio: Studio, to: Path, *, models: bool = True, tell: Tell = silent) -> Manifest:
    """Write the database and the files that it names into the new file `to`, and read all of it back.

    Without `models`, those that were downloaded are left out; they can be downloaded again. SetupError where `to` is
    there already, there is no room, or the database is in PostgreSQL and its own programs are not here.
    """
    to = _free_place(to)
    try:
        with TemporaryDirectory(dir=to.parent, prefix=f".{to.name}.") as aside:
            _write(studio, to, Path(aside), models=models, tell=tell)
    except OSError as error:
        raise SetupError(
            f"The backup cannot be written: {(error.strerror or 'unknown reason').lower()}.",
            fix="Mend that, or name another place.",
        ) from error
    made = archive.verified(to, tell=tell)
    audit.note(studio, "made a backup", str(to))
    return made


def _write(studio: Studio, to: Path, aside: Path, *, models: bool, tell: Tell) -> None:
    workspace = studio.workspace
    made_at = datetime.now(UTC)
    kept = moved.keep(studio.store, aside)
    sizes = [_size(path) for path in (kept.file, *_files(workspace, kept, models=models))]
    progress = _Progress(sum(sizes), tell)
    if (free := disk_free(to)) < progress.of + SPARE:
        raise SetupError(
            f"The backup takes {amount(progress.of)}, and {amount(free)} is free there.",
            fix=f"Make room for {amount(progress.of + SPARE - free)} more, or name a place on another disk.",
        )
    with archive.writing_archive(to) as made:
        entries, left_out = [archive.add(made, kept.name, kept.file, tell=progress.more)], []
        for path in _files(workspace, kept, models=models):  # looked for as it goes on: more may have come
            name = path.relative_to(workspace.root).as_posix()
            try:
                entries.append(archive.add(made, name, path, tell=progress.more))
            except FileNotFoundError:  # what goes on meanwhile keeps only its best checkpoints
                left_out.append(name)
        root = str(workspace.root.resolve())
        manifest = Manifest(
            format=1, made_at=made_at.isoformat(timespec="seconds"), studio=__version__, revision=kept.revision,
            root=root, entries=tuple(entries), left_out=tuple(left_out),
        )  # fmt: skip
        archive.seal(made, manifest)


def _files(workspace: Workspace, kept: Kept, *, models: bool) -> Iterator[Path]:
    """The files of what a copy of the database names, and of talks, which no database names."""
    folders = [folder for kind, found in kept.folders.items() if kind != "models" or models for folder in found]
    chats = workspace.chat_inbox.parent
    folders += [path for path in chats.glob("*") if path != workspace.chat_inbox]
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and not path.name.endswith(".part"):
                yield path


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _free_place(to: Path) -> Path:
    place = to.expanduser().absolute()
    if place.exists():
        raise SetupError(f"{place} is there already.", fix="Name a new file.")
    if not place.parent.is_dir() or not os.access(place.parent, os.W_OK | os.X_OK):
        raise SetupError(f"Nothing can be written to {place.parent}.", fix="Name a file in a folder of yours.")
    return place


@dataclass(slots=True)
class _Progress:
    of: int
    tell: Tell
    done: int = field(default=0, init=False)

    def more(self, size: int) -> None:
        self.done += size
        self.tell("Backing up", self.done, max(self.of, self.done))
