"""JSONL: hostile files of JSON, cases 1 to 24."""

import json
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

from tests.data.hostile.case import (
    FIRST,
    GOOD,
    LAST,
    Case,
    Place,
    Verdict,
    accept,
    holding,
    made,
    never_read,
    refused,
    repairable,
    set_right,
    streamed,
)  # fmt: skip

BOTH = f"{FIRST}\n{LAST}\n"
BOM = b"\xef\xbb\xbf"
MANY = 20_000


def of_messages(*turns: tuple[str, object]) -> str:
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in turns]})


TALK = of_messages(("user", "a"), ("assistant", "b"))


def one_line_of_two_gigabytes(path: Path) -> None:
    """Text as far as anyone looks ahead; what follows is a hole in the file, and is read as zeros."""
    with path.open("wb") as file:
        file.write(b'{"prompt": "' + b"x" * (1 << 20))
        file.truncate(2 << 30)


def empty_lines() -> Iterator[bytes]:
    yield from repeat(b"\n" * (1 << 20), 9)
    yield f"{FIRST}\n".encode()


def blanks_before_a_table() -> bytes:
    return b"\r\n" * 40_000 + b"prompt;completion\na;b\n"


def type_flips() -> Iterator[bytes]:
    yield from (json.dumps({"prompt": f"q{n}", "completion": f"a{n}", "n": n}).encode() + b"\n" for n in range(1, MANY))
    yield b'{"prompt": "a", "completion": ["b"], "n": "last"}\n'


def many_names() -> str:
    return json.dumps({"prompt": "a", "completion": "b"} | {f"field {number}": number for number in range(100_000)})


def another_name_each() -> Iterator[bytes]:
    for n in range(MANY):
        yield json.dumps({"prompt": f"q{n}", "completion": f"a{n}", f"field {n}": n}).encode() + b"\n"


def odd_names() -> str:
    names = ["__proto__", "constructor", "__class__", "", "x" * 1_000_000, "<img src=x>", "\u202e", "a\nb"]
    return json.dumps({"prompt": "a", "completion": "b"} | dict.fromkeys(names, "held"))


def in_conversation(number: str, about: str, line: str, column: int, reason: str) -> Case:
    return Case(
        number=number, about=about, build=holding(f"{TALK}\n{line}\n{TALK}"), verdict=Verdict.REJECT, good=[1, 3],
        refused=[Place(2, column, reason)],
    )  # fmt: skip


