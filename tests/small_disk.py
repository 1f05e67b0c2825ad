"""A real file system of 1 MB that can be filled up."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def mounted(place: Path, *, size: str = "1m") -> Iterator[Path]:
    """The folder as a file system of its own; the test is skipped in words where that is not permitted."""
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, check=False, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def fill(path: Path, *, leave: int = 0) -> None:
    """Take all the room that is left, but for so many bytes."""
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)) == 4096:
            pass
    if leave:
        os.truncate(path, max(0, path.stat().st_size - leave))
