"""Carets: every refused line shows what is written there, with the place of what is wrong, in whatever file."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from studio.data.locating import value_at
from studio.domain.dataset import Reject
from tests.data.conftest import Bring, pair

GOOD = json.dumps(pair("first", "1"))


def told(reject: Reject) -> tuple[int, int | None, str]:
    """Line, column, and what is written there with the place in ⟦brackets⟧."""
    assert reject.excerpt is not None
    return reject.line, reject.column, f"{reject.excerpt.before}⟦{reject.excerpt.at}⟧{reject.excerpt.after}"


def only(bring: Bring, content: str | bytes) -> tuple[int, int | None, str]:
    (reject,) = bring(content).rejects
    return told(reject)


def test_the_place_of_a_wrong_sign_is_shown_in_its_line(bring) -> None:
    assert only(bring, GOOD + '\n{"prompt": "漢😀é",, "completion": "b"}') == (
        2, 18, '{"prompt": "漢😀é",⟦,⟧ "completion": "b"}',
    )  # fmt: skip


def test_a_line_that_ends_too_early_is_shown_at_its_end(bring) -> None:
    line, column, shown = only(bring, GOOD + '\n{"prompt": "a"')
    assert (line, column) == (2, 15) and shown == '{"prompt": "a"⟦⟧'


def test_a_place_far_into_a_long_line_is_shown_with_what_is_around_it(bring) -> None:
    line = json.dumps(pair("x" * 30_000, "b"))[:-1] + ', "n": NaN, "m": "' + "y" * 30_000 + '"}'
    number, column, shown = only(bring, f"{GOOD}\n{line}")
    assert (number, column) == (2, line.index("NaN") + 1)
    assert shown.startswith("…xxx") and '"n": ⟦N⟧aN, "m"' in shown and shown.endswith("yyy…")


def test_a_wrong_value_is_marked_whole(bring) -> None:
    rows = [pair("a", None), pair(" ", "b"), {"prompt": "a"}, pair("a", ["b"])]
    brought = bring(GOOD + "\n" + "\n".join(map(json.dumps, rows)))
    assert [told(reject) for reject in brought.rejects] == [
        (2, 31, '{"prompt": "a", "completion": ⟦null⟧}'),
        (3, 12, '{"prompt": ⟦" "⟧, "completion": "b"}'),
        (4, 1, '⟦{⟧"prompt": "a"}'),
        (5, 31, '{"prompt": "a", "completion": ⟦[⟧"b"]}'),
    ]


def test_of_a_conversation_the_message_that_is_wrong_is_marked(bring) -> None:
    turns = [("user", "a"), ("user", "b"), ("assistant", "c")]
    messages = [{"role": role, "content": content} for role, content in turns]
    good = json.dumps({"messages": messages[1:]})
    (reject,) = bring(good + "\n" + json.dumps({"messages": messages})).rejects
    _, _, shown = told(reject)
    assert reject.field == "messages[1]" and '⟦{⟧"role": "user", "content": "b"}' in shown


@pytest.mark.parametrize("broken", ['"completion": b\n', '"completion": 5\n'])
def test_in_json_that_is_spread_over_lines_the_very_line_is_shown(bring, broken: str) -> None:
    rows = json.dumps([pair("first", "1"), pair("a", "b"), pair("c", "d")], indent=2)
    line, column, shown = only(bring, rows.replace('"completion": "b"\n', broken))
    assert (line, column) == (8, 19) and shown == f'    "completion": ⟦{broken[-2]}⟧'


def test_in_a_list_on_one_line_columns_count_from_its_beginning(bring) -> None:
    assert only(bring, f'[{GOOD}, {{"prompt": "a", "completion": null}}]')[1] == len(GOOD) + 34


def test_a_cell_of_a_table_is_marked_as_it_is_written(bring) -> None:
    table = 'prompt,completion,note\nfirst,1,\n"a, ""b""",,x\n漢,"two\nlines",y,z\nc,"d\ne,f,g\n'
    assert [told(reject) for reject in bring(table).rejects] == [
        (3, 12, '"a, ""b""",⟦⟧,x'),
        (5, 10, 'lines",y,⟦z⟧'),
        (6, 3, 'c,⟦"⟧d'),
    ]


