"""Operations on files that fail: the first, the second, and so on, until whatever is tried succeeds.

So do writes, which are cut short at one byte after the other: `each_size`.
"""

import os
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.supervised import fork

CHANGING = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "shutil.copyfile"}


@dataclass
class Tap:
    """Counts what is done to files below a folder, and does something else instead of the operation number `at`."""

    folder: Path
    instead: Callable[[], None]
    at: int
    count: int = 0

    def step(self) -> None:
        self.count += 1
        if self.count == self.at:
            self.instead()

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        changes = event in CHANGING or (event == "open" and arguments[1] is not None)
        if changes and any(str(argument).startswith(str(self.folder)) for argument in arguments[:2]):
            self.step()

    def fsync(self, descriptor: int) -> None:
        self.step()
        FSYNC(descriptor)


TAPS: list[Tap] = []
FSYNC = os.fsync


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    for tap in TAPS:
        tap.heard(event, arguments)


HEARING: list[bool] = []  # a hook stays for good, so there is one


def each_operation(folder: Path, act: Callable[[], Any], *, instead: Callable[[], None]) -> Iterator[int]:
    """Act with the first operation replaced, then with the second, until all went through; after each time its number.

    What `instead` raises, or ends, is expected; the last time nothing fails.
    """
    if not HEARING:
        sys.addaudithook(_hear)
        HEARING.append(True)
    for at in range(1, 1000):
        tap = Tap(folder, instead, at)
        os.fsync = tap.fsync
        TAPS.append(tap)
        try:
            act()
        except OSError as error:
            assert error.errno is not None
        finally:
            TAPS.remove(tap)
            os.fsync = FSYNC
        if tap.count < at:
            return
        yield at
    raise AssertionError("it never came to an end")


def in_a_child(act: Callable[[], Any]) -> Callable[[], None]:
    """The act in a forked process, which may be ended at any moment; TAPS count there."""

    def run() -> None:
        child = fork()
        if child == 0:
            try:
                act()
                os._exit(0)
            except OSError:
                os._exit(1)
            finally:
                os._exit(2)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in (0, KILLED), status
        if status == KILLED:
            for tap in TAPS:
                tap.count = tap.at

    return run


def each_size(act: Callable[[], Any], *, by: int) -> Iterator[int]:
    """Act in a process whose files cannot grow beyond so many bytes, more and more of them until it succeeds.

    The system writes as far as it may and refuses the rest, as a full disk does; after each time the number of bytes.
    """
    for size in range(0, 1000 * by, by):
        child = fork()
        if child == 0:
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
                act()
                os._exit(0)
            finally:
                os._exit(1)
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
            return
        yield size
    raise AssertionError("it never succeeded")


KILLED = 77


def die() -> None:
    """As if killed: nothing is tidied up."""
    os._exit(KILLED)
