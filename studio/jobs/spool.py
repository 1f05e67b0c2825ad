"""Spool: the folder through which supervisor and worker speak; each file in it has one writer.

spec.json      supervisor   what to do                     events.jsonl   worker   what happens, line by line
control.json   supervisor   {"stop": true}                 outcome.json   worker   how it ended, its last act
"""

import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from pydantic import ValidationError

from studio.domain.event import Event, Outcome

BATCH_BYTES = 256 * 1024
LONGEST_EVENT = 16 * 2**20
LONGEST_LOG = 64_000_000
KEPT_OF_LOG = 1_000_000  # bytes of its beginning, and of its end

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order, and the byte of events.jsonl from which to read on."""

    events: tuple[Event, ...]
    offset: int


def write_spec(folder: Path, spec: dict[str, Any]) -> None:
    """Make the attempt's folder and say what is to be done; an attempt is begun once."""
    folder.mkdir(parents=True)
    _replace(folder / "spec.json", spec)


def ask_to_stop(folder: Path) -> None:
    _replace(folder / "control.json", {"stop": True})


def read_events(folder: Path, *, offset: int) -> Batch:
    """The next complete lines from `offset`, about BATCH_BYTES of them; a line still being written waits."""
    try:
        with (folder / "events.jsonl").open("rb") as file:
            file.seek(offset)
            lines = list(_lines(file))
    except FileNotFoundError:
        lines = []
    events = [event for line in lines if (event := _event(line, folder)) is not None]
    return Batch(tuple(events), offset + sum(map(len, lines)))


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Complete lines; what is longer than any event comes in parts, none of which is one."""
    size = 0
    while size < BATCH_BYTES and (line := file.readline(LONGEST_EVENT)):
        if not line.endswith(b"\n") and len(line) < LONGEST_EVENT:
            return
        size += len(line)
        yield line


def trim_log(folder: Path) -> None:
    """Leave the beginning and the end of a log that has become too long; its worker goes on at the new end."""
    path = folder / "log.txt"
    if not path.exists() or (size := path.stat().st_size) <= LONGEST_LOG:
        return
    with path.open("r+b") as file:
        file.seek(size - KEPT_OF_LOG)
        end = file.read()
        file.truncate(KEPT_OF_LOG)
    with path.open("ab") as file:
        file.write(b"\n[What was written between here and the end was too much to keep.]\n" + end)


def read_outcome(folder: Path) -> Outcome | None:
    """How the attempt ended in the words of its worker; None when it could not say."""
    try:
        with (folder / "outcome.json").open("rb") as file:
            return Outcome.model_validate(orjson.loads(file.read(LONGEST_EVENT)))
    except FileNotFoundError:
        return None
    except (orjson.JSONDecodeError, ValidationError):
        log.exception("%s: outcome.json cannot be read", folder)
        return None


def _event(line: bytes, folder: Path) -> Event | None:
    """A line that is no event is what a full disk leaves behind: it is named in the log and passed over.

    Read as strictly as databases do: no number that is none, and no half of a character.
    """
    try:
        return Event.model_validate(orjson.loads(line))
    except (orjson.JSONDecodeError, ValidationError):
        log.warning("%s: a damaged line in events.jsonl was passed over: %r", folder, line[:200])
        return None


def _replace(path: Path, content: dict[str, Any]) -> None:
    """Write a file so that it is there whole or not at all."""
    fresh = path.with_suffix(".part")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
