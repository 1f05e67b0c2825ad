"""Beside: the checks of single rows in a process of their own, while the rows are still being read and compared.

Checking rows one by one and looking for rows that are alike take about as long; on two processors they take half.

python -m studio.data.beside FOLDER DONE      rows on standard input as they are written; FOLDER gets what was found
"""

import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import orjson

import studio
from studio.data.checks.checking import Checks
from studio.data.confining import Confines, confined
from studio.data.findings import load_findings, save_findings
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind
from studio.domain.finding import Finding
from studio.domain.row import Row, row_from

FEWEST_ROWS = 2000  # for fewer the process is not worth its start
LOOK_EVERY = 0.05  # seconds
MEMORY_SHARE = 4  # it keeps numbers alone, so a part of what the reading may take is enough
LAST_SHARE = 0.99  # of the time of comparing: only the checks of single rows are still at work
ENDED = "ended.json"
AGAIN = "Bring the file in again; if that does not help, in two halves, to find the row that it cannot get past."


class Beside:
    """The process that checks the rows of a file that is being written; `folder` is its own, and is gone afterwards."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._done: BinaryIO | None = None

    def __enter__(self) -> "Beside":
        return self

    def __exit__(self, *_: object) -> None:
        if self._done:
            self._done.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_at_work(self) -> bool:
        return self._process is not None

    def follow(self, rows: Path) -> None:
        """Begin to check the rows of a file, and go on as more are written; nothing where there is one processor."""
        if _processors() == 1:
            return
        reading, writing = os.pipe()
        self._done = os.fdopen(writing, "wb", buffering=0)
        self._folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-P", "-m", "studio.data.beside", str(self._folder), str(reading)]
        home = {"PYTHONPATH": str(Path(studio.__path__[0]).parent)}
        with rows.open("rb") as file:
            self._process = subprocess.Popen(command, stdin=file, pass_fds=[reading], env=os.environ | home)
        os.close(reading)

    def findings(self, *, rows: int, at: Callable[[], None]) -> Sequence[Finding]:
        """What was found in all the rows, once they have all been checked; `at` is called until then."""
        assert self._process and self._done
        with suppress(BrokenPipeError):  # it has ended already, and says below why
            self._done.write(b"%d\n" % rows)
        while (status := self._process.poll()) is None:
            at()
            time.sleep(LOOK_EVERY)
        if status:
            raise _ended(status, self._folder / ENDED)
        return load_findings(self._folder)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _ended(status: int, told: Path) -> DatasetError:
    """What a person reads: the words that the process left, or what its end tells."""
    if told.exists():
        return DatasetError(**json.loads(told.read_bytes()))
    if -status in (signal.SIGXCPU, signal.SIGALRM):
        return DatasetError("The checks of single rows got no further for minutes and were ended.", fix=AGAIN)
    if -status == signal.SIGKILL:
        fix = "Close other programs, or upload the file in parts."
        return DatasetError("The checks of single rows were killed, perhaps because memory ran out.", fix=fix)
    return DatasetError(f"The checks of single rows ended early (status {status}).", fix=AGAIN)


class _Silent:
    """Nobody is told: whether to stop is the other process's to say, which then kills this one."""

    def report(self, kind: EventKind, **data: Any) -> None:
        pass

    def should_stop(self) -> bool:
        return False


class _Growing:
    """The rows of a file that grows, until as many were read as `done` says in the end; ends with the other process."""

    def __init__(self, file: BinaryIO, done: int, *, at: Callable[[], object]) -> None:
        self._file, self._done, self._at = file, done, at
        self._looked_at = time.monotonic()
        self.total = -1
        self.line = 0  # of the newest row

    def __iter__(self) -> Iterator[Row]:
        number, begun = 0, b""
        while number != self.total:
            self._at()
            begun += self._file.readline()
            if begun.endswith(b"\n"):
                row = row_from(number, orjson.loads(begun))
                self.line = row.line
                yield row
                number, begun = number + 1, b""
                if time.monotonic() - self._looked_at >= LOOK_EVERY:
                    self._look(seconds=0)
            else:
                self._look(seconds=LOOK_EVERY)

    def _look(self, *, seconds: float) -> None:
        """Whether the other process has written the last row, or is gone."""
        self._looked_at = time.monotonic()
        if not select.select([self._done], [], [], seconds)[0]:
            return
        if told := os.read(self._done, 64):
            self.total = int(told)
        elif self.total < 0:
            sys.exit(1)


def main(arguments: Sequence[str]) -> int:
    folder, done = Path(arguments[0]), int(arguments[1])
    memory, _ = resource.getrlimit(resource.RLIMIT_DATA)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))  # what the reading may take until it next gets on is not ours
    confines = Confines(memory=sys.maxsize if memory == resource.RLIM_INFINITY else memory // MEMORY_SHARE)
    rows = None
    try:
        with confined(_Silent(), confines) as watched:
            checks, rows = Checks(), _Growing(sys.stdin.buffer, done, at=watched.should_stop)
            for row in rows:
                checks.add(row)
            save_findings(checks.findings(), folder)
    except DatasetError as error:
        return _leave(folder, error.message, error.fix)
    except Exception as error:
        traceback.print_exc()
        where = f" near line {rows.line:,}" if rows else ""
        return _leave(folder, f"The checks of single rows failed{where}: {type(error).__name__}.", AGAIN)
    return 0


def _leave(folder: Path, message: str, fix: str) -> int:
    (folder / ENDED).write_text(json.dumps({"message": message, "fix": fix}))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
