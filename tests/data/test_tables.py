"""Tables: CSV, Excel and Parquet are read as they are written, with true line numbers, and no type is guessed."""

import csv
import datetime
import decimal
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterable
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.data.delimited import Dialect, entries
from studio.data.entry import LONGEST_LINE
from studio.domain.event import EventKind
from tests.data.conftest import Brought

HEADER = "prompt,completion\n"
MESSAGES = [{"role": "user", "content": "a, b"}, {"role": "assistant", "content": 'say "c"'}]
LITERAL = [
    "007", "1", "1.50", "1e5", "1.234,56", "2026-01-02", "01/02/2026", "true", "NA", "null", "None", "nan", "#N/A",
    '=HYPERLINK("http://a")', "@SUM(1)", "+cmd|' /C calc'!A0", "-2+3", "\tx", "＝1+1", "\u202eabc", "a\u200bb", "　x",
]  # fmt: skip


def lines(brought: Brought) -> list[int]:
    return [row.line for row in brought.rows]


def refused(brought: Brought) -> list[tuple[int, str]]:
    return [(reject.line, reject.reason) for reject in brought.rejects]


def notes(brought: Brought) -> str:
    return " ".join(data["text"] for kind, data in brought.events if kind is EventKind.NOTE)


def extra(brought: Brought) -> list[dict[str, str]]:
    return [json.loads(line)["extra"] for line in (brought.folder / "rows.jsonl").read_bytes().split(b"\n") if line]


def written(rows: Iterable[Iterable[str]], *, delimiter: str = ",") -> str:
    target = io.StringIO()
    csv.writer(target, delimiter=delimiter).writerows(rows)
    return target.getvalue()


# CSV and TSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_separator_is_found_even_where_texts_hold_the_others(bring, delimiter):
    rows = [(f"one, two; three\t{number} | “four”", "a;b,c|d;e") for number in range(30)]
    brought = bring(written([("Frage", "Antwort"), *rows], delimiter=delimiter))

    assert lines(brought) == list(range(2, 32))
    assert [(row.question, row.answer) for row in brought.rows] == rows
    assert "Frage, Antwort" in notes(brought)


def test_a_table_longer_than_what_is_first_looked_at_is_read_whole(bring):
    rows = [(f"question {number}, with\na line break", "x" * 200) for number in range(2000)]

    assert lines(bring(written([("prompt", "completion"), *rows]))) == list(range(2, 4002, 2))


def test_a_line_that_names_the_separator_is_followed(bring):
    assert [(row.line, row.question) for row in bring("sep=;\nprompt;completion\na,b,c;d\n").rows] == [(3, "a,b,c")]


@pytest.mark.parametrize("content", ["\u3000\n\u2028\n", 'sep="\na\n', "\x1c\n", ",\n,\n", '"', "|", "sep=;\n"])
def test_text_that_says_next_to_nothing_is_refused_in_a_sentence(bring, content):
    outcome = bring(content).outcome

    assert (outcome.state, outcome.code) == ("failed", "dataset") and outcome.fix


def test_a_table_after_a_byte_order_mark_and_blank_lines_is_read(bring):
    assert lines(bring("\ufeff\n\n" + HEADER + "a,b\n")) == [4]


def test_carriage_returns_alone_end_the_rows_of_a_table_too(bring):
    assert lines(bring((HEADER + "a,b\n\nc,d").replace("\n", "\r"))) == [2, 4]


def test_quoted_cells_over_several_lines_keep_the_true_line_numbers(bring):
    brought = bring(HEADER + '\n"one\ntwo\r\nthree",x\n\nfour,"y\n\n"\nfive,z\nsix\n')

    assert [(row.line, row.question, row.answer) for row in brought.rows] == [
        (3, "one\ntwo\r\nthree", "x"),
        (7, "four", "y\n\n"),
        (10, "five", "z"),
    ]
    assert refused(brought) == [(11, "This row has 1 cell, and the table has 2 columns.")]
    assert brought.result["blank_lines"] == 2


