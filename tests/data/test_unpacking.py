"""Unpacking: one packed file is read like the file inside; whatever else an archive may hold is refused in a sentence."""

import gzip
import io
import json
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import openpyxl
import pytest

from studio.data import progress
from studio.data.ingest import ingest
from studio.data.progress import Stopped
from studio.data.unpacking import Limits, unpack
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind
from tests.data.conftest import ListReporter, pair

ROWS = "".join(json.dumps(pair(f"question {number}", f"answer {number}")) + "\n" for number in range(20)).encode()
DAMAGED = "The packed file is damaged or was cut off."


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return target.getvalue()


def of_kind(kind: int, name: str = "rows.jsonl") -> zipfile.ZipInfo:
    """A member that claims to be a link, a device, …"""
    member = zipfile.ZipInfo(name)
    member.create_system = 3
    member.external_attr = (kind | 0o777) << 16
    return member


def rewritten(**fields: int | str) -> bytes:
    """An archive whose list of contents says something else than what it holds."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", ROWS)
        for name, value in fields.items():
            setattr(archive.infolist()[0], name, value)
    return target.getvalue()


def overlapping() -> bytes:
    """Two names for the same packed bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a.jsonl", ROWS)
        twin = zipfile.ZipInfo("b.jsonl")
        first = archive.infolist()[0]
        twin.header_offset, twin.CRC, twin.file_size = first.header_offset, first.CRC, first.file_size
        twin.compress_size, twin.compress_type = first.compress_size, first.compress_type
        archive.filelist.append(twin)
    return target.getvalue()


def tarred() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("rows.jsonl")
        member.size = len(ROWS)
        archive.addfile(member, io.BytesIO(ROWS))
    return target.getvalue()


