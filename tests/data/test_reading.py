"""Reading: what cannot be read is named by its true line, its column, the reason and a fix; the rest is kept."""

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from studio.data.entry import LONGEST_LINE
from studio.data.parsing import parse_object
from studio.data.problem import Problem
from studio.domain.errors import DatasetError
from studio.domain.event import EventKind

GOOD = '{"prompt": "a", "completion": "b"}'

MALFORMED = [
    ('{"prompt": "a", "completion": "b",}', 34, "There is a comma before a closing bracket."),
    ("{'prompt': 'a', 'completion': 'b'}", 2, "Single quotes stand where JSON wants double quotes."),
    ("{\"prompt\": 'a'}", 12, "Single quotes stand where JSON wants double quotes."),
    ('{“prompt”: "a"}', 2, "Typographic quotation marks stand where JSON wants straight ones."),
    ('{prompt: "a"}', 2, "A field name without double quotes stands here."),
    ('{"prompt": "a", "completion": "b', 33, "The line ends inside a text: its closing quotation mark is missing."),
    ('{"prompt": "a", "completion": "b"', 34, "The line ends before the row does: a closing bracket is missing."),
    (GOOD + GOOD, 35, "There is more than one row on this line."),
    (GOOD + ", " + GOOD, 35, "There is more than one row on this line."),
    (GOOD + ",", 35, "There is a comma after the row."),
    (GOOD + " x", 36, "There is something after the end of the row."),
    ('{"prompt": "a", "completion": NaN}', 31, "NaN is not a JSON value."),
    ('{"prompt": "a", "completion": -Infinity}', 32, "-Infinity is not a JSON value."),
    ('{"prompt": "a", "completion": None}', 31, "None is Python's word; JSON says null."),
    ('{"prompt": "a", "completion": }', 31, "A value is missing or not written as JSON here."),
    ('{"prompt": "a", "completion": none}', 31, "A value is missing or not written as JSON here."),
    ("nonsense", 1, "This line is not JSON."),
    ('{"prompt": "a\tb"}', 14, "A raw tab stands inside a text."),
    ('{"prompt": "a\0b"}', 14, "A raw NUL stands inside a text."),
    ('{"prompt": "C:\\dir"}', 15, "A backslash stands before a character that it cannot escape."),
    ('{"prompt": "\\ud83d"}', 13, "Half of a character is written here (a lone \\ud800-\\udfff)."),
    ('{"prompt" "a"}', 11, "A field name is not followed by a colon."),
    ('{"prompt": "say "hi" now"}', 18, "A comma or a closing bracket is missing here."),
    ('{"é": "ü", "prompt": x}', 22, "A value is missing or not written as JSON here."),
    ("prompt,completion", 1, "This line is not JSON."),
    ("\ufeff" + GOOD, 1, "A byte order mark stands in the middle of the file."),
    ('{"a":' * 200 + "1" + "}" * 200, 1, "Brackets are nested more than 64 deep."),
    ('["a", "b"]', 1, "This line is a list, not an object."),
    ('"a"', 1, "This line is a text, not an object."),
    ("5", 1, "This line is a number, not an object."),
    ("true", 1, "This line is true or false, not an object."),
    ("null", 1, "This line is null, not an object."),
    ('{"prompt": "a", "prompt": "c", "completion": "b"}', 17, "The field “prompt” is written twice."),
]


@pytest.mark.parametrize(("line", "column", "reason"), MALFORMED, ids=[reason for *_, reason in MALFORMED])
def test_a_line_that_is_not_a_json_object_is_named_with_place_reason_and_fix(bring, line, column, reason):
    brought = bring(f"{GOOD}\n\n{line}\n{GOOD.replace('a', 'other')}\n")

    (reject,) = brought.rejects
    assert (reject.line, reject.column, reject.reason) == (3, column, reason)
    assert reject.fix.endswith(".") and reject.text == line
    assert [row.line for row in brought.rows] == [1, 4]
    assert brought.result["blank_lines"] == 1 and brought.result["lines"] == 3


def test_bytes_that_are_not_utf8_are_named_by_their_column_and_meant_character(bring):
    brought = bring(GOOD.encode() + b'\n{"prompt": "caf\xe9", "completion": "b"}\n')

    (reject,) = brought.rejects
    assert (reject.line, reject.column) == (2, 16)
    assert "0xE9" in reject.reason and "é" in reject.fix


def test_lines_are_split_on_line_feeds_alone(bring):
    text = "one\u2028two\u0085three\x0bfour".replace("\x0b", "")
    brought = bring(json.dumps({"prompt": text, "completion": "b"}, ensure_ascii=False) + "\n")

    assert brought.result["rows"] == 1 and brought.rows[0].question == text


def test_windows_line_ends_and_a_missing_last_one_are_fine(bring):
    brought = bring(f"{GOOD}\r\n   \r\n{GOOD}")

    assert [row.line for row in brought.rows] == [1, 3]
    assert brought.result["blank_lines"] == 1