def test_rows_with_too_few_or_too_many_cells_are_refused_with_both_counts(bring):
    brought = bring("prompt,completion,id\na,b,1\na,b\na,b,c,d\nc,d,2\n")

    assert lines(brought) == [2, 5]
    assert refused(brought) == [
        (3, "This row has 2 cells, and the table has 3 columns."),
        (4, "This row has 4 cells, and the table has 3 columns."),
    ]
    assert [reject.text for reject in brought.rejects] == ["a,b", "a,b,c,d"]


def test_a_table_of_ragged_rows_only_is_still_told_as_a_table(bring):
    brought = bring(HEADER + "a\nb\nc\n")

    assert refused(brought) == [(line, "This row has 1 cell, and the table has 2 columns.") for line in (2, 3, 4)]
    assert brought.outcome.message.startswith("No row of this table could be read. Line 2, for one:")


def test_every_cell_stays_the_text_that_it_is(bring):
    brought = bring(written([("prompt", "completion", "id"), *[(text, text, text) for text in LITERAL]]))

    assert [row.question for row in brought.rows] == LITERAL
    assert [row.answer for row in brought.rows] == LITERAL
    assert [kept["id"] for kept in extra(brought)] == LITERAL


def test_a_cell_that_holds_a_list_of_messages_is_read_as_one(bring):
    brought = bring(written([("id", "messages"), *[("1", json.dumps(MESSAGES))] * 3, ("2", "[1, 2]"), ("3", "[{")]))

    assert [message.content for message in brought.rows[0].messages] == ["a, b", 'say "c"']
    assert refused(brought) == [(line, "“messages” is not a list of messages.") for line in (5, 6)]


def test_a_table_of_messages_alone_is_read(bring):
    assert lines(bring(written([["messages"], [json.dumps(MESSAGES)]]))) == [2]


def test_tabs_between_texts_with_stray_quotation_marks_are_told_apart(bring):
    brought = bring('prompt\tcompletion\n"Hello," she said\t5" pipe\n"x\ty\n')

    assert [(row.question, row.answer) for row in brought.rows] == [('"Hello," she said', '5" pipe'), ('"x', "y")]
    assert "Quotation marks are part of the text." in notes(brought)


WITHOUT_NAMES = [
    ("What is 2+2?,4\nWhat is 3+3?,6\n", "Line 1 does not name the columns of the table: “What is 2+2?”, “4”."),
    ("1;2\n3;4\n", "Line 1 does not name the columns of the table: “1”, “2”."),
    ("2026-01-02\thello\n2026-01-03\tyou\n", "Line 1 does not name the columns of the table: “2026-01-02”, “hello”."),
    ("prompt,prompt\na,b\n", "Two columns are called “prompt”."),
    ('prompt,"completion\na,b\n"c" d,e\n', "The column names in line 1 cannot be read."),
    (HEADER.strip() + "," + ",".join(f"c{number}" for number in range(50_000)), "The table has 50,002 columns; at most 1,000 are read."),
    (HEADER, "There are no rows in this file."),
    (HEADER + ",\n\n , \n", "There are no rows in this file."),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), WITHOUT_NAMES, ids=range(len(WITHOUT_NAMES)))
def test_a_table_whose_columns_have_no_good_names_is_told_in_one_sentence(bring, content, message):
    outcome = bring(content).outcome

    assert (outcome.state, outcome.message) == ("failed", message)
    assert outcome.fix


def test_a_column_without_a_name_is_called_after_its_place(bring):
    brought = bring(",prompt,completion,\n0,a,b,c\n")

    assert extra(brought) == [{"column 1": "0", "column 4": "c"}]
    assert "column 1, prompt, completion, column 4" in notes(brought)


def test_bytes_that_are_not_utf8_are_named_within_a_table_too(bring):
    brought = bring((HEADER + "a,b\n").encode() + b'c,"d\ncaf\xe9"\n' + HEADER.encode())

    (reject,) = brought.rejects
    assert (reject.line, reject.column) == (4, 4) and "0xE9" in reject.reason and "é" in reject.fix


def test_a_raw_nul_or_return_makes_its_line_no_row(bring):
    brought = bring(HEADER + "a\0,b\nc,d\ne\rf,g\nh,i\n")

    assert lines(brought) == [3, 5]
    assert refused(brought) == [
        (2, "A raw NUL stands in this line."),
        (4, "A raw carriage return stands inside a cell."),
    ]


