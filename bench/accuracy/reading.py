"""Reading: planted rows as a file, read by the studio itself; what it found, and what that took."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from studio.data.findings import load_findings
from studio.data.ingest import ingest
from studio.domain.event import EventKind
from studio.domain.finding import Finding, FindingKind, Group

REFERENCE_PASSES = 3


@dataclass(frozen=True, slots=True)
class Read:
    """A file as the studio sees it: its findings by kind, and its folder in the workspace."""

    folder: Path
    findings: tuple[Finding, ...]

    def groups(self, kind: FindingKind) -> tuple[Group, ...]:
        return tuple(group for finding in self.findings if finding.kind is kind for group in finding.groups)

    def rows(self, kind: FindingKind, reason: str = "") -> set[int]:
        """The rows of a finding, or of those of its groups whose reason begins so."""
        return {number for group in self.groups(kind) if group.reason.startswith(reason) for number in group.rows}


@dataclass(frozen=True, slots=True)
class Cost:
    """What reading took, beside one exact pass over the same texts (BLAKE2b of every row and a dictionary).

    `busy` is the time of the processor, which other work on the machine disturbs least; `megabytes` the peak memory
    above what was in use before, or None where the system does not tell.
    """

    seconds: float
    busy: float
    reference: float
    megabytes: float | None


def read(rows: Sequence[tuple[str, str]], folder: Path) -> Read:
    """Write questions and answers as JSONL and have them read, exactly as an uploaded file."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source"
    with source.open("wb") as file:
        for question, answer in rows:
            line = {"prompt": question, "completion": answer}
            file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    outcome = ingest({"source": str(source), "out": str(folder)}, _Silent())
    if outcome.state != "done" or outcome.result["rows"] != len(rows):
        raise RuntimeError(f"{folder.name}: {outcome.message} {outcome.fix}")
    return Read(folder, tuple(load_findings(folder)))


def timed_read(rows: Sequence[tuple[str, str]], folder: Path) -> tuple[Read, Cost]:
    """The same, with its cost."""
    texts = [f"{question}\n{answer}" for question, answer in rows]
    reference = 0.0
    for _ in range(REFERENCE_PASSES):  # the first warms up, the last counts
        busy = time.process_time()
        _ = {hashlib.blake2b(text.encode(), digest_size=16).digest(): text for text in texts}
        reference = time.process_time() - busy
    before = _reset_peak()
    began, busy = time.perf_counter(), time.process_time()
    found = read(rows, folder)
    seconds, busy = time.perf_counter() - began, time.process_time() - busy
    after = _memory("VmHWM")
    return found, Cost(seconds, busy, reference, (after - before) / 1024 if before and after else None)


class _Silent:
    """Hears how far the reading is, and lets it go on."""

    def report(self, kind: EventKind, **data: Any) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def _reset_peak() -> int | None:
    """Forget the process's peak memory so far, where Linux allows it; the memory in use now in kB."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return _memory("VmRSS")


def _memory(name: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), None)
