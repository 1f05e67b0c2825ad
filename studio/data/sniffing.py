"""Sniffing: what kind of file an upload is, from its first bytes."""

import codecs
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from studio.domain.errors import DatasetError

HEAD_BYTES = 1 << 16
BOM = b"\xef\xbb\xbf"
GZIP = b"\x1f\x8b"
ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
PARQUET = b"PAR1"
SAVE_AS = "Save it as JSONL, CSV, Excel (.xlsx) or Parquet."
UNPACK_IT = "Unpack it, and upload the file inside or pack that with gzip or zip."
SIGNATURES = (
    (GZIP, "There is another packed file (gzip) inside this one.", "Unpack it, and upload what is inside."),
    (b"BZh", "This file is compressed (bzip2).", UNPACK_IT),
    (b"\xfd7zXZ", "This file is compressed (xz).", UNPACK_IT),
    (b"\x28\xb5\x2f\xfd", "This file is compressed (zstd).", UNPACK_IT),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7z archive.", UNPACK_IT),
    (b"Rar!\x1a\x07", "This is a RAR archive.", UNPACK_IT),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel file (.xls), or one with a password.", "Save it as open .xlsx."),
    (b"PARE", "This is an encrypted Parquet file.", "Save it without encryption."),
    (b"%PDF", "This is a PDF.", SAVE_AS),
    (b"\x89PNG", "This is a picture.", SAVE_AS),
    (b"\xff\xd8\xff", "This is a picture.", SAVE_AS),
)
TAR_AT, TAR = 257, b"ustar"
MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table")


class Writing(StrEnum):
    """How the rows stand in a file."""

    LINES = "lines"
    LIST = "list"
    SPREAD = "spread"
    TEXT = "text"
    WORKBOOK = "workbook"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Unicode:
    """A way to write text with two or four bytes a letter; `skipped` counts the bytes of its mark at the start."""

    codec: str
    title: str
    skipped: int = 0


MARKS = (
    (b"\xff\xfe\0\0", Unicode("utf-32-le", "UTF-32", 4)),
    (b"\0\0\xfe\xff", Unicode("utf-32-be", "UTF-32", 4)),
    (b"\xff\xfe", Unicode("utf-16-le", "UTF-16", 2)),
    (b"\xfe\xff", Unicode("utf-16-be", "UTF-16", 2)),
)
# Where the zeros are among the first four bytes when two plain letters begin the text (RFC 4627, section 3).
ZEROS: dict[tuple[bool, ...], Unicode] = {
    (False, True, True, True): Unicode("utf-32-le", "UTF-32"),
    (True, True, True, False): Unicode("utf-32-be", "UTF-32"),
    (False, True, False, True): Unicode("utf-16-le", "UTF-16"),
    (True, False, True, False): Unicode("utf-16-be", "UTF-16"),
}


def head_of(path: Path) -> bytes:
    """The first bytes of a file; where these are blank lines alone, those from the first line that is not."""
    with path.open("rb") as file:
        head = start = file.read(HEAD_BYTES)
        while start and not start.removeprefix(BOM).strip():
            start = file.read(HEAD_BYTES)
        return head if start is head or not start else start.lstrip() + file.read(HEAD_BYTES)


def writing_of(path: Path) -> Writing:
    """How the rows of an unpacked file are written; DatasetError for what is never read.

    LINES is JSONL, LIST one JSON array, SPREAD objects over several lines, TEXT any other text: perhaps a table.
    """
    head = head_of(path)
    _refuse_what_is_never_read(head)
    if head.startswith(ZIPS):
        return Writing.WORKBOOK
    if head.startswith(PARQUET):
        return Writing.PARQUET
    _refuse_what_is_not_text(head)
    start = head.removeprefix(BOM).lstrip()
    if not start:
        raise DatasetError("The file has blank lines only.", fix="Upload a file with at least a few examples.")
    first, _, others = start.partition(b"\n")
    if start[:1] == b"[":
        return Writing.LINES if others.lstrip()[:1] == b"[" and _is_json(first) else Writing.LIST
    if start[:1] == b"{":
        return Writing.SPREAD if _is_spread(first, others) else Writing.LINES
    lines = [line for line in start.split(b"\n") if line.strip()]
    objects = sum(line.startswith(b"{") for line in lines)
    return Writing.LINES if 2 * objects > len(lines) else Writing.TEXT


def is_text(head: bytes) -> bool:
    """Whether a file that begins like this is neither packed nor made of records."""
    return not head.startswith((*ZIPS, PARQUET, *(signature for signature, *_ in SIGNATURES)))


def unicode_of(head: bytes) -> Unicode | None:
    """Whether a text is written in UTF-16 or UTF-32, told by its mark or by where its zeros are."""
    for mark, found in MARKS:
        if head.startswith(mark):
            return found
    found = ZEROS.get(tuple(byte == 0 for byte in head[:4]))
    if found is None:
        return None
    text = codecs.getincrementaldecoder(found.codec)("replace").decode(head)
    return found if text.count("\ufffd") * 100 <= len(text) else None


def ends_in_returns(head: bytes, *, codec: str) -> bool:
    """Whether the lines end in carriage returns only, as on old Macs."""
    text = codecs.getincrementaldecoder(codec)("replace").decode(head)
    return "\r" in text and "\n" not in text


def has_bom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == BOM


def _refuse_what_is_never_read(head: bytes) -> None:
    if not head:
        raise DatasetError("The file is empty.", fix="Upload a file with at least a few examples.")
    for signature, message, fix in SIGNATURES:
        if head.startswith(signature):
            raise DatasetError(message, fix=fix)
    if head[TAR_AT:].startswith(TAR):
        raise DatasetError("This is a tar archive.", fix=UNPACK_IT)


def _refuse_what_is_not_text(head: bytes) -> None:
    if head.removeprefix(BOM).lstrip()[:10].lower().startswith(MARKUP):
        raise DatasetError("This is a web page or an XML file.", fix=SAVE_AS)
    odd = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\f\r\x1b")
    if odd * 20 > len(head):
        raise DatasetError("This is not a text file.", fix=SAVE_AS)


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def _is_spread(first: bytes, others: bytes) -> bool:
    """Whether the first object goes on below its first line; a broken row of JSONL is followed by a `{`."""
    opens = first[:1] == b"{" and first.rstrip().endswith((b"{", b"[", b","))
    second = next((line for line in others.split(b"\n") if line.strip()), b"")
    goes_on = second.lstrip()[:1] in (b'"', b"{", b"}", b"]") and not second.startswith(b"{")
    return opens and goes_on and not _is_json(first)
