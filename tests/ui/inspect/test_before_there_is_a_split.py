"""A file that is still being read, or has too few rows to deal, is told on the page and raises no alarm."""

import json
from pathlib import Path

import gradio as gr

from studio.flows import bring
from studio.flows.studio import Studio
from studio.ui.inspect import findings, pages, split
from studio.ui.inspect.looking import Checked
from tests.ui.inspect.conftest import Read
from tests.ui.markup import words


def test_nothing_is_refused_while_a_file_is_being_read(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").write_text(json.dumps({"prompt": "Hello", "completion": "Good day."}))
    read = bring.bring_file(studio, tmp_path / "some.jsonl")
    assert read.is_being_read
    assert split.show_ledger(studio, read.id, "starter", 128) == gr.skip()
    part, *_ = pages.show(studio, findings.finding_of, read.id, "exact_duplicate", None)
    assert not part.visible


def test_too_few_rows_to_deal_are_told_where_the_split_would_be(studio: Studio, read: Read) -> None:
    brought = read([{"prompt": "Hello", "completion": "Good day."}])
    said = split.show_ledger(studio, brought.id, "starter", None)
    assert "1 example is too few to hold any out. Add examples until there are at least 10." in words(said)
    assert split.show(studio, Checked(brought.id, is_checked=True))[0].visible
