"""Sniffing: what kind of file an upload is, from its first bytes."""

from enum import StrEnum
from pathlib import Path

import orjson

from studio.domain.errors import DatasetError

HEAD_BYTES = 1 << 16
BOM = b"\xef\xbb\xbf"
SAVE_AS_JSONL = "Save it as JSONL: one JSON object per line, in UTF-8."
SIGNATURES = (
    (b"\x1f\x8b", "This file is compressed (gzip).", "Unpack it and upload the JSONL inside."),
    (b"PK\x03\x04", "This is a zip archive or an Excel workbook.", SAVE_AS_JSONL),
    (b"BZh", "This file is compressed (bzip2).", "Unpack it and upload the JSONL inside."),
    (b"\xfd7zXZ", "This file is compressed (xz).", "Unpack it and upload the JSONL inside."),
    (b"\x28\xb5\x2f\xfd", "This file is compressed (zstd).", "Unpack it and upload the JSONL inside."),
    (b"PAR1", "This is a Parquet file.", SAVE_AS_JSONL),
    (b"%PDF", "This is a PDF.", SAVE_AS_JSONL),
)
SAVE_AS_UTF8 = "Save it as UTF-8 and upload it again."


class Writing(StrEnum):
    """How the rows stand in a file."""

    LINES = "lines"
    LIST = "list"
    SPREAD = "spread"


def writing_of(path: Path) -> Writing:
    """LINES is JSONL, LIST one JSON array, SPREAD objects over several lines; DatasetError for all else."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    _refuse_what_is_not_text(head)
    start = head.removeprefix(BOM).lstrip()
    if not start:
        raise DatasetError("The file has blank lines only.", fix="Upload a file with at least a few examples.")
    first, _, others = start.partition(b"\n")
    if first.count(b"\r") > 1 and not others:
        raise DatasetError(
            "The lines end in carriage returns only (old Mac style).", fix="Save it with Unix line ends."
        )
    if start[:1] == b"[":
        return Writing.LINES if others.lstrip()[:1] == b"[" and _is_json(first) else Writing.LIST
    return Writing.SPREAD if _is_spread(first, others) else Writing.LINES


def has_bom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == BOM


def _refuse_what_is_not_text(head: bytes) -> None:
    if not head:
        raise DatasetError("The file is empty.", fix="Upload a file with one JSON object per line.")
    for signature, message, fix in SIGNATURES:
        if head.startswith(signature):
            raise DatasetError(message, fix=fix)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:4] == b"\0\0\xfe\xff":
        raise DatasetError("The file is written in UTF-16 or UTF-32.", fix=SAVE_AS_UTF8)
    zeros = head.count(0)
    if zeros * 4 > len(head) and max(head[0::2].count(0), head[1::2].count(0)) > 0.8 * zeros:
        raise DatasetError("The file is written in UTF-16, without saying so.", fix=SAVE_AS_UTF8)
    odd = sum(head.count(byte) for byte in range(32) if byte not in b"\t\n\f\r\x1b")
    if odd * 20 > len(head):
        raise DatasetError("This is not a text file.", fix=SAVE_AS_JSONL)


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