ONE = "A quotation mark in this row is not closed, or stands inside a cell."
SEVERAL = (
    "From here to line {} the cells cannot be told apart: a quotation mark is not closed, or stands inside a cell."
)
BROKEN_QUOTES = {
    "never closed": ('a,b\n"c,d\ne,f\ng,h\n', [2, 4, 5], [(3, ONE)]),
    "never closed, with a ragged row far below": ('"c,d\n' + "e,f\n" * 20 + "g\n", list(range(3, 23)), [(2, ONE), (23, "This row has 1 cell, and the table has 2 columns.")]),
    "closed by the next one": ('"c,d\ne,f\n"g",h\ni,j\n', [3, 4, 5], [(2, ONE)]),
    "closed by a cell of several lines": ('"c,d\ne,f\n"g\nh",i\n', [3, 4], [(2, ONE)]),
    "inside a cell": ('a,b\n"say "hi" now",d\ne,f\n', [2, 4], [(3, ONE)]),
    "inside a cell, in every row": ('"a "b" c",d\n' * 3 + "e,f\n", [5], [(2, SEVERAL.format(3)), (4, ONE)]),
    "inside a cell of several lines": ('"dear "you\nmy, friend\nand all",b\nc,d\n', [5], [(2, SEVERAL.format(4))]),
    "never closed, above prose": ('a,b\n"once upon a time\nthere was\nan end\n', [2], [(3, SEVERAL.format(5))]),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_QUOTES)
def test_a_quotation_mark_out_of_place_costs_its_row_and_makes_no_row_of_what_it_leaves(bring, name):
    content, kept, reasons = BROKEN_QUOTES[name]
    brought = bring(HEADER + content)

    assert lines(brought) == kept
    assert refused(brought) == reasons


def test_a_quotation_mark_that_would_swallow_a_large_file_costs_one_row(bring):
    brought = bring(HEADER + '"a,b\n' + f"{'c' * 500},{'d' * 500}\n" * 11_000)

    assert refused(brought) == [(2, ONE)]
    assert brought.result["rows"] == 11_000 and brought.result["bytes"] > LONGEST_LINE