CASES: tuple[Case, ...] = (
    never_read("E1", "an empty file", holding(b""), "The file is empty."),
    never_read("E2", "a byte order mark alone", holding(BOM), "The file has blank lines only."),
    set_right("E3", "a byte order mark and rows", holding(BOM + BOTH.encode()), [1, 2], "byte order mark, which was skipped"),
    set_right("E4", "UTF-16, little end first", holding(b"\xff\xfe" + BOTH.encode("utf-16-le")), [1, 2], "is written in UTF-16"),
    set_right("E4", "UTF-16, big end first", holding(b"\xfe\xff" + BOTH.encode("utf-16-be")), [1, 2], "is written in UTF-16"),
    repairable("E5", "bytes of Windows-1252", '{"prompt": "“a café.”", "completion": "b"}'.encode("cp1252"), "windows_1252", 13, "A character here is not UTF-8 (byte 0x93)."),
    refused("E6", "invalid UTF-8 in the middle of a line", b'{"prompt": "x\xf0\x9f\x98", "completion": "b"}', 14, "A character here is not UTF-8 (byte 0xF0)."),
    repairable("E7", "a lone surrogate", '{"prompt": "x\\ud800y", "completion": "b"}', "half_character", 14, "Half of a character is written here"),
    repairable("E8", "an escaped NUL", '{"prompt": "x\\u0000y", "completion": "b"}', "control_character", 14, "A NUL (\\u0000) stands inside a text."),
    accept("E8", "a backslash before u0000", holding('{"prompt": "x\\\\u0000y", "completion": "b"}'), [1]),
    accept("E9", "a JSON array", holding(f"[{FIRST}, {LAST}]"), [1, 1]),
    accept("E10", "pretty-printed", holding(json.dumps([json.loads(FIRST), json.loads(LAST)], indent=4)), [2, 6]),
    repairable("E11", "a trailing comma", GOOD[:-1] + ", }", "trailing_comma", len(GOOD), "There is a comma before a closing bracket."),
    repairable("E11", "single quotes", "{'prompt': 'it\\'s', 'completion': 'b'}", "single_quotes", 2, "Single quotes stand"),
    refused("E11", "a comment at the end", GOOD + " // the first row", len(GOOD) + 2, "A comment stands here; JSON has none."),
    refused("E11", "a comment inside", '{"prompt": "a", /* why */ "completion": "b"}', 17, "A comment stands here; JSON has none."),
    refused("E11", "a comment for a line", "# my rows", 1, "A comment stands here; JSON has none."),
    repairable("E12", "NaN", GOOD[:-1] + ', "n": NaN}', "foreign_word", len(GOOD) + 7, "NaN is not a JSON value."),
    repairable("E12", "-Infinity", GOOD[:-1] + ', "n": -Infinity}', "foreign_word", len(GOOD) + 8, "-Infinity is not a JSON value."),
    accept("E12", "-0", holding(GOOD[:-1] + ', "n": -0, "m": -0.0}'), [1], extra={"n": "0", "m": "-0.0"}),
    refused("E12", "1e999", GOOD[:-1] + ', "n": 1e999}', len(GOOD) + 7, "A number here is larger than any that a computer counts with."),
    refused("E13", "a number of 5,000 digits", GOOD[:-1] + f', "n": {"9" * 5000}}}', len(GOOD) + 7, "A number here is larger than any that a computer counts with."),
    accept("E13", "a number of 300 digits", holding(GOOD[:-1] + f', "n": {"9" * 300}}}'), [1], extra={"n": "9" * 300}),
    refused("E14", "objects nested 100,000 deep", '{"prompt": ' + '{"a":' * 100_000, 5128, "Brackets are nested too deeply here."),
    refused("E14", "lists nested 100,000 deep", '{"prompt": ' + "[" * 100_000 + "]" * 100_000 + "}", 1036, "Brackets are nested too deeply here."),
    never_read("E14", "nothing but brackets", holding("[" * 100_000), "No line of this file is a JSON object."),
    never_read("E14", "a list nested 100,000 deep", holding("[" * 100_000 + "]" * 100_000), "No line of this file is a JSON object."),
    refused("E15", "a field twice", '{"prompt": "a", "completion": "b", "completion": "c"}', 36, "The field “completion” is written twice."),
    refused("E15", "a field twice, once in escapes", '{"prompt": "a", "completion": "b", "\\u0070rompt": "c"}', 36, "The field “prompt” is written twice."),
    never_read("E16", "one line of 2 GB", one_line_of_two_gigabytes, "No line of this file is a JSON object. Line 1, for one: This line is longer than 10 MB.", megabytes=300),
    accept("E17", "9 million empty lines", streamed(empty_lines), [9 * 2**20 + 1], megabytes=300),
    accept("E17", "40,000 empty lines above a table", made(blanks_before_a_table), [40_002]),
    accept("E18", "Windows line ends and no last one", holding(BOTH.replace("\n", "\r\n").rstrip()), [1, 2]),
    set_right("E18", "carriage returns alone", holding(BOTH.replace("\n", "\r")), [1, 2], "end in carriage returns only"),
    accept("E18", "other line separators within texts", holding(f'{{"prompt": "x\u2028y\u2029z\x85", "completion": "1"}}\n{LAST}'), [1, 2]),
    Case(
        number="E19", about="scalars and null", build=holding(f"{FIRST}\n1\nnull\n[]\n{LAST}"), verdict=Verdict.REJECT, good=[1, 5],
        refused=[Place(2, 1, "This line is a number"), Place(3, 1, "This line is null"), Place(4, 1, "This line is a list")],
    ),
    Case(
        number="E20", about="the type of a field flips in the last row", build=streamed(type_flips), verdict=Verdict.REJECT,
        good=range(1, MANY), refused=[Place(MANY, 31, "The field “completion” is a list, not a text.")],
    ),
    Case(
        number="E20", about="rows of two layouts", verdict=Verdict.REJECT, good=[1, 2],
        build=holding(f'{FIRST}\n{LAST}\n{{"question": "a", "answer": "b"}}\n'), refused=[Place(3, 1, "The field “prompt” is missing.")],
    ),
    accept("E21", "100,000 fields in a row", made(many_names), [1]),
    accept("E21", "another field in every row", streamed(another_name_each), range(1, MANY + 1)),
    accept("E22", "odd names of fields", made(odd_names), [1]),
    in_conversation("E23", "an unknown role", of_messages(("wizard", "a"), ("assistant", "b")), 24, "A message has a role “wizard”, which is not known."),
    in_conversation("E23", "a role that is a control token", of_messages(("<|im_start|>system", "a"), ("assistant", "b")), 24, "A message has a role “<|im_start|>system”"),
    in_conversation("E23", "two system messages", of_messages(("system", "a"), ("system", "b"), ("user", "c"), ("assistant", "d")), 51, "A system message stands after the beginning."),
    in_conversation("E23", "an empty answer", of_messages(("user", "a"), ("assistant", "")), 82, "“content” of a message is empty."),
    accept("E23", "content in parts", holding(f'{TALK}\n{of_messages(("user", [{"type": "text", "text": "a"}]), ("assistant", "b"))}\n{TALK}'), [1, 2, 3]),
    in_conversation("E23", "content in parts that is no text", of_messages(("user", [{"type": "image_url", "image_url": "x"}]), ("assistant", "b")), 44, ""),
    in_conversation("E23", "no answer", of_messages(("user", "a"), ("assistant", "b"), ("user", "c")), 88, "The last message is by the user"),
    in_conversation("E23", "a message that is no object", '{"messages": ["a", "b"]}', 15, "A message is not an object with role and content."),
    accept("E24", "control tokens in the texts", holding(json.dumps({"prompt": "a<|im_end|>\n<|im_start|>system", "completion": "</s>[INST]"})), [1]),
    accept("E24", "pairs whose chosen answer is the rejected one", holding('{"prompt": "a", "chosen": "b", "rejected": "b"}'), [1]),
    accept("E24", "a prompt longer than any context", made(lambda: json.dumps({"prompt": "word " * 400_000, "completion": "b"})), [1]),
    accept("E24", "a single row", holding(GOOD), [1]),
)  # fmt: skip
