"""Rows that people edited stand in for those of the file, wherever rows are read."""

import json
from pathlib import Path

import pytest

from studio.data.rows import Rows, load_rows
from studio.engine.rows import read_rows


def record(line: int, answer: str, **more: object) -> str:
    messages = [{"role": "user", "content": f"Question {line}"}, {"role": "assistant", "content": answer}]
    return json.dumps({"line": line, "messages": messages, "extra": {"customer": f"c{line}"}, **more}) + "\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text("".join(record(line, f"Answer {line}") for line in (2, 3, 5, 8)))
    (tmp_path / "edited.jsonl").write_text(record(5, "Mended\u2028\r answer", number=2))
    return tmp_path


@pytest.fixture
def rows(folder: Path) -> Rows:
    return load_rows(folder)


def test_an_edited_row_is_read_one_by_one_and_in_order(rows: Rows):
    assert rows[2].answer == "Mended\u2028\r answer"
    assert [row.answer for row in rows] == [rows[number].answer for number in range(4)]
    assert [row.answer for row in rows[1:]] == ["Answer 3", "Mended\u2028\r answer", "Answer 8"]


def test_numbers_lines_and_other_fields_stay(rows: Rows):
    assert [(row.number, row.line) for row in rows] == [(0, 2), (1, 3), (2, 5), (3, 8)]
    assert rows.extra(2) == {"customer": "c5"}


def test_sizes_are_those_of_what_is_read(rows: Rows):
    assert rows.sizes == tuple(len(json.dumps(record).encode()) + 1 for record in rows.records())


def test_training_reads_the_same_rows(folder: Path, rows: Rows):
    assert read_rows(folder, [3, 2, 0]) == [rows[3], rows[2], rows[0]]
