"""Malformed: every way in which uploads are known to be broken; what is said of it, and what a repair makes of it.

Good rows stay whatever stands beside them, and what was repaired is the row that a careful writer would have written.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from studio.data.ingest import ingest
from studio.data.offers import offers_from
from studio.data.repairing import Repair
from tests.data.conftest import Brought, ListReporter, pair

FIRST, LAST = '{"prompt": "first", "completion": "1"}', '{"prompt": "last", "completion": "2"}'
GOOD = '{"prompt": "a", "completion": "b"}'


@dataclass(frozen=True)
class Line:
    """A broken line between two good ones: where and why it is refused, and the row or rows that a repair gives back."""

    written: str | bytes
    column: int | None
    reason: str
    repair: str = ""
    becomes: tuple[str, ...] = field(default=())

    @property
    def raw(self) -> bytes:
        return self.written if isinstance(self.written, bytes) else self.written.encode()


COMMA, QUOTES = "There is a comma before a closing bracket.", "Single quotes stand where JSON wants double quotes."
MARKS, SEVERAL = (
    "Typographic quotation marks stand where JSON wants straight ones.",
    "There is more than one row on this line.",
)
CUT_TEXT = "The line ends inside a text: its closing quotation mark is missing."
CUT_ROW = "The line ends before the row does: a closing bracket is missing."
NOTED = '{"prompt": "a", "completion": "b", "note": null}'
LINES = {
    "a trailing comma in an object": Line('{"prompt": "a", "completion": "b",}', 34, COMMA, "trailing_comma", (GOOD,)),
    "a trailing comma in a list": Line(
        '{"prompt": "a", "completion": "b", "tags": ["x", ]}', 48, COMMA, "trailing_comma",
        ('{"prompt": "a", "completion": "b", "tags": ["x" ]}',),
    ),
    "a comma after the row": Line(GOOD + ",", 35, "There is a comma after the row.", "comma_after", (GOOD,)),
    "two rows side by side": Line(GOOD + FIRST, 35, SEVERAL, "several_rows", (GOOD, FIRST)),
    "two rows with a comma": Line(f"{GOOD}, {FIRST}", 35, SEVERAL, "several_rows", (GOOD, FIRST)),
    "a row printed by Python": Line("{'prompt': 'a', 'completion': 'b'}", 2, QUOTES, "single_quotes", (GOOD,)),
    "a row printed by Python, with its words": Line(
        "{'prompt': \"it's\", 'completion': 'say \"hi\"\\n', 'ok': True, 'note': None}", 2, QUOTES, "single_quotes",
        ('{"prompt": "it\'s", "completion": "say \\"hi\\"\\n", "ok": true, "note": null}',),
    ),
    "typographic quotation marks": Line("{“prompt”: “a”, “completion”: “it’s”}", 2, MARKS, "typographic_quotes",
        ('{"prompt": "a", "completion": "it’s"}',)),
    "field names without quotes": Line(
        '{prompt: "a", completion : "b"}', 2, "A field name without double quotes stands here.", "unquoted_name",
        ('{"prompt": "a", "completion" : "b"}',),
    ),
    "NaN": Line('{"prompt": "a", "completion": "b", "note": NaN}', 44, "NaN is not a JSON value.", "foreign_word", (NOTED,)),
    "Infinity": Line('{"prompt": "a", "completion": "b", "note": Infinity}', 44, "Infinity is not a JSON value.", "foreign_word", (NOTED,)),
    "-Infinity": Line('{"prompt": "a", "completion": "b", "note": -Infinity}', 45, "-Infinity is not a JSON value.", "foreign_word", (NOTED,)),
    "None": Line('{"prompt": "a", "completion": "b", "note": None}', 44, "None is Python's word; JSON says null.", "foreign_word", (NOTED,)),
    "undefined": Line(
        '{"prompt": "a", "completion": "b", "note": undefined}', 44,
        "undefined is JavaScript's word; JSON has no such value.", "foreign_word", (NOTED,),
    ),
    "True": Line(
        '{"prompt": "a", "completion": "b", "ok": True}', 42, "True is Python's word; JSON says true.", "foreign_word",
        ('{"prompt": "a", "completion": "b", "ok": true}',),
    ),
    "a raw tab": Line('{"prompt": "x\ty", "completion": "b"}', 14, "A raw tab stands inside a text.", "control_character",
        ('{"prompt": "x\\ty", "completion": "b"}',)),
    "a raw carriage return": Line('{"prompt": "x\ry", "completion": "b"}', 14, "A raw carriage return stands inside a text.",
        "control_character", ('{"prompt": "x\\ry", "completion": "b"}',)),
    "a raw escape character": Line('{"prompt": "x\x1by", "completion": "b"}', 14,
        "A raw control character U+001B stands inside a text.", "control_character", ('{"prompt": "x\\u001by", "completion": "b"}',)),
    "a NUL": Line('{"prompt": "x\0y", "completion": "b"}', 14, "A raw NUL stands inside a text.", "control_character",
        ('{"prompt": "xy", "completion": "b"}',)),
    "a byte order mark in the middle": Line("\ufeff" + GOOD, 1, "A byte order mark stands in the middle of the file.", "byte_order_mark", (GOOD,)),
    "a line in Windows-1252": Line(b'{"prompt": "caf\xe9 \x93x\x94", "completion": "b"}', 16, "A character here is not UTF-8 (byte 0xE9).",
        "windows_1252", ('{"prompt": "café “x”", "completion": "b"}',)),
    "half of a character": Line('{"prompt": "x\\ud83dy", "completion": "b"}', 14,
        "Half of a character is written here (a lone \\ud800-\\udfff).", "half_character", ('{"prompt": "x\\ufffdy", "completion": "b"}',)),
    "a backslash alone": Line('{"prompt": "C:\\dir", "completion": "b"}', 15,
        "A backslash stands before a character that it cannot escape.", "backslash", ('{"prompt": "C:\\\\dir", "completion": "b"}',)),
    # From here on a person has to decide.
    "a backslash that may be meant otherwise": Line('{"prompt": "C:\\new\\dir", "completion": "b"}', 19,
        "A backslash stands before a character that it cannot escape."),
    "NaN for an answer": Line('{"prompt": "a", "completion": NaN}', 31, "NaN is not a JSON value."),
    "a comma, and no answer anyway": Line('{"prompt": "a",}', 15, COMMA),
    "cut off inside a text": Line('{"prompt": "a", "completion": "b', 33, CUT_TEXT),
    "cut off after a text": Line('{"prompt": "a", "completion": "b"', 34, CUT_ROW),
    "a field twice": Line('{"prompt": "a", "prompt": "c", "completion": "b"}', 17, "The field “prompt” is written twice."),
    "a field twice within a field": Line('{"prompt": "a", "completion": "b", "meta": {"id": 1, "id": 2}}', 54, "The field “id” is written twice."),
    "nested 2,000 deep": Line('{"prompt":' + "[" * 2000 + "]" * 2000 + "}", 1035, "Brackets are nested too deeply here."),
    "nested 65 deep": Line('{"a":' * 65 + "1" + "}" * 65, 1, "Brackets are nested more than 64 deep."),
    "11 MB": Line('{"prompt": "' + "x" * 11 * 2**20 + '"}', None, "This line is longer than 10 MB."),
    "a number": Line("42", 1, "This line is a number, not an object."),
    "a text": Line('"a"', 1, "This line is a text, not an object."),
    "null": Line("null", 1, "This line is null, not an object."),
    "a list": Line('["a", "b"]', 1, "This line is a list, not an object."),
    "no JSON at all": Line("prompt,completion", 1, "This line is not JSON."),
    "a number for an answer": Line('{"prompt": "a", "completion": 5}', 31, "The field “completion” is a number, not a text."),
    "no answer": Line('{"prompt": "a", "completion": null}', 31, "The field “completion” is null."),
    "quotation marks within a text": Line('{"prompt": "say "hi" now", "completion": "b"}', 18, "A comma or a closing bracket is missing here."),
    "a line of two encodings": Line(b'{"prompt": "caf\xe9 \xc3\xa9", "completion": "b"}', 16, "A character here is not UTF-8 (byte 0xE9)."),
    "a character cut in two": Line(b'{"prompt": "\xe2\x82", "completion": "b"}', 13, "A character here is not UTF-8 (byte 0xE2)."),
    "something after the row": Line(GOOD + " x", 36, "There is something after the end of the row."),
}  # fmt: skip


@pytest.mark.parametrize("kind", LINES)
def test_a_broken_line_is_named_by_place_and_reason_and_the_good_rows_stay(bring, kind: str) -> None:
    line = LINES[kind]
    brought = bring(FIRST.encode() + b"\n" + line.raw + b"\n" + LAST.encode())

    (reject,) = brought.rejects
    assert (reject.line, reject.column, reject.reason, reject.repair) == (2, line.column, line.reason, line.repair)
    assert reject.fix and reject.repaired == "\n".join(line.becomes)
    assert [row.line for row in brought.rows] == [1, 3]
    assert brought.result["repaired"] == {}
    assert [offer["kind"] for offer in brought.result["repairs"]] == ([line.repair] if line.repair else [])


@pytest.mark.parametrize("kind", LINES)
def test_a_repair_makes_the_row_that_a_careful_writer_would_have_written(bring, kind: str, tmp_path: Path) -> None:
    line = LINES[kind]
    brought = bring(FIRST.encode() + b"\n" + line.raw + b"\n" + LAST.encode())
    again = read_again(brought, tmp_path / "again", repairs=list(Repair))

    if not line.repair:
        assert again.result["fingerprint"] == brought.result["fingerprint"]
        assert ([reject.line for reject in again.rejects], again.result["repaired"]) == ([2], {})
        return
    careful = bring("\n".join((FIRST, *line.becomes, LAST)))
    assert again.result["fingerprint"] == careful.result["fingerprint"]
    assert again.result["repaired"] == {line.repair: 1} and again.result["repairs"] == []
    stored = list(again.rows.records())
    assert [record["line"] for record in stored] == [1, *[2] * len(line.becomes), 3]
    assert [record.get("repaired") for record in stored] == [None, *[line.repair] * len(line.becomes), None]
    assert again.result["lines"] == again.result["rows"] + again.result["rejects"] == 2 + len(line.becomes)


def read_again(brought: Brought, out: Path, *, repairs: list[str], mapping: Any = None) -> Brought:
    """The same upload with these repairs."""
    reporter = ListReporter()
    spec = {"source": str(brought.folder / "source"), "out": str(out), "mapping": mapping, "repairs": repairs}
    return Brought(ingest(spec, reporter), out, reporter.events)


def test_only_the_repairs_that_were_asked_for_are_made(bring, tmp_path: Path) -> None:
    brought = bring("\n".join([GOOD, GOOD[:-1] + ",}", GOOD[:-1] + ", }", GOOD + ",", GOOD[:-1]]))
    assert {offer.kind: offer.count for offer in offers_from(brought.result["repairs"])} == {
        Repair.TRAILING_COMMA: 2, Repair.COMMA_AFTER: 1,
    }  # fmt: skip

    again = read_again(brought, tmp_path / "again", repairs=["trailing_comma"])

    assert again.result["repaired"] == {"trailing_comma": 2}
    assert [(reject.line, reject.repair) for reject in again.rejects] == [(4, "comma_after"), (5, "")]
    assert [row.line for row in again.rows] == [1, 2, 3]


def test_of_many_lines_the_first_three_are_shown_before_and_after(bring) -> None:
    broken = "\n".join(f'{{"prompt": "{number}", "completion": "b",}}' for number in range(50))
    (offer,) = offers_from(bring(f"{FIRST}\n{LAST}\n{broken}").result["repairs"])

    assert (offer.count, offer.title) == (50, "50 lines have a comma before a closing bracket.")
    assert [(example.line, example.after) for example in offer.examples] == [
        (3 + n, f'{{"prompt": "{n}", "completion": "b"}}') for n in range(3)
    ]


def test_an_example_of_a_long_line_shows_the_place_that_changes(bring) -> None:
    long = json.dumps(pair("x" * 5000, "y" * 5000, id="z" * 5000))
    (offer,) = offers_from(bring(f"{GOOD}\n{long},\n").result["repairs"])

    (example,) = offer.examples
    assert (example.line, example.before[:1], example.before[-3:], example.after[-2:]) == (2, "…", '"},', '"}')
    assert len(example.before) < 300


def test_a_file_that_python_printed_is_offered_whole_and_then_read(bring, tmp_path: Path) -> None:
    rows = [pair(f"question {n}", f"it's answer {n}", id=n) for n in range(20)]
    brought = bring("\n".join(map(repr, rows)))

    assert brought.outcome.state == "failed" and "--repair" in brought.outcome.fix
    (offer,) = offers_from(brought.result["repairs"])
    assert (offer.kind, offer.count) == (Repair.SINGLE_QUOTES, 20)
    again = read_again(brought, tmp_path / "again", repairs=["single_quotes"])
    assert again.outcome.message == "20 rows read; 20 repaired as you asked."
    assert again.result["fingerprint"] == bring(rows).result["fingerprint"]


def test_a_comma_after_every_line_is_one_repair(bring, tmp_path: Path) -> None:
    brought = bring(",\n".join([FIRST, GOOD, LAST]) + ",\n")

    again = read_again(brought, tmp_path / "again", repairs=["comma_after"])
    assert (again.result["rows"], again.result["repaired"]) == (3, {"comma_after": 3})


def test_a_repaired_line_that_is_no_row_for_another_reason_says_that_reason(bring, tmp_path: Path) -> None:
    brought = bring("\n".join([repr(pair("a", "b")), repr(pair("c", None))]))
    assert brought.result["repairs"][0]["count"] == 2  # without one good row, nobody knows yet which field is what

    again = read_again(brought, tmp_path / "again", repairs=["single_quotes"])

    assert again.result["repaired"] == {"single_quotes": 1}
    assert [(reject.line, reject.reason) for reject in again.rejects] == [(2, "The field “completion” is null.")]


def test_a_repair_keeps_the_fields_that_were_found_and_says_so_as_before(bring, tmp_path: Path) -> None:
    brought = bring("\n".join([FIRST, GOOD[:-1] + ",}", LAST]))
    guess = brought.result["guess"]
    mapping = {"layout": guess["layout"], "fields": guess["fields"]}

    again = read_again(brought, tmp_path / "again", repairs=["trailing_comma"], mapping=mapping).result["guess"]

    assert again["fields"] == guess["fields"] and again["reason"] == guess["reason"].replace("2 rows", "3 rows")


def test_elements_of_a_broken_list_are_repaired_like_lines(bring, tmp_path: Path) -> None:
    brought = bring(f"[\n  {FIRST},\n  {GOOD[:-1]},}},\n  {LAST}\n]\n")
    assert [(reject.line, reject.repair) for reject in brought.rejects] == [(3, "trailing_comma")]

    again = read_again(brought, tmp_path / "again", repairs=["trailing_comma"])
    assert [row.line for row in again.rows] == [2, 3, 4]


def test_one_bad_line_late_in_a_file_is_named_by_its_true_number(bring) -> None:
    lines = [json.dumps(pair(f"question {n}", "answer")) for n in range(7001)]
    lines[7000] = '{"prompt": "a", "completion": b}'

    brought = bring("\n".join(lines))

    assert brought.result["rows"] == 7000
    assert [(reject.line, reject.column) for reject in brought.rejects] == [(7001, 31)]


KEPT = {
    "null for long, then a text": ([pair("a", "b", note=None)] * 300 + [pair("a", "b", note="late")], {"note": "late"}),
    "answers that look like dates": ([pair("when?", "2024-01-02", on="2024-01-02T03:04:05")], {"on": "2024-01-02T03:04:05"}),
    "a number written as text": ([pair("a", "b", id="1")], {"id": "1"}),
    "a number of 30 digits": ([pair("a", "b", id=123456789012345678901234567890)], {"id": "123456789012345678901234567890"}),
    "fields of a trace": (
        [{"id": "7", "source": "s", "model": "m", "hint": "Be brief.", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}],
        {"id": "7", "source": "s", "model": "m", "hint": "Be brief."},
    ),
    "tools with different arguments": (
        [pair("a", "b", tool={"arguments": {"city": "Rome"}}), pair("c", "d", tool={"arguments": {"n": 1}})], {"tool": '{"arguments":{"n":1}}'},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEPT)
def test_what_other_readers_convert_or_refuse_stays_as_it_was_written(bring, kind: str) -> None:
    rows, extra = KEPT[kind]
    brought = bring(rows)

    assert (brought.result["rows"], brought.result["rejects"]) == (len(rows), 0)
    assert brought.rows.extra(len(rows) - 1) == extra
    assert brought.rows[len(rows) - 1].answer == rows[-1].get("completion", "b")


WHOLE = {
    "a byte order mark first": (b"\xef\xbb\xbf" + f"{FIRST}\n{LAST}".encode(), [1, 2]),
    "Windows line ends": (f"{FIRST}\r\n{LAST}\r\n".encode(), [1, 2]),
    "blank lines": (f"\n{FIRST}\n  \n\n{LAST}\n\n".encode(), [2, 5]),
    "line separators within a text": ('{"prompt": "x\u2028y\u0085z", "completion": "1"}\n'.encode() + LAST.encode(), [1, 2]),
    "a list on one line": (f"[{FIRST}, {LAST}]".encode(), [1, 1]),
    "a list over several lines": (f"[\n{FIRST},\n{LAST}\n]".encode(), [2, 3]),
    "objects over several lines": ("\n".join(json.dumps(json.loads(row), indent=1) for row in (FIRST, LAST)).encode(), [1, 5]),
}  # fmt: skip


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_written_in_an_unusual_way_is_read_with_true_line_numbers(bring, kind: str) -> None:
    content, lines = WHOLE[kind]
    brought = bring(content)

    assert [row.line for row in brought.rows] == lines and brought.result["rejects"] == 0
    assert brought.result["repairs"] == [] and brought.result["repaired"] == {}


def test_an_empty_file_is_told_in_one_sentence(bring) -> None:
    assert bring(b"").outcome.message == "The file is empty."
