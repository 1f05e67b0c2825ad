"""Overlay: the folder of a new version: the files of the version before, and the rows that people have changed."""

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from studio.data.atomic import replacing
from studio.data.rows import WORKING, load_rows
from studio.domain.mending import Mending

EDITED = "edited.jsonl"
OF_TEXTS = ("lengths", "meaning")  # what was measured of the texts is no longer true once they change


def follow(parent: Path, folder: Path, changed: Mapping[int, dict[str, Any]] | None) -> int:
    """Make `folder` the version after `parent`, with the `changed` rows as stored (None: every text stays as it is).

    Files are shared with the version before, since none is ever written in place. Returns how many rows differ from the
    file in all.
    """
    edited = {number: orjson.loads(line) for number, line in load_rows(parent).edited.items()}
    return _laid(parent, folder, edited | dict(changed or {}), with_lengths=not changed)


def go_back(earlier: Path, folder: Path) -> int:
    """Make `folder` a version that holds what `earlier` held."""
    edited = {number: orjson.loads(line) for number, line in load_rows(earlier).edited.items()}
    return _laid(earlier, folder, edited, with_lengths=True)


def fingerprint(root: str, folder: Path, mending: Mending) -> str:
    """What names exactly these rows, 16 hex digits: the file's own fingerprint until anything changes."""
    edited = load_rows(folder).edited
    if not edited and not mending.removed:
        return root
    digest = hashlib.sha256(root.encode())
    for number in sorted(edited):
        record = orjson.loads(edited[number])
        content = {name: held for name, held in record.items() if name not in ("line", "repaired")}
        digest.update(orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
    digest.update(orjson.dumps(sorted(mending.removed)))
    return digest.hexdigest()[:16]


def _laid(parent: Path, folder: Path, edited: Mapping[int, dict[str, Any]], *, with_lengths: bool) -> int:
    folder.mkdir(parents=True)
    for name in _shared(parent, with_lengths=with_lengths):
        (folder / name).parent.mkdir(exist_ok=True)
        _share(parent / name, folder / name)
    if edited:
        with replacing(folder / EDITED) as file:
            for number in sorted(edited):
                record = {"number": number, **edited[number]}
                file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
    return len(edited)


def _shared(parent: Path, *, with_lengths: bool) -> Sequence[Path]:
    """What the next version has as well; not what a check that is at work has in its own folder."""
    within = [path for path in parent.iterdir() if path.name != WORKING]
    found = [path for entry in within for path in (entry.rglob("*") if entry.is_dir() else [entry])]
    kept = [path.relative_to(parent) for path in found if path.is_file() and path.suffix != ".part"]
    return [name for name in kept if name.name != EDITED and (with_lengths or name.parts[0] not in OF_TEXTS)]


def _share(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # a disk without hard links
        shutil.copyfile(source, target)
