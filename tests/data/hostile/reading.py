"""Reading: hostile files through the real worker, many in one process; whoever brings it down is named."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from studio.data.repairing import Repair
from studio.data.rows import Rows, load_rejects, load_rows
from studio.domain.dataset import Reject
from studio.domain.event import EventKind, Outcome
from studio.domain.job import JobKind
from studio.jobs import spool
from studio.jobs.launcher import worker_environment
from tests.data.hostile.case import Case

ROOT = Path(__file__).parents[3]
PATIENCE = 600
AS_IT_IS, REPAIRED = "as it is", "repaired"


@dataclass(frozen=True)
class Read:
    """What one attempt left behind; `status` is set if it was the one that ended its process."""

    folder: Path
    status: int | None = None

    @property
    def out(self) -> Path:
        return self.folder / "dataset"

    @cached_property
    def asked(self) -> dict[str, Any]:
        """What it was to read, and how."""
        return json.loads((self.folder / "spec.json").read_bytes())

    @cached_property
    def outcome(self) -> Outcome:
        found = spool.read_outcome(self.folder)
        assert found, f"no outcome; its process ended with {self.status}"
        return found

    @property
    def source(self) -> Path:
        return Path(self.asked["source"])

    @property
    def notes(self) -> list[str]:
        events = spool.read_events(self.folder, offset=0).events
        return [event.data["text"] for event in events if event.kind is EventKind.NOTE]

    @property
    def rows(self) -> Rows:
        return load_rows(self.out)

    @property
    def good(self) -> list[int]:
        return [row.line for row in self.rows] if (self.out / "rows.jsonl").exists() else []

    @property
    def rejects(self) -> list[Reject]:
        return load_rejects(self.out)

    @property
    def megabytes(self) -> float:
        """The most memory that it took above what the process had before."""
        return json.loads((self.folder / "took.json").read_bytes())["megabytes"]


@dataclass
class Reader:
    """Reads every case once; `log` is what the worker printed."""

    folder: Path
    log: str = ""

    def read(self, cases: Iterable[Case]) -> dict[tuple[str, str], Read]:
        """By the id of the case, as it is and, where that is expected to help, repaired."""
        folders: dict[tuple[str, str], Path] = {}
        for number, case in enumerate(cases):
            source = self.folder / f"source-{number}"
            case.build(source)
            folders[case.id, AS_IT_IS] = self._spec(f"{number}", source, repairs=())
            if case.mended:
                folders[case.id, REPAIRED] = self._spec(f"{number}-repaired", source, repairs=tuple(Repair))
        ended = self._carry_out(list(folders.values()))
        return {key: Read(folder, ended.get(folder)) for key, folder in folders.items()}

    def _spec(self, name: str, source: Path, *, repairs: Sequence[str]) -> Path:
        folder = self.folder / name
        spec = {"kind": JobKind.INGEST, "source": str(source), "source_name": "rows.jsonl", "mapping": None}
        spool.write_spec(folder, spec | {"out": str(folder / "dataset"), "repairs": list(repairs)})
        return folder

    def _carry_out(self, folders: list[Path]) -> dict[Path, int]:
        """Carry out every attempt; the exit status of the process for those that ended it."""
        ended: dict[Path, int] = {}
        environment = worker_environment(os.environ) | {"PYTHONPATH": str(ROOT)}
        while folders:
            command = [sys.executable, "-P", "-m", "tests.data.hostile.several", *map(str, folders)]
            process = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                text=True, timeout=PATIENCE, check=False,
            )  # fmt: skip
            self.log += process.stdout
            folders = [folder for folder in folders if not (folder / "took.json").exists()]
            if folders:
                ended[folders.pop(0)] = process.returncode
        return ended