def test_a_byte_order_mark_is_skipped_and_told(bring):
    brought = bring(b"\xef\xbb\xbf" + GOOD.encode())

    assert brought.result["rows"] == 1
    assert any("byte order mark" in data.get("text", "") for _, data in brought.events)


def test_a_line_longer_than_the_cap_is_refused_and_the_next_is_read(bring):
    long = json.dumps({"prompt": "x" * LONGEST_LINE, "completion": "b"})
    brought = bring(f"{GOOD}\n{long}\n{GOOD}\n")

    (reject,) = brought.rejects
    assert reject.line == 2 and "10 MB" in reject.reason and len(reject.text) == 2000
    assert [row.line for row in brought.rows] == [1, 3]


WHOLE_FILES = [
    (b"", "The file is empty."),
    (b" \n\n", "The file has blank lines only."),
    (b"\n" * 100_000, "The file has blank lines only."),
    (b"\xef\xbb\xbf", "The file has blank lines only."),
    (b"[]", "There are no rows in this file."),
    (b"\x1f\x8b\x08\0\0\0", "The packed file is damaged or was cut off."),
    (b"PK\x03\x04....", "The packed file is damaged or was cut off."),
    (b"BZh91AY", "This file is compressed (bzip2)."),
    (b"7z\xbc\xaf\x27\x1c", "This is a 7z archive."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "This is an old Excel file (.xls), or one with a password."),
    (b"name" + b"\0" * 253 + b"ustar\x0000", "This is a tar archive."),
    (b"%PDF-1.7", "This is a PDF."),
    (b"\x89PNG\r\n\x1a\n", "This is a picture."),
    (b"<!DOCTYPE html><table><tr><td>a", "This is a web page or an XML file."),
    (b'\n<?xml version="1.0"?><a/>', "This is a web page or an XML file."),
    (bytes(range(256)) * 20, "This is not a text file."),
]


@pytest.mark.parametrize(("content", "message"), WHOLE_FILES, ids=range(len(WHOLE_FILES)))
def test_a_file_that_holds_no_rows_at_all_is_told_in_one_sentence(bring, content, message):
    outcome = bring(content).outcome

    assert (outcome.state, outcome.message, outcome.code) == ("failed", message, DatasetError.code)
    assert outcome.fix


def test_lines_that_end_in_carriage_returns_only_are_read_and_told(bring):
    brought = bring(f"{GOOD}\r\r{GOOD}\rnonsense\r")

    assert [row.line for row in brought.rows] == [1, 3]
    assert [reject.line for reject in brought.rejects] == [4]
    assert any("carriage returns only" in note for note in notes(brought))


def test_rows_of_json_below_a_line_of_nonsense_are_still_rows_of_json(bring):
    brought = bring(f"exported, on Monday\n{GOOD}\n{GOOD}\n")

    assert [row.line for row in brought.rows] == [2, 3]
    assert [reject.line for reject in brought.rejects] == [1]


def test_a_plain_file_tells_nothing_and_leaves_nothing_beside_it(bring):
    brought = bring(GOOD)

    assert notes(brought) == []
    assert not (brought.folder / "unpacked").exists()


letters = st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.just("\n")
texts = st.text(letters, min_size=1, max_size=40).filter(lambda text: text.strip())


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({"prompt": texts, "completion": texts}), min_size=1, max_size=6))
@example(rows=[{"prompt": "007", "completion": "=1+1"}, {"prompt": "NA", "completion": "1,5;\t|"}])
@example(rows=[{"prompt": "“a” ", "completion": '"'}, {"prompt": "2026-01-02", "completion": "#N/A"}])
def test_the_same_rows_are_read_from_every_kind_of_file(bring, rows):
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    plain = bring(lines)

    assert plain.result["rows"] == len(rows)
    for name, content in {
        "gzip": gzip.compress(lines.encode()),
        "zip": zipped(lines),
        "utf-16": lines.encode("utf-16"),
        "utf-32": lines.encode("utf-32-be"),
        "csv": delimited(rows, ","),
        "tsv": delimited(rows, "\t"),
        "xlsx": workbook(rows),
        "parquet": parquet(rows),
    }.items():
        brought = bring(content)
        assert brought.rejects == [], name
        assert [row.messages for row in brought.rows] == [row.messages for row in plain.rows], name
        assert brought.result["fingerprint"] == plain.result["fingerprint"], name