def test_messages_in_a_cell_that_are_wrong_are_marked_by_their_cell(bring) -> None:
    good = json.dumps([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}])
    cells = [good.replace('"', '""'), '[{""role"": ""user""}]']
    (reject,) = bring("id,messages\n" + "".join(f'{n},"{cell}"\n' for n, cell in enumerate(cells))).rejects
    assert told(reject) == (3, 3, '1,⟦"[{""role"": ""user""}]"⟧')


def test_columns_are_those_of_the_characters_in_whatever_encoding(bring) -> None:
    text = GOOD + '\n{"prompt": "größe", "completion": b}'
    expected = (2, 35, '{"prompt": "größe", "completion": ⟦b⟧}')
    assert only(bring, text.encode("utf-16")) == expected
    assert only(bring, b"\xef\xbb\xbf" + text.encode()) == expected


def test_a_character_that_is_not_utf_8_is_marked_where_it_stands(bring) -> None:
    assert only(bring, GOOD.encode() + b'\n{"prompt": "\xc3\xb6\xe9", "completion": "b"}') == (
        2, 14, '{"prompt": "ö⟦�⟧", "completion": "b"}',
    )  # fmt: skip


def sheet(*rows: list[str]) -> bytes:
    book, held = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.active["A4"] = "#REF!"  # type: ignore[index]
    book.save(held)
    return held.getvalue()


def test_in_a_sheet_the_cell_is_named_and_marked_in_its_row(bring) -> None:
    brought = bring(sheet(["prompt", "completion"], ["a", "b"], [" ", "c"], ["d", "e"], ["f", "g", "h"]))
    assert [(reject.cell, reject.field, *told(reject)) for reject in brought.rejects] == [
        ("A3", "prompt", 3, None, '{"prompt":⟦" "⟧,"completion":"c"}'),
        ("A4", "prompt", 4, None, '{"prompt":⟦"#REF!"⟧,"completion":"e"}'),
        ("C5", "column 3", 5, None, '{"prompt":"f","completion":"g","column 3":⟦"h"⟧}'),
    ]
    assert brought.rejects[0].place == "line 3, cell A3"


def test_in_a_parquet_file_the_value_is_marked_in_its_record(bring) -> None:
    held, far = io.BytesIO(), 2**60
    times = pa.array([far, 0, 0], pa.timestamp("us"))
    pq.write_table(pa.table({"prompt": ["a", "b", "c"], "completion": ["d", None, "e"], "at": times}), held)
    assert [(reject.field, *told(reject)) for reject in bring(held.getvalue()).rejects] == [
        ("at", 1, None, '{"prompt":"a","completion":"d","at":⟦"�"⟧}'),
        ("completion", 2, None, '{"prompt":"b","completion":⟦null⟧,"at":"1970-01-01T00:00:00"}'),
    ]


@pytest.mark.parametrize(
    ("field", "marked"),
    [("a.b[1].c", '"x"'), ("a.b[1].d", "{"), ("a.b[9]", "["), ("x.y", "1"), ("n", "{"), ("s.t", '"{}"'), ("q", '"q"')],
)
def test_a_field_is_found_by_its_path_and_a_missing_one_by_what_it_is_missing_in(field: str, marked: str) -> None:
    text = ' {"a": {"b": [0, {"c": "x"}]}, "x.y": 1, "x": {}, "s": "{}", "q": 1, "q": 2}'
    place = value_at(text, field)
    assert place is not None and text[place.start : place.end] == marked


def test_in_what_is_not_json_no_field_is_looked_for() -> None:
    assert value_at("{'a': 1}", "a") is None and value_at("", "a") is None
