"""Archive: a backup as one zip file: files of a workspace and, last of all, a manifest of what each of them must be."""

import hashlib
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from studio.domain.errors import SetupError

MANIFEST = "manifest.json"
DATABASE = "studio.db"
DUMP = "studio.pgdump"  # in its place, of a database in PostgreSQL
FOLDERS = ("jobs", "datasets", "models", "runs", "studies", "chats", "exports")
LARGEST_MANIFEST = 500_000_000
CHUNK = 1024 * 1024
ONLY_OWNER = 0o600
# What zipfile raises where bytes of an archive are not those that were written.
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, KeyError, ValueError, NotImplementedError, OSError)

Tell = Callable[[str, int, int], None]  # what is being done, so many bytes of so many


class Entry(BaseModel):
    """A file by its place in the workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    bytes: int = Field(ge=0)
    sha256: str


class Manifest(BaseModel):
    """`root` is where the workspace lay; `left_out` were removed by what went on while the backup was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(1, ge=1, le=1)
    made_at: str
    studio: str
    revision: str
    root: str
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...] = ()

    @property
    def is_of_a_server(self) -> bool:
        """Whether its database was in PostgreSQL."""
        return any(entry.name == DUMP for entry in self.entries)

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.entries)


@contextmanager
def writing_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A new archive for its owner alone, which is there whole at the end of the block or not at all."""
    fresh = path.with_name(path.name + ".part")
    descriptor = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, ONLY_OWNER)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def add(archive: zipfile.ZipFile, name: str, path: Path, *, tell: Callable[[int], None]) -> Entry:
    """Put a file as it is now into the archive, without what is added to it meanwhile.

    FileNotFoundError where it is gone.
    """
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(_member(name), "w", force_zip64=True) as target:
        whole = os.fstat(source.fileno()).st_size
        while chunk := source.read(min(CHUNK, whole - size)):
            digest.update(chunk)
            target.write(chunk)
            size += len(chunk)
            tell(len(chunk))
    return Entry(name=name, bytes=size, sha256=digest.hexdigest())


def seal(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Write the manifest, without which an archive is none."""
    archive.writestr(_member(MANIFEST), manifest.model_dump_json())


def verified(path: Path, *, tell: Tell) -> Manifest:
    """The manifest of an archive in which every file is as it was written; SetupError names the first that is not."""
    with _reading(path) as archive:
        manifest = _manifest(path, archive)
        done = 0
        for entry in manifest.entries:
            done += _checked(path, archive, entry, lambda chunk: None)
            tell("Verifying", done, manifest.bytes)
    return manifest


def unpack(path: Path, manifest: Manifest, to: Path, *, tell: Tell) -> None:
    """Write the files of a verified archive into the empty folder `to`, and look at each again meanwhile."""
    with _reading(path) as archive:
        done = 0
        for entry in manifest.entries:
            place = to.joinpath(*_parts(path, entry.name))
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, ONLY_OWNER)
            with os.fdopen(descriptor, "wb") as file:
                done += _checked(path, archive, entry, file.write)
                file.flush()
                os.fsync(file.fileno())
            tell("Restoring", done, manifest.bytes)


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFREG | ONLY_OWNER) << 16
    return member


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """An archive open for reading; whatever its bytes make zipfile say becomes one sentence."""
    try:
        file = path.open("rb")
    except ValueError as error:  # a NUL in its name
        raise SetupError("No file can have this name.", fix="Name a backup.") from error
    except OSError as error:
        raise SetupError(
            f"{path} cannot be read: {(error.strerror or 'unknown reason').lower()}.", fix="Name a backup."
        ) from error
    with file:
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGE as error:
            raise _unfit(path, "it was cut short, or is another kind of file") from error
        with archive:
            yield archive


def _manifest(path: Path, archive: zipfile.ZipFile) -> Manifest:
    """The manifest, if it and the archive name the same files, and no file has a name that leads elsewhere."""
    members = {member.filename: member for member in archive.infolist()}
    if len(members) != len(archive.infolist()) or MANIFEST not in members:
        raise _unfit(path, "its list of files is not there, or names one twice")
    if members[MANIFEST].file_size > LARGEST_MANIFEST:
        raise _unfit(path, "its list of files is too long")
    for member in members.values():
        is_link = stat.S_ISLNK(member.external_attr >> 16)
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1 or is_link:
            raise _unfit(path, f"{member.filename!r} is not stored as a backup stores files")
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except (*DAMAGE, ValidationError, RuntimeError) as error:
        raise _unfit(path, "its list of files is damaged, or was made by a newer version of the studio") from error
    for entry in manifest.entries:
        _parts(path, entry.name)
    sizes = {name: member.file_size for name, member in members.items() if name != MANIFEST}
    if sizes != {entry.name: entry.bytes for entry in manifest.entries} or len(sizes.keys() & {DATABASE, DUMP}) != 1:
        raise _unfit(path, "the files in it are not those that it lists")
    return manifest


def _parts(path: Path, name: str) -> list[str]:
    """The folders and the name of a file within a workspace."""
    parts = name.split("/")
    is_plain = all(part not in ("", ".", "..") and part.isprintable() and "\\" not in part for part in parts)
    if name not in (DATABASE, DUMP) and not (is_plain and len(parts) > 1 and parts[0] in FOLDERS):
        raise _unfit(path, f"{name!r} is no place in a workspace")
    return parts


def _checked(path: Path, archive: zipfile.ZipFile, entry: Entry, keep: Callable[[bytes], object]) -> int:
    """Read one file to its end; how long it is."""
    digest, size = hashlib.sha256(), 0
    for chunk in _chunks(path, archive, entry):
        digest.update(chunk)
        size += len(chunk)
        keep(chunk)
    if size != entry.bytes or digest.hexdigest() != entry.sha256:
        raise _unfit(path, f"{entry.name} is damaged in it")
    return size


def _chunks(path: Path, archive: zipfile.ZipFile, entry: Entry) -> Iterator[bytes]:
    try:
        with archive.open(entry.name) as source:
            while chunk := source.read(CHUNK):
                yield chunk
    except (*DAMAGE, RuntimeError) as error:
        raise _unfit(path, f"{entry.name} is damaged in it") from error


def _unfit(path: Path, why: str) -> SetupError:
    return SetupError(f"{path.name} cannot be restored: {why}.", fix="Use another backup; nothing was changed here.")
