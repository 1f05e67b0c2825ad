"""Rows: any row is read by its number, and where it starts is looked up, not searched for."""

from pathlib import Path

import numpy as np

from studio.data.rows import OFFSETS, ROWS, load_rows, save_offsets
from tests.data.conftest import pair


def test_where_each_row_starts_is_written_down_when_a_file_is_read(bring):
    brought = bring([pair("Where is it?", "Here."), pair("一共多少？", "三十。"), pair("c", "d")])

    written = np.load(brought.folder / OFFSETS)
    lines = (brought.folder / ROWS).read_bytes().splitlines(keepends=True)
    assert written.tolist() == [0, *np.cumsum([len(line) for line in lines]).tolist()]
    assert [row.answer for row in brought.rows] == ["Here.", "三十。", "d"]
    assert load_rows(brought.folder)[1].question == "一共多少？"


def test_rows_without_that_are_found_all_the_same(bring):
    brought = bring([pair("a", "b"), pair("c", "d")])
    (brought.folder / OFFSETS).unlink()

    assert load_rows(brought.folder)[1].answer == "d"


def test_what_was_written_down_of_another_file_is_not_believed(tmp_path: Path):
    (tmp_path / ROWS).write_bytes(b'{"line":1,"messages":[{"role":"user","content":"a"}],"extra":{}}\n')
    save_offsets(tmp_path)
    with (tmp_path / ROWS).open("ab") as file:
        file.write(b'{"line":2,"messages":[{"role":"user","content":"b"}],"extra":{}}\n')

    assert [row.line for row in load_rows(tmp_path)] == [1, 2]


def test_the_other_fields_of_every_row_are_read_alone(bring):
    tricky = [',"extra":{"a":"b"}', '\\",\\"extra\\":{', '"extra":']
    rows = [pair(text, text, extra=text, field=f"{text}{number}") for number, text in enumerate(tricky)]
    brought = bring(rows)

    assert list(brought.rows.extras()) == [{"extra": row["extra"], "field": row["field"]} for row in rows]