def damaged(content: bytes, *, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def unseekable() -> bytes:
    """An archive written as a stream: the sizes follow the data."""

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


def workbook() -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in [("prompt", "completion"), *[(f"question {number}", f"answer {number}") for number in range(20)]]:
        book.active.append(row)
    book.save(target)
    return target.getvalue()


READ = {
    "gzip": gzip.compress(ROWS),
    "gzip of two members": gzip.compress(ROWS[:100]) + gzip.compress(ROWS[100:]),
    "gzip with zeros behind": gzip.compress(ROWS) + b"\0" * 512,
    "zip": zipped(("rows.jsonl", ROWS)),
    "stored zip": zipped(("rows.jsonl", ROWS), method=zipfile.ZIP_STORED),
    "zip written as a stream": unseekable(),
    "zip from a Mac": zipped(
        ("a/", b""), ("a/rows.jsonl", ROWS), ("__MACOSX/a/._rows.jsonl", b"x"), (".DS_Store", b"x")
    ),
    "zip of a folder 10,000 deep": zipped(("a/" * 10_000 + "rows.jsonl", ROWS)),
    "zip with a name of odd letters": zipped(("\u202elnosj.\x1b[31m<img src=x>‮.jsonl", ROWS)),
    "zip with a file that has the setuid bit": zipped((of_kind(stat.S_IFREG | stat.S_ISUID), ROWS)),
    "zip with a comment that looks like an archive": zipped(("rows.jsonl", ROWS))[:-2] + b"\x04\0PK\x03\x04",
    "zip of a workbook": zipped(("rows.xlsx", workbook())),
    "gzip of a workbook": gzip.compress(workbook()),
    "gzip of UTF-16": gzip.compress(ROWS.decode().encode("utf-16")),
}


@pytest.mark.parametrize("name", READ)
def test_a_packed_file_is_read_like_the_file_inside(bring, name):
    brought = bring(READ[name])

    assert (brought.result["rows"], brought.rejects) == (20, [])
    assert brought.rows[3].question == "question 3"
    assert any("unpacked" in data["text"] for kind, data in brought.events if kind is EventKind.NOTE)
    assert brought.result["bytes"] == len(READ[name])
    assert not (brought.folder / "unpacked").exists()


LEADS_OUT = "A name in the archive leads out of it: "
PASSWORD = "The archive is protected with a password."
REFUSED = {
    "cut off gzip": (gzip.compress(ROWS)[:-9], DAMAGED),
    "gzip with a wrong checksum": (damaged(gzip.compress(ROWS), at=-8), DAMAGED),
    "gzip with a wrong length": (damaged(gzip.compress(ROWS), at=-1), DAMAGED),
    "gzip with something behind": (gzip.compress(ROWS) + b"something", DAMAGED),
    "gzip with broken data": (damaged(gzip.compress(ROWS), at=40), DAMAGED),
    "gzip of nothing": (gzip.compress(b""), "The file is empty."),
    "gzip in gzip": (gzip.compress(gzip.compress(ROWS)), "There is another packed file (gzip) inside this one."),
    "zip in gzip": (gzip.compress(zipped(("a.jsonl", ROWS))), "There is another archive inside this one."),
    "zip in zip": (zipped(("a.zip", zipped(("a.jsonl", ROWS)))), "There is another archive inside this one."),
    "tar in gzip": (tarred(), "This is a tar archive."),
    "cut off zip": (zipped(("a.jsonl", ROWS))[:-30], DAMAGED),
    "zip with a wrong checksum": (rewritten(CRC=1), DAMAGED),
    "zip that says it is smaller": (rewritten(file_size=100), DAMAGED),
    "zip that says it is larger": (rewritten(file_size=10**6), DAMAGED),
    "zip that says it is enormous": (rewritten(file_size=2**62), DAMAGED),
    "zip whose data lies before its beginning": (rewritten(header_offset=2**31), DAMAGED),
    "zip whose data lies beyond all files": (rewritten(header_offset=2**63 + 9), DAMAGED),
    "zip with two names for one file": (rewritten(filename="other.jsonl"), DAMAGED),
    "zip with a password": (rewritten(flag_bits=1), PASSWORD),
    "empty zip": (zipped(), "The archive holds no file."),
    "zip of a folder": (zipped(("a/", b"")), "The archive holds no file."),
    "zip of hidden files": (zipped((".git/config", b"x"), ("__MACOSX/._a", b"x")), "The archive holds no file."),
    "zip of three": (zipped(*[(f"{n}.jsonl", ROWS) for n in "abc"]), "The archive holds 3 files: a.jsonl, b.jsonl, c.jsonl."),
    "zip with overlapping files": (overlapping(), "The archive holds 2 files: a.jsonl, b.jsonl."),
    "zip of names equal once normalised": (zipped(("é.jsonl", ROWS), ("e\u0301.jsonl", ROWS)), "The archive holds 2 files: é.jsonl, e\u0301.jsonl."),
    "zip of names that differ by case": (zipped(("A.jsonl", ROWS), ("a.jsonl", ROWS)), "The archive holds 2 files: A.jsonl, a.jsonl."),
    "zip slip": (zipped(("../../rows.jsonl", ROWS)), LEADS_OUT + "../../rows.jsonl."),
    "zip slip beside the file": (zipped(("rows.jsonl", ROWS), ("__MACOSX/../../x", b"")), LEADS_OUT + "__MACOSX/../../x."),
    "zip slip with backslashes": (zipped(("..\\..\\rows.jsonl", ROWS)), LEADS_OUT + "..\\..\\rows.jsonl."),
    "absolute name": (zipped(("/etc/passwd", ROWS)), LEADS_OUT + "/etc/passwd."),
    "name with a drive": (zipped(("C:\\rows.jsonl", ROWS)), LEADS_OUT + "C:\\rows.jsonl."),
    "name on a server": (zipped(("\\\\server\\rows.jsonl", ROWS)), LEADS_OUT + "\\\\server\\rows.jsonl."),
    "symbolic link": (zipped((of_kind(stat.S_IFLNK), b"/etc/passwd")), "In the archive, rows.jsonl is a link or a device."),
    "device": (zipped((of_kind(stat.S_IFCHR), b"")), "In the archive, rows.jsonl is a link or a device."),
    "pipe": (zipped((of_kind(stat.S_IFIFO), b"")), "In the archive, rows.jsonl is a link or a device."),
    "link beside the file": (zipped((of_kind(stat.S_IFLNK, "a"), b"/"), ("a/rows.jsonl", ROWS)), "In the archive, a is a link or a device."),
    "unusual method (lzma)": (zipped(("a.jsonl", ROWS), method=zipfile.ZIP_LZMA), "The archive is packed in an unusual way."),
    "unusual method (bzip2)": (zipped(("a.jsonl", ROWS), method=zipfile.ZIP_BZIP2), "The archive is packed in an unusual way."),
    "1,001 files": (zipped(*[(f"{n}", b"") for n in range(1001)]), "The archive holds more than 1,000 files."),
    "a list of contents of 5 MB": (
        b"PK\x03\x04" + b"\0" * 5_000_000 + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 5_000_000, 4, 0),
        "The archive holds more than 1,000 files.",
    ),
    "web page that is a zip as well": (b"<html>" + zipped(("a.jsonl", ROWS)), "This is a web page or an XML file."),
    "OpenDocument": (zipped(("mimetype", b"x"), ("content.xml", b"<a/>")), "This is an OpenDocument file."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_an_archive_that_is_no_single_good_file_is_refused_in_one_sentence(bring, name):
    content, message = REFUSED[name]
    brought = bring(content)

    assert (brought.outcome.state, brought.outcome.message) == ("failed", message)
    assert brought.outcome.fix
    assert [path.name for path in brought.folder.iterdir()] == ["source"]


def test_no_more_than_ten_names_of_an_archive_are_listed(bring):
    outcome = bring(zipped(*[(f"{number}.csv", b"x") for number in range(12)])).outcome

    assert outcome.message.startswith("The archive holds 12 files: 0.csv, ") and outcome.message.endswith(
        " and 2 more."
    )


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("zeros", content))], ids=["gzip", "zip"])
def test_a_file_that_unpacks_to_far_more_than_itself_is_stopped_on_the_way(tmp_path: Path, pack):
    source = tmp_path / "source"
    source.write_bytes(pack(b"\0" * 60_000_000))

    with pytest.raises(DatasetError, match="more than 200 times as large"):
        unpack(source, into=tmp_path / "out", at=lambda _: None, tell=lambda _: None)
    assert (tmp_path / "out" / "unpacked").stat().st_size < 54_000_000


