"""Fetching: one file of a repository into a folder, from where it stopped, and not before it is what the hub says."""

import hashlib
import os
from pathlib import Path
from typing import BinaryIO, Protocol

import httpx

from studio.domain.errors import RecipeError
from studio.recipes.hub.client import KEPT, PATIENCE, Hub, Stopped
from studio.recipes.hub.repository import File

CHUNK = 1 << 20
PART = ".part"


class Watcher(Protocol):
    """Who is told how many bytes of a file are there, and says whether somebody wants this to stop."""

    def have(self, file: File, count: int, *, at_once: bool = False) -> None:
        """So many bytes have arrived; `at_once` where it may be a while until more come."""
        ...

    def kept(self, file: File, count: int) -> None:
        """So many bytes were there already, or are left after something was thrown away."""
        ...

    def should_stop(self) -> bool: ...


def fetch(hub: Hub, revision: str, file: File, folder: Path, watcher: Watcher) -> None:
    """The file in `folder`, verified; a damaged one is fetched anew once. RecipeError when it is damaged again."""
    if _is_there(folder / file.name, file):
        watcher.kept(file, file.size)
        return
    part = folder / (file.name + PART)
    for _ in range(2):
        with part.open("a+b") as kept:
            arrival = Arrival(file, kept, watcher)
            arrival.take_up()
            _bring(hub, hub.address(revision, file.name), arrival)
            os.fsync(kept.fileno())
        if arrival.is_right():
            part.replace(folder / file.name)
            return
        part.unlink()
        watcher.kept(file, 0)
    raise RecipeError(
        f"{file.name} arrived damaged twice: it is not what its checksum says. Nothing of it was kept.",
        fix="Try later, or from another network; something on the way changes the file.",
    )


def _is_there(path: Path, file: File) -> bool:
    """A file gets its name only once it was verified and is safe on the disk."""
    return path.is_file() and path.stat().st_size == file.size


class Arrival:
    """A file while it arrives: what is kept of it, how many bytes that are, and their fingerprint so far."""

    def __init__(self, file: File, kept: BinaryIO, watcher: Watcher) -> None:
        self.file, self._kept, self._watcher = file, kept, watcher
        self._begin()

    def take_up(self) -> None:
        """Go on from what an earlier attempt has left, which must be read once for its fingerprint."""
        self._kept.seek(0)
        while chunk := self._kept.read(CHUNK):
            self._note(chunk)
        self._watcher.kept(self.file, self.count)
        if self.count > self.file.size:
            self.start_over()

    def start_over(self) -> None:
        self._kept.truncate(0)
        self._begin()
        self._watcher.kept(self.file, 0)

    def add(self, chunk: bytes) -> None:
        self._note(chunk)
        self._kept.write(chunk)
        self._watcher.have(self.file, self.count)

    def settle(self) -> None:
        """What has arrived is in the file, should this process be killed while it waits."""
        self._kept.flush()
        self._watcher.have(self.file, self.count, at_once=True)

    @property
    def is_whole(self) -> bool:
        return self.count >= self.file.size

    def is_right(self) -> bool:
        return self.count == self.file.size and self._found.hexdigest() == (self.file.sha256 or self.file.git)

    def _begin(self) -> None:
        self.count = 0
        as_git_has_it = hashlib.sha1(b"blob %d\x00" % self.file.size, usedforsecurity=False)
        self._found = hashlib.sha256() if self.file.sha256 else as_git_has_it

    def _note(self, chunk: bytes) -> None:
        if self._watcher.should_stop():
            raise Stopped
        self._found.update(chunk)
        self.count += len(chunk)


def _bring(hub: Hub, address: str, arrival: Arrival) -> None:
    """Ask until the file is whole; a connection that is cut is taken up where it was."""
    tries = 0
    while not arrival.is_whole:
        before = arrival.count
        try:
            _further(hub, address, arrival)
        except httpx.HTTPError as error:
            if tries >= PATIENCE:
                raise hub.unreachable(error) from None  # an address may be signed, which no log should hold
        arrival.settle()
        tries = 0 if arrival.count > before else tries + 1
        if tries > PATIENCE:
            raise RecipeError(f"{arrival.file.name} does not arrive in full.", fix=f"Try later. {KEPT}")
        if tries:
            hub.pause(2.0 ** (tries - 1), "The connection was cut; it is tried again")


def _further(hub: Hub, address: str, arrival: Arrival) -> None:
    """What one answer brings; a hub that begins anew instead of going on is taken at its word."""
    headers = {"Range": f"bytes={arrival.count}-"} if arrival.count else {}
    with hub.asked(address, headers=headers) as answer:
        if arrival.count and answer.status_code != httpx.codes.PARTIAL_CONTENT:
            arrival.start_over()
        for chunk in answer.iter_bytes():
            arrival.add(chunk)
            if arrival.count > arrival.file.size:
                return
