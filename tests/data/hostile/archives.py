"""Archives: hostile zip, gzip and tar files, cases 64 to 74."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from itertools import repeat
from pathlib import Path

from tests.data.hostile.case import FIRST, LAST, Build, Case, made, never_read, set_right

ROWS = f"{FIRST}\n{LAST}\n".encode()
DAMAGED = "The packed file is damaged or was cut off."
LEADS_OUT = "A name in the archive leads out of it: "
LINK = "In the archive, {} is a link or a device."
TOO_MANY = "The archive holds more than 1,000 files."
FAR_MORE = "What is inside this file is more than 200 times as large as the file itself."
IN_ONE = "There is another archive inside this one."
GIGABYTE = 1 << 30


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def of_kind(kind: int, name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (kind | 0o777) << 16
    return member


def lying(**fields: int | str) -> bytes:
    """An archive whose list of contents says something else than what it holds."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", ROWS)
        for name, value in fields.items():
            setattr(archive.infolist()[0], name, value)
    return target.getvalue()


def zeros() -> bytes:
    """A gigabyte of zeros, deflated: a block that stands alone, time and again."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b"\0" * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (GIGABYTE >> 20) + packer.flush()


def gzip_bomb() -> bytes:
    return gzip.compress(b"")[:10] + zeros() + struct.pack("<2L", 0, GIGABYTE)


def zip_bomb(*, declared: int = GIGABYTE) -> bytes:
    """An archive with a gigabyte of zeros in it, which may say that it is less."""
    packed, name = zeros(), b"rows.jsonl"
    sizes = struct.pack("<3L", 0, len(packed), declared)
    local = b"PK\x03\x04" + struct.pack("<5H", 20, 0, 8, 0, 0) + sizes + struct.pack("<2H", len(name), 0) + name
    listed = b"PK\x01\x02" + struct.pack("<6H", 20, 20, 0, 8, 0, 0) + sizes
    listed += struct.pack("<5H2L", len(name), 0, 0, 0, 0, 0, 0) + name
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(listed), len(local) + len(packed), 0)
    return local + packed + listed + end


def nested_bomb() -> bytes:
    inner = zipped(("rows.jsonl", b"\0" * 10_000_000))
    for depth in range(5):
        inner = zipped(*[(f"{depth}-{number}.zip", inner) for number in range(4)])
    return inner


def overlapping(count: int) -> bytes:
    """Many names for the same packed bytes, as in Fifield's bomb of 2019."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.jsonl", b"\0" * 10_000_000)
        first = archive.infolist()[0]
        for number in range(1, count):
            twin = zipfile.ZipInfo(f"{number}.jsonl")
            twin.header_offset, twin.CRC, twin.file_size = first.header_offset, first.CRC, first.file_size
            twin.compress_size, twin.compress_type = first.compress_size, first.compress_type
            archive.filelist.append(twin)
    return target.getvalue()


def a_million_entries(path: Path) -> None:
    """A list of contents with a million empty files, and their local headers."""
    path.write_bytes(b"")
    with path.open("wb") as file:
        local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
        file.writelines(repeat(local, 1000))
        start = file.tell()
        listed = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
        file.writelines(repeat(listed * 1000, 1000))
        size = file.tell() - start
        end = file.tell()
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, size, start))
        file.write(struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))


def other_name_inside() -> bytes:
    """The local header calls the file by another name than the list of contents."""
    return zipped(("rows.jsonl", ROWS)).replace(b"rows.jsonl", b"evil.jsonl", 1)


def as_stream() -> bytes:
    """An archive written without going back: the sizes follow the data, and the first header says nothing of them."""

    class Stream(io.RawIOBase):
        written = b""

        def writable(self) -> bool:
            return True

        def write(self, content) -> int:
            self.written += bytes(content)
            return len(content)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", ROWS)
    return stream.written


def tarred(*members: tarfile.TarInfo, mode: str = "w") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode=mode) as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"\0" * member.size))
    return target.getvalue()


def tar_member(kind: bytes, name: str = "rows.jsonl", *, mode: int = 0o644) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.linkname = kind, mode, "/etc/passwd"
    return member


def holding_one(number: str, about: str, build: Build) -> Case:
    """An archive whose one file is read, and named."""
    return set_right(number, about, build, [1, 2], "was unpacked")


