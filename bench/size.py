"""How long large files take, and how much memory: reading in a process of its own, cancelling, uploading.

    python -m bench.size                       100,000 rows, read and cancelled
    python -m bench.size --rows 1000000        a million rows
    python -m bench.size --bytes 1000000000    1 GB
    python -m bench.size --upload              sent to a real studio over HTTP as well, and read there

The rows are those of the held-out generator, the last line is broken and must be named by its true number. Speed is
told beside two references of the same run and file: orjson on every line, and one BLAKE2b pass over its bytes.
"""

import argparse
import hashlib
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import psutil

from bench.accuracy.copies import planted
from bench.accuracy.worlds import held_out
from bench.first_rows import appear
from bench.sending import send
from studio.data import reading
from studio.data.canonical import canonical
from studio.data.looking import Look, parsed
from studio.data.parsing import parse_object
from studio.data.problem import Problem
from studio.data.rows import load_rejects, load_rows
from studio.domain.dataset import Mapping
from studio.domain.event import EventKind, Outcome
from studio.domain.job import JobKind
from studio.jobs import spool
from studio.jobs.launcher import LocalLauncher, LocalProcess, worker_environment

BLOCK = 100_000
MEGABYTE = 2**20
BROKEN = b'{"prompt": "a", "completion": b}\n'
LOOK_EVERY = 0.02
FIRST = 100  # rows that tell which field holds what


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds on the clock and of processors, and the most memory above what the process began with, in bytes."""

    seconds: float
    busy: float
    memory: int

    def told(self, rows: int) -> str:
        per_million = self.memory / MEGABYTE / rows * 1e6 / 1024
        return (
            f"{self.seconds:.1f} s ({self.busy:.1f} s of processors, {rows / self.busy:,.0f} rows/s), "
            f"{self.memory / MEGABYTE:,.0f} MB of memory ({per_million:.2f} GB per million rows)"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=BLOCK)
    parser.add_argument("--bytes", type=int, help="as many rows as make a file of this size")
    parser.add_argument("--upload", action="store_true", help="send the file to a studio over HTTP as well")
    parser.add_argument("--only-upload", action="store_true", help="nothing but that")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-size-") as folder:
        source = Path(folder) / "rows.jsonl"
        lines = written(source, rows=given.rows, size=given.bytes)
        print(f"{lines:,} lines, {source.stat().st_size / 1e6:,.0f} MB; {machine()}", flush=True)
        if not given.only_upload:
            reference = tell_parsing(source, lines)
            tell_reading(source, Path(folder), lines, reference=reference)
            tell_cancelling(source, Path(folder))
            print(appear(source, Path(folder) / "first"), flush=True)
        if given.upload or given.only_upload:
            for line in send(source, Path(folder)):
                print(line, flush=True)


def machine() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("orjson", "numpy", "scipy", "gradio"))
    memory, load = psutil.virtual_memory().total / 2**30, os.getloadavg()[0]
    hardware = f"{os.cpu_count()} cores, {memory:.0f} GB, a load of {load:.1f}"
    return f"Python {platform.python_version()}, {libraries}; {hardware}"


def written(path: Path, *, rows: int, size: int | None) -> int:
    """Write rows until there are enough, the broken line last; how many lines that makes."""
    lines = done = 0
    with path.open("wb") as file:
        for line in _rows():
            if done >= size if size else lines >= rows - 1:
                break
            done += file.write(line)
            lines += 1
        file.write(BROKEN)
    return lines + 1


def _rows() -> Iterator[bytes]:
    world = held_out.world()
    while True:
        for row in planted(world, rows=BLOCK):
            yield orjson.dumps({"prompt": row.question, "completion": row.answer}, option=orjson.OPT_APPEND_NEWLINE)
        world = replace(world, seed=world.seed + 1)


def tell_parsing(source: Path, lines: int) -> float:
    """One pass of the reader and the parser alone, beside the references, of which orjson's seconds are given back."""
    digest = timed(lambda: _digest(source))
    plain = timed(lambda: _parse_plainly(source))
    ours = timed(lambda: _parse(source))
    checked = validated(source)
    print(
        f"references: orjson on every line {plain.busy:.2f} s ({lines / plain.busy:,.0f} rows/s), one BLAKE2b pass "
        f"{digest.busy:.2f} s\n"
        f"parsing with places and structure: {ours.told(lines)}; {ours.busy / plain.busy:.2f} times orjson alone\n"
        f"reading, parsing and refusing: {checked.told(lines)}; {source.stat().st_size / 1e6 / checked.busy:,.0f} MB/s",
        flush=True,
    )
    return plain.busy


def _digest(source: Path) -> None:
    with source.open("rb") as file:
        hashlib.file_digest(file, "blake2b")


def _parse_plainly(source: Path) -> None:
    with source.open("rb") as file:
        for line in file:
            if line != BROKEN:
                orjson.loads(line)


def _parse(source: Path) -> None:
    for entry in reading.entries(source):
        parse_object(entry.raw)


