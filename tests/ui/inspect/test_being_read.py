"""A file that is still being read is no error of the screens that will show it."""

import json
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import pytest

from studio.flows import bring
from studio.flows.studio import Studio, open_studio
from studio.ui.inspect import findings, split


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    opened = open_studio(tmp_path / "workspace")
    yield opened
    opened.store.close()


def test_nothing_is_refused_while_a_file_is_being_read(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text(json.dumps({"prompt": "Hello", "completion": "Good day."}))
    read = bring.bring_file(studio, tmp_path / "some.jsonl")
    assert read.is_being_read
    assert split.show_ledger(studio, read.id, "starter", 128) == [gr.skip()] * 2
    *controls, group = findings.show_group(studio, read.id, "starter", "exact_duplicate:0")
    assert group == "" and not any(control.visible for control in controls)