CASES: tuple[Case, ...] = (
    never_read("E64", "a name above the archive", made(lambda: zipped(("../../rows.jsonl", ROWS))), LEADS_OUT + "../../rows.jsonl."),
    never_read("E64", "with backslashes", made(lambda: zipped(("..\\..\\rows.jsonl", ROWS))), LEADS_OUT + "..\\..\\rows.jsonl."),
    never_read("E64", "from the root", made(lambda: zipped(("/etc/cron.d/x", ROWS))), LEADS_OUT + "/etc/cron.d/x."),
    never_read("E64", "on a drive", made(lambda: zipped(("C:\\rows.jsonl", ROWS))), LEADS_OUT + "C:\\rows.jsonl."),
    never_read("E65", "a symbolic link", made(lambda: zipped((of_kind(stat.S_IFLNK, "rows.jsonl"), b"/etc/passwd"))), LINK.format("rows.jsonl")),
    never_read("E65", "a file behind a link", made(lambda: zipped((of_kind(stat.S_IFLNK, "a"), b"/"), ("a/rows.jsonl", ROWS))), LINK.format("a")),
    never_read("E66", "a gigabyte of zeros (gzip)", made(gzip_bomb), FAR_MORE, megabytes=200),
    never_read("E66", "a gigabyte of zeros (zip)", made(zip_bomb), FAR_MORE, megabytes=200),
    never_read("E66", "bombs in bombs", made(nested_bomb), "The archive holds 4 files"),
    never_read("E66", "an archive in an archive", made(lambda: zipped(("a.zip", zipped(("a.jsonl", ROWS))))), IN_ONE),
    never_read("E67", "900 names for one file", made(lambda: overlapping(900)), "The archive holds 900 files"),
    never_read("E68", "a gigabyte that says it is a kilobyte", made(lambda: zip_bomb(declared=1024)), DAMAGED, megabytes=200),
    never_read("E69", "a million entries", a_million_entries, TOO_MANY, megabytes=200),
    never_read("E69", "1,001 entries", made(lambda: zipped(*[(str(number), b"") for number in range(1001)])), TOO_MANY),
    holding_one("E69", "a folder 10,000 deep", made(lambda: zipped(("a/" * 10_000 + "rows.jsonl", ROWS)))),
    never_read("E70", "one name twice", made(lambda: zipped(("rows.jsonl", ROWS), ("other.jsonl", ROWS)).replace(b"other.jsonl", b"rows.jsonl\0")), "The archive holds 2 files"),
    never_read("E70", "another name inside than in the list", made(other_name_inside), DAMAGED),
    never_read("E71", "a password", made(lambda: lying(flag_bits=1)), "The archive is protected with a password."),
    never_read("E71", "a size of 4 EB", made(lambda: lying(file_size=2**62)), DAMAGED),
    never_read("E71", "a size that is too small", made(lambda: lying(file_size=10)), DAMAGED),
    holding_one("E71", "sizes that follow the data", made(as_stream)),
    never_read("E72", "a device in a tar", made(lambda: tarred(tar_member(tarfile.CHRTYPE))), "This is a tar archive."),
    never_read("E72", "a pipe in a packed tar", made(lambda: tarred(tar_member(tarfile.FIFOTYPE), mode="w:gz")), "This is a tar archive."),
    never_read("E72", "a link and a setuid file in a tar", made(lambda: tarred(tar_member(tarfile.SYMTYPE), tar_member(tarfile.REGTYPE, mode=0o4777))), "This is a tar archive."),
    never_read("E72", "a sparse tar", made(lambda: tarred(tar_member(tarfile.GNUTYPE_SPARSE))), "This is a tar archive."),
    never_read("E72", "a device in a zip", made(lambda: zipped((of_kind(stat.S_IFCHR, "rows.jsonl"), b""))), LINK.format("rows.jsonl")),
    never_read("E73", "a web page that is a zip as well", made(lambda: b"<html>" + zipped(("a.jsonl", ROWS))), "This is a web page or an XML file."),
    never_read("E73", "junk before a zip", made(lambda: b"MZ\0\0" * 64 + zipped(("a.jsonl", ROWS))), "This is not a text file."),
    never_read("E74", "names that are equal once normalised", made(lambda: zipped(("é.jsonl", ROWS), ("e\u0301.jsonl", ROWS))), "The archive holds 2 files: é.jsonl, e\u0301.jsonl."),
    never_read("E74", "names that differ in case", made(lambda: zipped(("A.jsonl", ROWS), ("a.jsonl", ROWS))), "The archive holds 2 files: A.jsonl, a.jsonl."),
)  # fmt: skip