def validated(source: Path) -> Taken:
    """Every row read, parsed and made a row or refused with its reason, as an upload's are, and nothing else of it."""
    look = Look()
    for entry in islice(reading.entries(source), FIRST):
        look.see(entry)
    guess = look.guess()
    if guess is None:
        raise SystemExit("no question and answer were recognised among the fields")
    return timed(lambda: _validate(source, guess.mapping))


def _validate(source: Path, mapping: Mapping) -> None:
    for entry in reading.entries(source):
        value = parsed(entry)
        if not isinstance(value, Problem) and entry.raw:
            canonical(value, mapping, raw=entry.raw)


def timed(work: Callable[[], None]) -> Taken:
    """What some work in this process takes."""
    process = psutil.Process()
    Path("/proc/self/clear_refs").write_text("5")
    before, began, busy = process.memory_info().rss, time.perf_counter(), time.process_time()
    work()
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    return Taken(seconds, busy, peak(process.pid) - before)


def peak(pid: int) -> int:
    """The most memory that a process has had so far, in bytes; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


@dataclass(slots=True)
class Worker:
    """A real worker reading a file, with the process that it starts beside itself, and what both have taken so far."""

    folder: Path
    process: LocalProcess
    began: float
    peaks: dict[int, int] = field(default_factory=dict)
    busy: dict[int, float] = field(default_factory=dict)
    first: int = 0

    @classmethod
    def start(cls, source: Path, folder: Path) -> "Worker":
        spec: dict[str, Any] = {"kind": JobKind.INGEST, "source": str(source), "out": str(folder / "dataset")}
        spool.write_spec(folder, spec | {"mapping": None, "repairs": []})
        return cls(
            folder,
            LocalLauncher().start(folder, kind=JobKind.INGEST, env=worker_environment(os.environ)),
            time.perf_counter(),
        )

    def goes_on(self) -> bool:
        """Look once at what it takes; the memory that it begins with is that before its first phase."""
        time.sleep(LOOK_EVERY)
        with suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.process.pid)
            for process in (worker, *worker.children()):
                with suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    self.busy[process.pid] = times.user + times.system
                    self.peaks[process.pid] = max(self.peaks.get(process.pid, 0), peak(process.pid))
        if not self.first and self.phases():
            self.first = sum(self.peaks.values())
        return self.process.poll() is None

    def phases(self) -> list[str]:
        events = spool.read_events(self.folder, offset=0).events
        return [event.data["name"] for event in events if event.kind is EventKind.PHASE]

    def taken(self) -> Taken:
        memory = sum(self.peaks.values()) - self.first
        return Taken(time.perf_counter() - self.began, sum(self.busy.values()), memory)

    def each(self) -> Iterator[str]:
        """What the reading process took, and then the one beside it, with all that they began with."""
        for pid, seconds in self.busy.items():
            name = "reading and comparing" if pid == self.process.pid else "checking beside it"
            yield f"{name}: {seconds:.1f} s of processors, at most {self.peaks[pid] / MEGABYTE:,.0f} MB"

    def outcome(self) -> Outcome:
        found = spool.read_outcome(self.folder)
        if found is None:
            raise SystemExit(f"the worker left no outcome: {(self.folder / 'log.txt').read_text()[-2000:]}")
        return found


def tell_reading(source: Path, folder: Path, lines: int, *, reference: float) -> None:
    """The whole inspection as an upload gets it, and whether the broken line was named."""
    worker = Worker.start(source, folder / "whole")
    while worker.goes_on():
        pass
    outcome = worker.outcome()
    (reject,) = load_rejects(worker.folder / "dataset")
    named = (reject.line, reject.column) == (lines, 31)
    rows = len(load_rows(worker.folder / "dataset"))
    taken = worker.taken()
    print(
        f"the whole inspection in a process of its own: {taken.told(lines)}\n"
        f"   {'; '.join(worker.each())}\n"
        f"   that is {taken.busy / reference:,.0f} times orjson on every line, in the same run\n"
        f"   {outcome.message} The broken line is named {'truly' if named else f'WRONGLY: {reject}'}, "
        f"{rows:,} rows are stored",
        flush=True,
    )


def tell_cancelling(source: Path, folder: Path) -> None:
    """How long it takes from the wish to stop until the process is gone, in each phase."""
    waited: dict[str, float] = {}
    for number in range(3):
        worker = Worker.start(source, folder / f"cancelled-{number}")
        while worker.goes_on() and len(worker.phases()) <= number:
            pass
        began, phase = time.perf_counter(), worker.phases()[-1]
        spool.ask_to_stop(worker.folder)
        while worker.goes_on():
            pass
        waited[phase] = time.perf_counter() - began
        if worker.outcome().state != "stopped":
            raise SystemExit(f"not stopped while {phase}: {worker.outcome()}")
    told = ", ".join(f"{phase} {seconds:.1f} s" for phase, seconds in waited.items())
    print(f"from the wish to stop until the process is gone: {told}", flush=True)


if __name__ == "__main__":
    main()
