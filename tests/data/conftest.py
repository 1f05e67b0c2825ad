"""What the tests of the data part share: a reporter that keeps a list, and a dataset read from text."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from studio.data.findings import load_findings
from studio.data.ingest import ingest
from studio.data.rows import Rows, load_rejects, load_rows
from studio.domain.dataset import Reject
from studio.domain.event import EventKind, Outcome
from studio.domain.finding import Finding

settings.register_profile("no clock", deadline=None)  # what is read does not depend on how busy the machine is
settings.load_profile("no clock")


class ListReporter:
    """Keeps what it is told; asks to stop once it has been asked `stop_after` times."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.events: list[tuple[EventKind, dict[str, Any]]] = []
        self._left = stop_after

    def report(self, kind: EventKind, **data: Any) -> None:
        self.events.append((kind, data))

    def should_stop(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        return self._left < 0


@dataclass
class Brought:
    """A file that was read: how it ended, and what lies in its folder."""

    outcome: Outcome
    folder: Path
    events: list[tuple[EventKind, dict[str, Any]]] = field(default_factory=list)

    @property
    def result(self) -> dict[str, Any]:
        return self.outcome.result

    @property
    def rows(self) -> Rows:
        return load_rows(self.folder)

    @property
    def rejects(self) -> list[Reject]:
        return load_rejects(self.folder)

    @property
    def findings(self) -> dict[str, Finding]:
        return {finding.kind.value: finding for finding in load_findings(self.folder)}


Bring = Callable[..., Brought]


@pytest.fixture
def bring(tmp_path: Path) -> Bring:
    """Reads bytes, a text, or a list of objects (one per line) as an uploaded file."""
    count = 0

    def read(content: bytes | str | list[Any] | Path, *, mapping: dict[str, Any] | None = None) -> Brought:
        nonlocal count
        count += 1
        folder = tmp_path / f"dataset-{count}"
        folder.mkdir()
        source = content if isinstance(content, Path) else folder / "source"
        if isinstance(content, list):
            content = "".join(json.dumps(value) + "\n" for value in content)
        if not isinstance(content, Path):
            source.write_bytes(content if isinstance(content, bytes) else content.encode())
        reporter = ListReporter()
        spec = {"source": str(source), "source_name": "source", "out": str(folder), "mapping": mapping}
        return Brought(ingest(spec, reporter), folder, reporter.events)

    return read


@pytest.fixture
def foreign(root: Path) -> Path:
    """Real files that nobody here wrote."""
    named = os.environ.get("STUDIO_FOREIGN_DATA")
    folder = Path(named) if named else root.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real files are not here (set STUDIO_FOREIGN_DATA to their folder)")
    return folder


@pytest.fixture
def starter(root: Path) -> Path:
    """The folder of the starter model."""
    folder = root / "assets" / "starter"
    if not (folder / "tokenizer.json").exists():
        pytest.skip("the starter model is not in assets/starter")
    return folder


def pair(prompt: Any, completion: Any, **more: Any) -> dict[str, Any]:
    """A row with a prompt and its answer."""
    return {"prompt": prompt, "completion": completion, **more}