@pytest.mark.parametrize(
    "cell", ["x" * (LONGEST_LINE + 5), f"{'line' * 500}\n" * (LONGEST_LINE // 1900)], ids=["one line", "many"]
)
def test_a_cell_that_is_far_too_long_is_refused_and_the_next_row_is_read(bring, cell):
    brought = bring(written([("prompt", "completion"), ("a", "b"), (cell, "c"), ("d", "e")]))

    (reject,) = brought.rejects
    assert reject.line == 3 and len(reject.text) == 2000
    assert [row.line - 4 for row in brought.rows] == [-2, cell.count("\n")]


def test_a_cell_of_a_megabyte_is_read(bring):
    brought = bring(written([("prompt", "completion"), ("line\n" * 200_000, "b"), ("c", "d")]))

    assert lines(brought) == [2, 200_003]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text('",\n ab\r;\t', max_size=60))
def test_whatever_stands_below_the_names_every_line_is_accounted_for_in_order(tmp_path, text):
    path = tmp_path / "source"
    path.write_text(HEADER + text, newline="")
    found = list(entries(path, Dialect(","), tell=lambda _: None))

    numbers = [entry.line for entry in found]
    assert numbers == sorted(set(numbers)) and all(number >= 2 for number in numbers)
    assert not found or found[-1].done == path.stat().st_size
    kept = sum(len(entry.raw.strip()) for entry in found)
    assert kept >= len(re.sub(r'[",\s]', "", text))


# Excel


def workbook(fill: Callable[[Any], None]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    fill(book)
    book.save(target)
    return target.getvalue()


def sheet(*rows: Iterable[Any]) -> bytes:
    def fill(book: Any) -> None:
        for row in rows:
            book.active.append(row)

    return workbook(fill)


def part_changed(content: bytes, part: str, change: Callable[[str], str | None]) -> bytes:
    """The workbook with one of its parts rewritten, or left out."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            text = old.read(name)
            changed = change(text.decode()) if name == part else text
            if changed is not None:
                new.writestr(name, changed)
    return target.getvalue()


NAMES = ("prompt", "completion")
PLAIN = sheet(NAMES, ("a", "b"), ("c", "d"))
FIRST_SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
IN_PLACE = re.compile(r't="inlineStr"><is><t[^>]*>([^<]*)</t></is>')
STRINGS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
STRINGS_SPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def shared(strings: Callable[[str], str | None] = str, **changed: str) -> bytes:
    """The plain workbook with its texts in a part of their own, as Excel writes them."""
    texts: list[str] = []

    def pointed(found: re.Match[str]) -> str:
        texts.append(f"<si><t>{found[1]}</t></si>")
        return f't="s"><v>{changed.get(found[1], len(texts) - 1)}</v>'

    content = part_changed(PLAIN, FIRST_SHEET, lambda text: IN_PLACE.sub(pointed, text))
    listed = f'<Override PartName="/{STRINGS}" ContentType="{STRINGS_TYPE}"/></Types>'
    content = part_changed(content, "[Content_Types].xml", lambda text: text.replace("</Types>", listed))
    part = strings(f'<sst xmlns="{STRINGS_SPACE}">{"".join(texts)}</sst>')
    target = io.BytesIO(content)
    if part is not None:
        with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(STRINGS, part)
    return target.getvalue()


def test_texts_that_stand_in_a_part_of_their_own_are_read(bring):
    assert [(row.question, row.answer) for row in bring(shared()).rows] == [("a", "b"), ("c", "d")]


def test_the_line_of_a_row_is_its_number_in_the_sheet(bring):
    def fill(book: Any) -> None:
        for place, value in {"B3": "prompt", "C3": "completion", "B4": "a", "C4": "b", "B7": "c", "C7": "d"}.items():
            book.active[place] = value
        book.active["B900"].number_format = "0.00"  # formatted, and blank

    brought = bring(workbook(fill))

    assert lines(brought) == [4, 7]
    assert (brought.result["rejects"], brought.result["blank_lines"]) == (0, 2)


def test_cells_are_read_as_the_sheet_shows_them(bring):
    moment = datetime.datetime.fromisoformat("2026-03-04T10:05:00")
    cells = [
        (5.0, "General", "5"), (5, "General", "5"), (0.1 + 0.2, "General", "0.3"), (1234567.25, "General", "1234567.25"),
        (123456789012, "General", "123456789012"), (7, "000", "007"), (2.5, "0.00", "2.50"),
        (-2.5, "0.00", "-2.50"), (3.14159, "0.00", "3.14159"), (0.3, "0%", "30%"), (0.123, "0%", "0.123"),
        (1234.5, "#,##0.00 €", "1234.5"), (True, "General", "TRUE"), (moment, "yyyy-mm-dd hh:mm", "2026-03-04T10:05:00"),
        (moment.date(), "dd.mm.yyyy", "2026-03-04"), (moment.time(), "hh:mm", "10:05:00"), ("007", "@", "007"),
        ("2026-03-04", "@", "2026-03-04"), (" a\nb ", "@", " a\nb "), ("NA", "@", "NA"), ("a_x000D_\nb", "@", "a\r\nb"),
    ]  # fmt: skip

    def fill(book: Any) -> None:
        book.active.append((*NAMES, "shown"))
        for number, (value, pattern, _) in enumerate(cells, 2):
            book.active.append(("a", f"b{number}", value))
            book.active.cell(number, 3).number_format = pattern

    brought = bring(workbook(fill))

    assert [kept["shown"] for kept in extra(brought)] == [shown for *_, shown in cells]


def test_formulas_give_their_last_result_and_one_without_any_is_missing(bring):
    formulas = sheet(NAMES, ("a", "=1+1"), ("b", "=2+2"))
    brought = bring(
        part_changed(formulas, FIRST_SHEET, lambda text: text.replace("<f>1+1</f><v></v>", "<f>1+1</f><v>2</v>", 1).replace("<f>1+1</f><v />", "<f>1+1</f><v>2</v>", 1))
    )  # fmt: skip

    assert [(row.line, row.answer) for row in brought.rows] == [(2, "2")]
    assert refused(brought) == [(3, "The field “completion” is null.")]


def test_a_cell_that_shows_an_error_makes_its_row_no_row(bring):
    brought = bring(sheet(NAMES, ("a", "#N/A"), ("b", "c"), ("d", "#REF!")))

    assert lines(brought) == [3]
    assert refused(brought) == [
        (2, "The cell in “completion” shows an error (#N/A)."),
        (4, "The cell in “completion” shows an error (#REF!)."),
    ]


def test_a_row_with_cells_beyond_the_named_columns_is_refused_with_both_counts(bring):
    brought = bring(sheet(NAMES, ("a", "b", None, "c"), ("d", "e", " "), ("f", "g")))

    assert lines(brought) == [3, 4]
    assert refused(brought) == [(2, "This row has 4 cells, and the table has 2 columns.")]


def test_the_first_sheet_with_data_is_read_and_named_when_there_are_several(bring):
    def fill(book: Any) -> None:
        book.active.title = "Cover"
        for title in ("Examples", "More"):
            examples = book.create_sheet(title)
            examples.append(NAMES)
            examples.append((f"from {title}", "b"))

    brought = bring(workbook(fill))

    assert [row.question for row in brought.rows] == ["from Examples"]
    assert "The workbook has 3 sheets; the first with data was read: Examples." in notes(brought)
    assert "sheets" not in notes(bring(PLAIN))


def test_a_cell_of_a_sheet_may_hold_a_list_of_messages(bring):
    brought = bring(sheet(("messages",), (json.dumps(MESSAGES),)))

    assert [message.content for message in brought.rows[0].messages] == ["a, b", 'say "c"']


LAUGHS = "".join(f'<!ENTITY {name} "{f"&{before};" * 20}">' for before, name in itertools.pairwise("abcdefgh"))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "{"ha" * 50}">{LAUGHS}]>'
FROM_A_FILE = '<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
BROKEN = "This workbook is damaged, or is no Excel workbook."
NO_WORKBOOKS = {
    "cut off": (PLAIN[:-40], "The packed file is damaged or was cut off."),
    "with entities that grow without end": (shared(lambda text: LAUGHS + text.replace("<t>a<", "<t>&h;<")), BROKEN),
    "with an entity from a file": (shared(lambda text: FROM_A_FILE + text.replace("<t>a<", "<t>&x;<")), BROKEN),
    "whose sheet is no XML": (part_changed(PLAIN, FIRST_SHEET, lambda text: text[:-60]), BROKEN),
    "whose texts are missing": (shared(lambda _: None), BROKEN),
    "whose workbook part is missing": (part_changed(PLAIN, "xl/workbook.xml", lambda _: None), BROKEN),
    "that points beyond its texts": (shared(c="99"), BROKEN),
    "with a number of 5,000 digits": (part_changed(sheet(NAMES, ("a", 123454321)), FIRST_SHEET, lambda text: text.replace("123454321", "9" * 5000)), BROKEN),
    "with a row beyond the last": (part_changed(PLAIN, FIRST_SHEET, lambda text: text.replace('<row r="3"', '<row r="99999999999"')), "The sheet has more rows than a sheet can have."),
    "without data": (sheet(), "The workbook has no data in any sheet."),
    "with a title above the names": (sheet(("Examples of May",), (), NAMES, ("a", "b")), "Line 1 names one column only: “Examples of May”."),
    "without column names": (sheet(("What is 2+2?", 4), ("What is 3+3?", 6)), "Line 1 does not name the columns of the table: “What is 2+2?”, “4”."),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_WORKBOOKS)
def test_a_workbook_that_cannot_be_trusted_is_refused_in_one_sentence(bring, name):
    content, message = NO_WORKBOOKS[name]
    outcome = bring(content).outcome

    assert (outcome.state, outcome.message) == ("failed", message)
    assert outcome.fix


def test_a_workbook_that_says_it_is_larger_than_it_is_is_read(bring):
    lying = part_changed(PLAIN, FIRST_SHEET, lambda text: re.sub('ref="[^"]*"', 'ref="A1:XFD1048576"', text))

    assert lines(bring(lying)) == [2, 3]


def test_macros_are_not_run_and_their_workbook_is_read(bring):
    kind = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    changed = part_changed(
        PLAIN, "[Content_Types].xml", lambda text: re.sub(r"application/[^\"]*sheet\.main\+xml", kind, text)
    )

    assert kind.encode() in zipfile.ZipFile(io.BytesIO(changed)).read("[Content_Types].xml")
    assert lines(bring(changed)) == [2, 3]


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("word/document.xml", "This is a Word document."),
        ("ppt/presentation.xml", "This is a PowerPoint presentation."),
        ("xl/workbook.bin", "This is an Excel workbook in the binary format (.xlsb)."),
        ("other.xml", BROKEN),
    ],
)
def test_other_office_files_are_told_by_name(bring, part, message):
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(part, "<a/>")

    assert bring(target.getvalue()).outcome.message == message


def test_a_workbook_that_would_fill_the_memory_is_not_opened(bring):
    target = io.BytesIO(PLAIN)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("xl/media/one", b"\0" * 60_000_000)
    times = bring(target.getvalue()).outcome.message
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.infolist()[-1].file_size = 300_000_000
        archive.writestr("xl/media/two", b"")

    assert times == "What is inside this file is more than 200 times as large as the file itself."
    assert bring(target.getvalue()).outcome.message == "A workbook with more than 256 MB inside is not read."


# Parquet


def records(table: pa.Table, **options: Any) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target, **options)
    return target.getvalue()


PAIRS = records(pa.table({"prompt": [f"p{n}" for n in range(600)], "completion": ["c"] * 600}), row_group_size=100)


def test_the_line_of_a_record_is_its_number(bring):
    brought = bring(PAIRS)

    assert lines(brought) == list(range(1, 601))
    assert brought.rows[599].question == "p599"


def test_messages_are_read_as_they_are_and_nulls_as_null(bring):
    table = pa.table({"messages": [MESSAGES, None, MESSAGES], "id": pa.array([1, 2, None])})
    brought = bring(records(table))

    assert [message.content for message in brought.rows[0].messages] == ["a, b", 'say "c"']
    assert (lines(brought), refused(brought)) == ([1, 3], [(2, "The field “messages” is null.")])
    assert extra(brought) == [{"id": "1"}, {}]


def test_values_of_every_kind_are_kept_as_text(bring):
    table = pa.table(
        {
            **{name: ["a"] for name in NAMES},
            "when": [datetime.datetime.fromisoformat("2026-01-02T03:04:05")],
            "exact": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns", "UTC")),
            "day": [datetime.date(2026, 1, 2)],
            "price": [decimal.Decimal("1.20")],
            "large": pa.array([2**64 - 1], pa.uint64()),
            "bytes": [b"caf\xc3\xa9"],
            "short": pa.DictionaryArray.from_arrays(pa.array([0]), ["x"]),
            "pairs": pa.array([[("k", 1), ("k", 2)]], pa.map_(pa.string(), pa.int64())),
            "text": ["007"],
        }
    )

    assert extra(bring(records(table))) == [
        {
            "when": "2026-01-02T03:04:05",
            "exact": "2023-11-14T22:13:20.123456789+00:00",
            "day": "2026-01-02",
            "price": "1.20",
            "large": "18446744073709551615",
            "bytes": "café",
            "short": "x",
            "pairs": '[["k",1],["k",2]]',
            "text": "007",
        }
    ]


def test_a_value_that_cannot_be_text_makes_its_record_no_row(bring):
    no_text = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.array([0, 1, 2, 3], pa.int32()).buffers()[1], pa.py_buffer(b"a\xffb")]
    )
    table = pa.table({"prompt": no_text, "completion": ["x", "y", "z"], "raw": [b"a", b"b", b"\xff"]})
    brought = bring(records(table))

    assert lines(brought) == [1]
    assert refused(brought) == [(line, "This value cannot be read.") for line in (2, 3)]


def nested(depth: int) -> pa.Table:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return pa.table({"prompt": ["a", "b"], "completion": ["c", "d"], "deep": [value, None]})


def test_what_a_file_says_of_itself_is_not_obeyed(bring):
    hostile = {b"pandas": b'{"index_columns": ' * 9999, b"huggingface": b"\x80\x04cos\nsystem\n."}
    table = pa.table({name: ["a"] for name in NAMES}).replace_schema_metadata(hostile)
    field = pa.field(
        "x",
        pa.string(),
        metadata={"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": "\x80\x04."},
    )
    table = table.append_column(field, [["y"]])

    assert lines(bring(records(table))) == [1]


CHECKED = records(
    pa.table({"prompt": ["unmistakable"], "completion": ["c"]}), compression="none", write_page_checksum=True
)
PARQUET_BROKEN = "This Parquet file is damaged, was cut off, or holds something that is not read."
NO_PARQUET = {
    "cut off": (PAIRS[:-5], PARQUET_BROKEN),
    "beginning only": (b"PAR1", PARQUET_BROKEN),
    "nothing but its marks": (b"PAR1" + b"\0" * 60 + b"PAR1", PARQUET_BROKEN),
    "with a footer of 2 GB": (PAIRS[:-8] + b"\xff\xff\xff\x7fPAR1", PARQUET_BROKEN),
    "with a broken page": (PAIRS[:8] + b"\xff" * 40 + PAIRS[48:], PARQUET_BROKEN),
    "with a wrong checksum": (CHECKED.replace(b"unmistakable", b"unmistakeble"), PARQUET_BROKEN),
    "with another name twice": (records(pa.table([["a"], ["b"], ["c"]], names=["prompt", "completion", "prompt"])), "Two columns are called “prompt”."),
    "with 1,001 columns": (records(pa.table({f"c{number}": ["x"] for number in range(1001)})), "The table has 1,001 columns; at most 1,000 are read."),
    "without records": (records(pa.table({"prompt": pa.array([], pa.string())})), "There are no rows in this file."),
    "nested 200 deep": (records(nested(200)), PARQUET_BROKEN),
    "encrypted": (b"PARE" + PAIRS[4:-4] + b"PARE", "This is an encrypted Parquet file."),
    "one text a thousandfold": (
        records(pa.table({"prompt": pa.DictionaryArray.from_arrays(pa.array([0] * 2000), ["x" * 100_000]), "completion": ["y"] * 2000})),
        "What is inside this file is more than 200 times as large as the file itself.",
    ),
    "a page that unpacks to far more": (
        records(pa.table({"prompt": ["x" * 100_000] * 2000, "completion": ["y"] * 2000}), use_dictionary=False, compression="zstd"),
        "What is inside this file is more than 200 times as large as the file itself.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_PARQUET)
def test_a_parquet_file_that_cannot_be_trusted_is_refused_in_one_sentence(bring, name):
    content, message = NO_PARQUET[name]
    outcome = bring(content).outcome

    assert (outcome.state, outcome.message) == ("failed", message)
    assert outcome.fix


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "brotli", "lz4"])
def test_every_usual_compression_of_parquet_is_read(bring, compression):
    table = pa.table({"prompt": ["a", "b"], "completion": ["c", "d"]})

    assert lines(bring(records(table, compression=compression, row_group_size=1))) == [1, 2]


# The same real rows in every kind of file


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    cells = [[held if isinstance(held, str) else json.dumps(held) for held in row.values()] for row in rows]
    return written([rows[0].keys(), *cells]).encode()


def as_workbook(rows: list[dict[str, Any]]) -> bytes:
    def fill(book: Any) -> None:
        for row in csv.reader(io.StringIO(as_csv(rows).decode(), newline="")):
            book.active.append(row)

    return workbook(fill)


KINDS = {"csv": as_csv, "xlsx": as_workbook, "parquet": lambda rows: records(pa.Table.from_pylist(rows))}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["alpaca_en_demo.json", "identity.json", "glaive_toolcall_en_demo.json"])
def test_the_rows_of_a_real_file_are_the_same_in_every_kind_of_file(bring, foreign, name, kind):
    rows = json.loads((foreign / name).read_text())
    if kind == "xlsx":
        rows = [row for row in rows if all(len(json.dumps(held)) < 32_000 for held in row.values())]
    first, brought = bring(rows), bring(KINDS[kind](rows))

    assert [row.messages for row in brought.rows] == [row.messages for row in first.rows]
    assert len(brought.rejects) == len(first.rejects)
    assert [row.line for row in brought.rows][:1] == [first.rows[0].line + (kind != "parquet")]
