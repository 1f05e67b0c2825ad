"""Bases: the fingerprint of a base model before a study is frozen, where that keeps nobody waiting."""

from functools import lru_cache
from pathlib import Path

from studio.domain.base import base_files, base_fingerprint
from studio.flows import models
from studio.flows.studio import Studio
from studio.recipes.hub import manifest

READ_AT_ONCE = 256_000_000  # bytes; more would hold up a press by seconds, or minutes from a slow disk


def fingerprint(studio: Studio, model_id: str) -> str:
    """That of the base as it lies here, from hashes that its download was verified by and from small files.

    "" for large weights that nobody hashed: then the worker does, which has to read them anyway.
    """
    folder = models.usable(studio, model_id).path
    return known_fingerprint(folder) if folder else ""


def known_fingerprint(folder: Path) -> str:
    """The same of a folder."""
    noted = [path for path in (folder / manifest.MANIFEST,) if path.is_file()]
    return _fingerprint(folder, tuple((path.name, *_state(path)) for path in (*base_files(folder), *noted)))


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=32)
def _fingerprint(folder: Path, files: tuple[tuple[str, int, int], ...]) -> str:
    """The same for as long as no file has another size or time."""
    proven = _proven(folder)
    unread = sum(size for name, size, _ in files if name not in (*proven, manifest.MANIFEST))
    return "" if unread > READ_AT_ONCE else base_fingerprint(folder, proven)


def _proven(folder: Path) -> dict[str, str]:
    """The files of a download that were verified by a SHA-256 on their arrival."""
    if not (folder / manifest.MANIFEST).is_file() or not manifest.is_whole(folder):
        return {}
    return {file.name: file.sha256 for file in manifest.pinned(folder).files if file.sha256}