def test_there_is_a_most_that_may_come_out_of_a_file(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(gzip.compress(bytes(range(256)) * 10_000))

    with pytest.raises(DatasetError, match=r"more than 0\.00186 GB inside"):
        unpack(source, into=tmp_path, at=lambda _: None, tell=lambda _: None, limits=Limits(most=2_000_000))


def test_a_small_file_may_unpack_to_far_more_than_itself(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(gzip.compress(b"\n" * 20_000_000))

    plain = unpack(source, into=tmp_path / "out", at=lambda _: None, tell=lambda _: None)

    assert plain.stat().st_size == 20_000_000


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: zipped(("rows.jsonl", content))], ids=["gzip", "zip"])
def test_progress_counts_the_bytes_of_the_upload_and_can_be_stopped(tmp_path: Path, pack):
    source, told = tmp_path / "source", []
    source.write_bytes(pack(ROWS * 5000))
    unpack(source, into=tmp_path / "out", at=told.append, tell=lambda _: None)

    assert told == sorted(told) and len(told) > 3 and 0 < told[0] < 0.6 and told[-1] == pytest.approx(1, abs=0.05)

    def stop(_share: float) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        unpack(source, into=tmp_path / "out", at=stop, tell=lambda _: None)


@pytest.mark.parametrize("asked", range(0, 30, 3))
def test_nothing_is_left_when_reading_a_packed_file_is_stopped(tmp_path: Path, asked):
    source, out = tmp_path / "source", tmp_path / "out"
    source.write_bytes(gzip.compress(ROWS.decode().encode("utf-16")))

    outcome = ingest({"source": str(source), "out": str(out)}, ListReporter(stop_after=asked))

    assert outcome.state == "stopped"
    assert not out.exists() or list(out.iterdir()) == []


def test_what_a_killed_reading_left_is_swept_away(tmp_path: Path):
    source, out = tmp_path / "source", tmp_path / "out"
    (out / "unpacked").mkdir(parents=True)
    (out / "unpacked" / "utf8").write_bytes(b"left over")
    source.write_bytes(gzip.compress(ROWS))

    outcome = ingest({"source": str(source), "out": str(out)}, ListReporter())

    assert outcome.result["rows"] == 20
    assert not (out / "unpacked").exists()


def test_progress_of_a_packed_file_never_goes_back_and_ends_at_its_size(bring, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0)
    brought = bring(gzip.compress(ROWS * 50))

    done = [data["done"] for kind, data in brought.events if kind is EventKind.PROGRESS]
    assert done == sorted(done) and done[-1] == brought.result["bytes"] and len(set(done)) > 50
