"""A file that is still being read, or has too few rows to deal, is told on the page and raises no alarm."""

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from studio.data.ingest import ingest
from studio.domain.job import JobKind, JobState
from studio.flows import bring
from studio.flows.studio import Studio, open_studio
from studio.store import jobs
from studio.ui.inspect import findings, pages, split
from studio.ui.inspect.looking import Look
from tests.ui.markup import words
from tests.web.conftest import Silent


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspace")
    yield opened
    opened.store.close()


def test_nothing_is_refused_while_a_file_is_being_read(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text(json.dumps({"prompt": "Hello", "completion": "Good day."}))
    read = bring.bring_file(studio, tmp_path / "some.jsonl")
    assert read.is_being_read
    assert split.show_ledger(studio, read.id, "starter", 128) == gr.skip()
    part, *_ = pages.show(studio, findings.finding_of, read.id, "exact_duplicate", 0)
    assert not part.visible


def test_too_few_rows_to_deal_are_told_where_the_split_would_be(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(json.dumps({"prompt": "Hello", "completion": "Good day."}))
    brought = bring.bring_file(studio, tmp_path / "one.jsonl")
    claimed = jobs.claim(studio.store, kinds=[JobKind.INGEST])
    assert claimed is not None
    outcome = ingest(claimed[1], Silent())
    jobs.move(studio.store, brought.job_id, attempt=1, to=JobState.DONE, result=outcome.result)
    said = split.show_ledger(studio, brought.id, "starter", None)
    assert "1 example is too few to hold any out. Add examples until there are at least 10." in words(said)
    assert split.show(studio, Look(brought.id, "starter", False))[0].visible
