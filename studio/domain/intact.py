"""Intact: what is still as it was written: a whole file by its SHA-256, and the lines of one that a crash tore."""

import hashlib
import os
from pathlib import Path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have a file, or what a folder lists, on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def whole_lines(content: bytes) -> bytes:
    """What is whole of a file of lines: one that a crash tore, or that is still being written, is left out."""
    return content[: content.rfind(b"\n") + 1]


def cut_to_whole_lines(path: Path) -> bytes:
    """The same of a file that is there or not, whose torn end is cut off, so that it can be gone on with."""
    if not path.exists():
        return b""
    content = path.read_bytes()
    whole = whole_lines(content)
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole
