"""Manifest: what lies in a downloaded folder or is to arrive there: the commit, and each file with what proves it."""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from studio.recipes.hub.repository import File, Repository

MANIFEST = "download.json"


def write_manifest(folder: Path, found: Repository, *, hub_id: str, endpoint: str) -> None:
    """Pin the folder to a commit; the file is there whole or not at all."""
    asked_at = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"hub_id": hub_id, "endpoint": endpoint, "asked_at": asked_at, **asdict(found)}
    fresh = folder / (MANIFEST + ".fresh")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(told, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / MANIFEST)


def pinned(folder: Path) -> Repository:
    """The commit and the files that a folder is pinned to."""
    told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    small, weights = (tuple(File(**each) for each in told[name]) for name in ("small", "weights"))
    return Repository(told["revision"], small, weights, told["licence"])


def is_whole(folder: Path) -> bool:
    """Whether every file that a folder is pinned to is there: a file has its name only once it was verified."""
    return (folder / MANIFEST).is_file() and all(
        (folder / file.name).is_file() and (folder / file.name).stat().st_size == file.size
        for file in pinned(folder).files
    )
