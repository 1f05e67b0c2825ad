"""Zipping: several files as one zip file, made while it is sent, so that it takes no place on the disk."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

CHUNK = 1024 * 1024


def zipped(files: Sequence[Path], *, within: str) -> Iterator[bytes]:
    """The bytes of a zip file with these files in a folder of this name, as they are: weights do not get smaller."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in files:
            entry = zipfile.ZipInfo.from_file(path, f"{within}/{path.name}")
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield sink.taken()
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What is written and not yet sent on; a zip file that cannot go back says sizes after each file."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        taken, self._held = bytes(self._held), bytearray()
        return taken