def zipped(text: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", text)
    return target.getvalue()


def delimited(rows: list[dict[str, str]], delimiter: str) -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, ["prompt", "completion"], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def workbook(rows: list[dict[str, str]]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for number, row in enumerate([{"prompt": "prompt", "completion": "completion"}, *rows], 1):
        for column, text in enumerate((row["prompt"], row["completion"]), 1):
            cell = book.active.cell(number, column, text)
            cell.data_type = "s"  # else what looks like a formula or an error becomes one
    book.save(target)
    return target.getvalue()


def parquet(rows: list[dict[str, str]]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), target)
    return target.getvalue()


def notes(brought) -> list[str]:
    return [data["text"] for kind, data in brought.events if kind is EventKind.NOTE]


@pytest.mark.parametrize("indent", [None, 2])
def test_the_elements_of_a_json_array_are_rows_with_the_line_where_each_starts(bring, indent):
    rows = [{"prompt": f"p{number}", "completion": "c"} for number in range(3)]
    brought = bring(json.dumps(rows, indent=indent))

    assert [row.question for row in brought.rows] == ["p0", "p1", "p2"]
    assert [row.line for row in brought.rows] == ([1, 1, 1] if indent is None else [2, 6, 10])


def test_a_broken_element_of_a_pretty_array_is_refused_alone(bring):
    rows = [{"prompt": f"p{number}", "completion": "c"} for number in range(3)]
    broken = json.dumps(rows, indent=2).replace('"p1",', '"p1"')

    brought = bring(broken)

    assert [row.question for row in brought.rows] == ["p0", "p2"]
    (reject,) = brought.rejects
    assert (reject.line, reject.reason) == (8, "A comma or a closing bracket is missing here.")


def test_an_array_that_was_cut_off_keeps_its_whole_elements(bring):
    brought = bring('[\n{"prompt": "a", "completion": "b"},\n{"prompt": "c", "comp')

    assert [row.line for row in brought.rows] == [2]
    assert [reject.line for reject in brought.rejects] == [3]


def test_text_after_the_end_of_an_array_is_refused_not_dropped(bring):
    brought = bring(f"[{GOOD}]\n{GOOD}\n")

    (reject,) = brought.rejects
    assert reject.line == 2 and reject.reason == "There is something after the end of the list."


def test_objects_spread_over_several_lines_are_read(bring):
    rows = [json.dumps({"prompt": f"p{number}", "completion": "c"}, indent=1) for number in range(3)]

    assert [row.line for row in bring("\n".join(rows)).rows] == [1, 5, 9]


@pytest.mark.parametrize("first", ['{"prompt": "a",', "{"])
def test_a_first_line_that_was_cut_off_does_not_make_the_file_a_spread_one(bring, first):
    brought = bring(f"{first}\n\n{GOOD}\n")

    assert [reject.line for reject in brought.rejects] == [1]
    assert [row.line for row in brought.rows] == [3]


def test_conversations_written_as_bare_lists_are_told_how_to_be_named(bring):
    line = json.dumps([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    brought = bring(f"{line}\n{line}\n")

    assert brought.outcome.state == "failed" and '{"messages"' in brought.outcome.fix
    assert [reject.line for reject in brought.rejects] == [1, 2]


REAL_FILES = {
    "alpaca_en_demo.json": (999, 0),
    "identity.json": (91, 0),
    "glaive_toolcall_en_demo.json": (300, 0),
    "dpo_en_demo.json": (300, 0),
}


@pytest.mark.parametrize("name", REAL_FILES)
def test_every_row_of_a_real_file_is_kept_or_refused_with_a_reason(bring, foreign: Path, name):
    brought = bring(foreign / name)

    rows, rejects = REAL_FILES[name]
    assert (brought.result["rows"], brought.result["rejects"]) == (rows, rejects)
    assert len(json.loads((foreign / name).read_text())) == brought.result["lines"]
    source = (foreign / name).read_text().split("\n")
    assert all(source[row.line - 1].strip().startswith("{") for row in brought.rows)
    assert all(reject.reason and reject.fix for reject in brought.rejects)


def test_a_field_written_twice_is_found_among_thousands_as_well(bring):
    many = {f"field {number}": "x" for number in range(3000)} | {"prompt": "a", "completion": "b"}
    text = json.dumps(many)
    brought = bring(text + "\n" + text[:-1] + ', "field 7": "y"}\n')
    assert [reject.reason for reject in brought.rejects] == ["The field “field 7” is written twice."]
    assert len(brought.rows) == 1


class Pairs(list):
    """Names and values of an object, which may hold a name twice."""


NAMES = st.sampled_from(["a", "b", 'q"', "\\", '\\"', "é", "a:", '":', " ", "\n", "\u2028"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\:é \n{}[],', max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=3).map(Pairs),
    max_leaves=6,
)


def written(value: Any, *, ascii_only: bool) -> str:
    if isinstance(value, Pairs):
        held = (
            f"{written(name, ascii_only=ascii_only)}:{written(inner, ascii_only=ascii_only)}" for name, inner in value
        )
        return "{" + ",".join(held) + "}"
    if isinstance(value, list):
        return "[" + ",".join(written(inner, ascii_only=ascii_only) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def has_twice(value: Any) -> bool:
    if isinstance(value, Pairs):
        return len({name for name, _ in value}) < len(value) or any(has_twice(inner) for _, inner in value)
    return isinstance(value, list) and any(map(has_twice, value))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4).map(Pairs), st.booleans())
def test_a_field_written_twice_is_found_wherever_it_is_and_never_imagined(row, ascii_only):
    found = parse_object(written(row, ascii_only=ascii_only).encode())

    assert isinstance(found, Problem) == has_twice(row)
