"""Unpacking: the one file inside a gzip or zip file, written beside it within limits."""

import gzip
import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from studio.data.entry import Tell
from studio.data.naming import shown_name
from studio.data.sniffing import GZIP, SAVE_AS, ZIPS
from studio.domain.errors import DatasetError

CHUNK = 1 << 20
MOST_AT_ONCE = 4 * 2**20
NAMES_LISTED = 10
OFFICE = "[Content_Types].xml"

At = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may come out of a file: `most` bytes, and at most `times` its size once that is more than `free`."""

    most: int = 4 * 2**30
    times: int = 200
    free: int = 50 * 2**20
    members: int = 1000

    def check(self, written: int, *, packed: int) -> None:
        """DatasetError once more came out of a file of `packed` bytes than any honest file holds."""
        if written > self.most:
            raise DatasetError(
                f"There are more than {self.most / 2**30:.3g} GB inside this file.", fix="Upload it in parts."
            )
        if written > self.free and written > self.times * packed:
            raise DatasetError(
                f"What is inside this file is more than {self.times} times as large as the file itself.",
                fix="If it is meant to be so, upload it unpacked.",
            )


LIMITS = Limits()


class Sparing(io.FileIO):
    """A file for reading that gives at most 4 MB at a time: a zip's list of contents is read in one go."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_AT_ONCE:
            raise _too_many(LIMITS.members)
        return super().read(-1 if size is None else size) or b""


def unpack(source: Path, *, into: Path, at: At, tell: Tell, limits: Limits = LIMITS) -> Path:
    """The file inside `source`, written into the folder `into`; or `source` itself when it is not packed.

    `at` is told the share of the work that is done, 0 to 1, and may raise to stop it. DatasetError for an archive that
    holds more than one file, leads out of its folder, is damaged, encrypted, or unpacks beyond the limits.
    """
    with source.open("rb") as file:
        head = file.read(4)
    if head.startswith(GZIP):
        return _gunzip(source, into, at, tell, limits)
    if head.startswith(ZIPS):
        return _unzip(source, into, at, tell, limits)
    return source


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip file for reading; whatever turns out to be wrong with it becomes one sentence."""
    with Sparing(path) as file, _told_if_damaged(), zipfile.ZipFile(file) as archive:
        yield archive


def checked(archive: zipfile.ZipFile, *, limits: Limits = LIMITS) -> list[zipfile.ZipInfo]:
    """What an archive lists, once none of it is encrypted, a link, or named to lead out of the archive."""
    members = archive.infolist()
    if len(members) > limits.members:
        raise _too_many(limits.members)
    for member in members:
        _check(member)
    return members


def _check(member: zipfile.ZipInfo) -> None:
    name = shown_name(member.orig_filename)
    parts = member.orig_filename.replace("\\", "/").split("/")
    if ".." in parts or parts[0] == "" or re.match("[A-Za-z]:", parts[0]):
        raise DatasetError(f"A name in the archive leads out of it: {name}.", fix="Pack the file again by itself.")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise DatasetError(f"In the archive, {name} is a link or a device.", fix="Pack the file itself.")
    if member.flag_bits & 0x1:
        raise DatasetError("The archive is protected with a password.", fix="Pack it again without one.")
    # The standard library's other methods put no bound on what one step may bring out.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DatasetError("The archive is packed in an unusual way.", fix="Pack it again as a plain zip file.")
    if member.header_offset < 0:
        raise zipfile.BadZipFile(name)


@contextmanager
def _told_if_damaged() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError, OverflowError, ValueError) as error:
        raise _damaged() from error
    except NotImplementedError as error:
        raise DatasetError(
            "The archive is packed in an unusual way.", fix="Pack it again as a plain zip file."
        ) from error


def _gunzip(source: Path, into: Path, at: At, tell: Tell, limits: Limits) -> Path:
    size = source.stat().st_size
    with source.open("rb") as file, _told_if_damaged(), gzip.GzipFile(fileobj=file) as packed:
        path = _copy(packed, into, lambda _: at(file.tell() / size), limits, size=size)
    tell("The file was unpacked (gzip).")
    return path


def _unzip(source: Path, into: Path, at: At, tell: Tell, limits: Limits) -> Path:
    size = source.stat().st_size
    with opened(source) as archive:
        names = archive.namelist()
        if OFFICE in names:
            return source
        if "mimetype" in names and "content.xml" in names:
            raise DatasetError("This is an OpenDocument file.", fix=SAVE_AS)
        member = _only_file(checked(archive, limits=limits))
        declared = member.file_size
        with archive.open(member) as packed:
            path = _copy(packed, into, lambda written: at(written / max(declared, 1)), limits, size=size)
        if path.stat().st_size != declared:
            raise _damaged()
    tell(f"The archive was unpacked; its one file is {shown_name(member.filename)}.")
    return path


def _only_file(members: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    files = [member for member in members if not (member.is_dir() or _is_beside(member.filename))]
    if not files:
        raise DatasetError("The archive holds no file.", fix="Upload the file that holds your examples.")
    if len(files) > 1:
        names = ", ".join(shown_name(member.filename) for member in files[:NAMES_LISTED])
        more = f" and {len(files) - NAMES_LISTED:,} more" if len(files) > NAMES_LISTED else ""
        raise DatasetError(
            f"The archive holds {len(files):,} files: {names}{more}.", fix="Upload the one that holds your examples."
        )
    return files[0]


def _is_beside(name: str) -> bool:
    """Whether a file is there for the computer that packed the archive, not for people."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or any(part.startswith(".") and part != "." for part in parts)


def _copy(
    packed: IO[bytes] | gzip.GzipFile, into: Path, at: Callable[[int], None], limits: Limits, *, size: int
) -> Path:
    into.mkdir(parents=True, exist_ok=True)
    target, written = into / "unpacked", 0
    with target.open("wb") as file:
        while chunk := packed.read(CHUNK):
            written += file.write(chunk)
            limits.check(written, packed=size)
            at(written)
    return target


def _too_many(members: int) -> DatasetError:
    return DatasetError(
        f"The archive holds more than {members:,} files.", fix="Upload the one that holds your examples."
    )


def _damaged() -> DatasetError:
    return DatasetError("The packed file is damaged or was cut off.", fix="Pack it again, or upload the file as it is.")
