"""A workspace with files that were read in this very process."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio.data.ingest import ingest
from studio.domain.dataset import Dataset
from studio.domain.job import JobKind, JobState
from studio.flows import bring
from studio.flows.studio import Studio, open_studio
from studio.store import jobs
from tests.web.conftest import Silent

Read = Callable[[list[Any]], Dataset]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspace")
    yield opened
    opened.store.close()


@pytest.fixture
def read(studio: Studio, tmp_path: Path) -> Read:
    """Reads rows as a file that somebody brought."""

    def reading(rows: list[Any]) -> Dataset:
        path = tmp_path / f"file-{len(bring.datasets(studio))}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        brought = bring.bring_file(studio, path)
        claimed = jobs.claim(studio.store, kinds=[JobKind.INGEST])
        assert claimed is not None
        outcome = ingest(claimed[1], Silent())
        jobs.move(studio.store, brought.job_id, attempt=1, to=JobState.DONE, result=outcome.result)
        return bring.ready(studio, brought.id)

    return reading
