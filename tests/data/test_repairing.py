"""Repairing: a broken row comes back as it was or not at all, and a good one is never touched."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from studio.data.parsing import parse_object
from studio.data.repairing import Repair, mended, mended_by
from tests.data.conftest import pair

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
TRICKY = st.sampled_from(
    ["it's", '"', "\\", "C:\\new\\dir", "{a: 1,}", ",]", "None", "NaN, True", "“ja”, b", "//", "x', 'y", "\t", "\r\n"]
)
TEXTS = TEXT | TRICKY | st.lists(TRICKY | TEXT, max_size=3).map("".join)
LEAVES = (
    TEXTS | st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False)
)
NAMES = st.sampled_from(["prompt", "completion", "messages", "role_2", "it's", "True", "a b", "é", "$x"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
OBJECTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)
STRING = rb'"(?:[^"\\]|\\.)*"'


@st.composite
def lines(draw: st.DrawFn, objects: st.SearchStrategy[dict[str, Any]] = OBJECTS) -> bytes:
    """A good row, spaced and escaped in one of the usual ways."""
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" , ", " : ")]))
    return json.dumps(draw(objects), ensure_ascii=draw(st.booleans()), separators=separators).encode()


def outside(raw: bytes, pattern: bytes, new: bytes) -> bytes:
    """The row with what stands outside its texts replaced."""
    return re.sub(STRING + b"|" + pattern, lambda m: m[0] if m[0][:1] == b'"' else m.expand(new), raw, flags=re.DOTALL)


def inside(raw: bytes, pattern: bytes, new: Any) -> bytes:
    return re.sub(STRING, lambda text: re.sub(pattern, new, text[0], flags=re.DOTALL), raw, flags=re.DOTALL)


def unquoted(raw: bytes) -> bytes:
    return re.sub(rb'"([A-Za-z_$][A-Za-z0-9_$]*)"(?=\s*:)|' + STRING, lambda m: m[1] or m[0], raw, flags=re.DOTALL)


RAW = {b"\\t": b"\t", b"\\r": b"\r", b"\\b": b"\b", b"\\f": b"\f", b"\\u0001": b"\x01"}
# The repair, how a row is broken, and what the row holds beside all else, so that there is something to break.
SAME_BYTES = {
    "comma after the row": (Repair.COMMA_AFTER, lambda raw: raw + b",", ""),
    "trailing comma": (Repair.TRAILING_COMMA, lambda raw: outside(raw, rb"(?<![\[{ ])(?=[\]}])", b","), ""),
    "names unquoted": (Repair.UNQUOTED_NAME, unquoted, ""),
    "None and True": (
        Repair.FOREIGN_WORD,
        lambda raw: outside(outside(raw, rb"\bnull\b", b"None"), rb"\btrue\b", b"True"),
        [None, True],
    ),
    "NaN": (Repair.FOREIGN_WORD, lambda raw: outside(raw, rb"\bnull\b", b"NaN"), None),
    "infinite": (Repair.FOREIGN_WORD, lambda raw: outside(raw, rb"\bnull\b", b"-Infinity"), None),
    "control characters": (
        Repair.CONTROL_CHARACTER,
        lambda raw: inside(raw, rb"\\(?:u0001|.)", lambda m: RAW.get(m[0], m[0])),
        "\t\x01\\",
    ),
    "byte order mark": (Repair.BYTE_ORDER_MARK, lambda raw: b"\xef\xbb\xbf" + raw, ""),
    "backslashes undoubled": (
        Repair.BACKSLASH,
        lambda raw: inside(raw, rb"\\(.)", lambda m: m[0][:1] if m[1] == b"\\" else m[0]),
        "C:\\dir",
    ),
}


@settings(max_examples=60, deadline=None)
@given(raw=lines())
def test_a_good_row_is_never_changed(raw: bytes) -> None:
    assume(b"\\u0000" not in raw)  # an escaped NUL makes it no good row
    assert isinstance(parse_object(raw), dict)
    assert [kind for kind in Repair if mended_by(raw, kind)] == []
    assert mended(raw) is None


@pytest.mark.parametrize("fault", SAME_BYTES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_a_broken_row_comes_back_byte_for_byte_or_not_at_all(fault: str, data: st.DataObject) -> None:
    kind, break_it, held = SAME_BYTES[fault]
    raw = data.draw(lines(OBJECTS.map(lambda value: {**value, "held": held})))
    broken = break_it(raw)
    assert not isinstance(parse_object(broken), dict)
    found = mended(broken)
    assert found is None or (found.kind, [row.raw for row in found.rows]) == (kind, [raw])


@pytest.mark.parametrize("fault", SAME_BYTES)
def test_a_broken_row_with_nothing_else_unusual_comes_back(fault: str) -> None:
    kind, break_it, held = SAME_BYTES[fault]
    raw = json.dumps(pair("a", "b", held=held)).encode()
    found = mended(break_it(raw))
    assert found is not None and (found.kind, [row.raw for row in found.rows]) == (kind, [raw])


@settings(max_examples=80, deadline=None)
@given(value=OBJECTS)
def test_a_row_as_python_prints_it_says_the_same_after_the_repair(value: dict[str, Any]) -> None:
    broken = repr(value).encode()
    assume("'" in repr(value) and not isinstance(parse_object(broken), dict))
    found = mended(broken)
    assert found is None or [row.value for row in found.rows] == [parse_object(json.dumps(value).encode())]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(raw=lines(), marks=st.sampled_from(["“”", "„“", "««", "»«", "‘’"]))
def test_typographic_marks_around_texts_give_way_to_straight_ones(raw: bytes, marks: str) -> None:
    """A row whose texts hold such marks themselves cannot be told from another row, and is not asked for here."""
    assume(not re.search("[“”„‟«»‘’‚‛]|\\\\u20|\\\\u00[ab]b", raw.decode()))
    broken = re.sub(STRING.decode(), lambda m: marks[0] + m[0][1:-1] + marks[1], raw.decode(), flags=re.DOTALL).encode()
    found = mended(broken)
    assert found is None or [row.raw for row in found.rows] == [raw]


WESTERN = st.text(st.characters(codec="cp1252"), max_size=12)


@settings(max_examples=100, deadline=None)
@given(
    value=st.dictionaries(st.just("prompt") | WESTERN, WESTERN, min_size=1, max_size=3),
    alone=st.booleans(),
    data=st.data(),
)
def test_windows_1252_is_read_as_it_was_meant_or_not_at_all(
    value: dict[str, str], alone: bool, data: st.DataObject
) -> None:
    """The whole row in Windows-1252, or one character of it alone."""
    raw = json.dumps({**value, "note": "é"}, ensure_ascii=False)
    odd = [place for place, character in enumerate(raw) if ord(character) > 127]
    place = data.draw(st.sampled_from(odd))
    broken = (
        raw[:place].encode() + raw[place].encode("cp1252") + raw[place + 1 :].encode()
        if alone
        else raw.encode("cp1252")
    )
    assume(not isinstance(parse_object(broken), dict))
    found = mended(broken)
    assert found is None or [row.raw for row in found.rows] == [raw.encode()]


@settings(max_examples=50, deadline=None)
@given(before=TEXTS, after=TEXTS, half=st.sampled_from([b"\\ud83d", b"\\uDE00", b"\\udfff"]))
def test_half_a_character_becomes_the_sign_for_one_and_all_else_stays(before: str, after: str, half: bytes) -> None:
    raw = json.dumps(pair(f"{before}\ue000{after}", "b")).encode().replace(b"\\ue000", half, 1)
    assume("\ue000" not in before)
    found = mended(raw)
    assert found is not None and found.kind is Repair.HALF_CHARACTER
    assert [row.value for row in found.rows] == [pair(f"{before}\ufffd{after}", "b")]


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(lines(), min_size=2, max_size=3), between=st.sampled_from([b"", b" ", b",", b", "]))
def test_rows_on_one_line_come_apart_byte_for_byte(rows: list[bytes], between: bytes) -> None:
    found = mended(between.join(rows))
    assert found is not None and found.kind is Repair.SEVERAL_ROWS
    assert [row.raw for row in found.rows] == rows


@settings(max_examples=60, deadline=None)
@given(raw=lines(), data=st.data())
def test_a_row_that_was_cut_off_is_never_made_up(raw: bytes, data: st.DataObject) -> None:
    assert mended(raw[: data.draw(st.integers(0, len(raw) - 1))]) is None


@settings(max_examples=50, deadline=None)
@given(junk=st.binary(max_size=60) | st.text("{}[]\"'“”:,\\ abuNone1\t\r", max_size=40).map(str.encode))
def test_whatever_the_line_a_repair_is_a_row_or_nothing(junk: bytes) -> None:
    for kind in Repair:
        found = mended_by(junk, kind)
        assert found is None or all(parse_object(row.raw) == row.value for row in found.rows)


UNSURE = {
    "a field twice": '{"prompt": "a", "prompt": "b",}',
    "a field twice in Python": "{'prompt': 'a', 'prompt': 'b'}",
    "two texts side by side in Python": "{'a': 'don''t'}",
    "an apostrophe that ends the text": "{'a': 'it's'}",
    "a tuple": "{'a': ('b',)}",
    "a set": "{'a': {1}}",
    "a backslash that Python would warn of": "{'a': '\\d'}",
    "an escape that JSON and Python read differently": "{'a': \"\\ud83d\\ude00\"}",
    "a Windows path with \\n in it": '{"a": "C:\\new\\dir"}',
    "a backslash beside one that is doubled": '{"a": "\\\\server\\dir"}',
    "an escape of JavaScript": '{"a": "\\x41"}',
    "an apostrophe escaped": '{"a": "it\\\'s"}',
    "a control character after a backslash": '{"a": "x\\\ty"}',
    "a value left out": '{"a": [1,,]}',
    "a comma alone": '{"a": [,]}',
    "two commas after": '{"a": 1},,',
    "typographic marks within the text": "{“a”: “he said “no”, and left”}",
    "a straight mark within typographic ones": '{“a”: “he said "no"”}',
    "nested 65 deep, and a comma": '{"a":' * 65 + "1" + "}" * 65 + ",",
    "two lists": "[1][2]",
    "something after the row": '{"a": 1} x',
}


@pytest.mark.parametrize("fault", UNSURE)
def test_what_can_be_read_in_two_ways_is_left_to_a_person(fault: str) -> None:
    assert mended(UNSURE[fault].encode()) is None


def test_the_remains_of_a_character_cut_in_two_are_not_read_as_windows_1252() -> None:
    assert mended('{"a": "€"}'.encode().replace(b"\x82\xac", b"\x82")) is None


def test_a_line_of_two_encodings_is_repaired_only_where_no_other_reading_is_possible() -> None:
    assert mended('{"a": "caf\udce9 é"}'.encode("utf-8", "surrogateescape")) is None
    found = mended('{"a": "caf\udce9 ”"}'.encode("utf-8", "surrogateescape"))  # 0x9D of ” is nothing in Windows-1252
    assert found is not None and found.text == '{"a": "café ”"}'


ENDLESS = {
    "quotation marks escaped": '{"a": "' + 'x\\" ' * 200_000,
    "a backslash last": '{"a": "' + 'x\\" ' * 200_000 + "\\",
    "apostrophes escaped": "{'a': '" + "x\\' " * 50_000,
    "typographic marks escaped": "{“a”: “" + "x\\” " * 100_000,
    "typographic marks escaped, then a straight one": "{“a”: “" + "x\\” " * 100_000 + '"',
    "commas": "{" + ", " * 400_000,
    "names": "{" + "a," * 400_000,
    "backslashes": '{"a": "' + "\\" * 800_001,
    "empty rows": "{}" * 400_000,
    "numbers": "1 " * 400_000,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ENDLESS)
def test_a_long_line_that_cannot_be_mended_is_given_up_after_one_look(kind: str) -> None:
    """Looking again from every mark on would take hours."""
    assert mended(ENDLESS[kind].encode()) is None


def test_a_python_row_of_more_than_a_megabyte_is_left_alone() -> None:
    assert mended(repr({"a": "x" * 2**20}).encode()) is None
    assert mended(repr({"a": "x" * 2**19}).encode()) is not None


def test_blanks_and_numbers_of_a_python_row_stay_as_they_were_written() -> None:
    found = mended(b"{ 'a' : 123456789012345678901234567890,  'b': [1.50, None, ], }")
    assert found is not None and found.text == '{ "a" : 123456789012345678901234567890,  "b": [1.50, null ] }'
