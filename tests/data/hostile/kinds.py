"""Kinds: the 39 malformed files with which five well-known readers were tried; each of them fails on some."""

import gzip
import json

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
)  # fmt: skip

BOTH = f"{FIRST}\n{LAST}\n"
COMMA, AFTER = "There is a comma before a closing bracket.", "There is a comma after the row."
NOT_UTF8 = "A character here is not UTF-8 "
EXTRA_NULLS = [
    json.dumps({"prompt": f"q{n}", "completion": f"a{n}", "note": None, "pad": "x" * 10_000}) for n in (1, 2)
]


def late() -> str:
    """7,000 good lines and a broken one."""
    rows = (json.dumps({"prompt": f"question {number}", "completion": "an answer"}) for number in range(7000))
    return "\n".join([*rows, '{"prompt": "a", "completion": b}'])


def null_for_ten_megabytes() -> str:
    return "\n".join([*EXTRA_NULLS * 550, EXTRA_NULLS[0].replace("null", '"a text at last"')])


def with_more(**more) -> str:
    return json.dumps({"prompt": "a", "completion": "b", **more})


TRACE = json.dumps(
    {
        "id": "7", "source": "s", "model": "m", "system_prompt": "Be brief.",
        "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}],
    }
)  # fmt: skip

CASES: tuple[Case, ...] = (
    Case(
        number="D1", about="one bad line late in the file", build=made(late), verdict=Verdict.REJECT,
        good=range(1, 7001), refused=[Place(7001, 31, "A value is missing or not written as JSON here.")],
    ),
    accept("D2", "null for the first 10 MB, then a text", made(null_for_ten_megabytes), range(1, 1102),
           extra={"note": "a text at last", "pad": "x" * 10_000}),
    accept("D3", "answers that look like dates", holding('{"prompt": "when?", "completion": "2024-01-02", "on": "2024-01-02T03:04:05"}'),
           [1], extra={"on": "2024-01-02T03:04:05"}),
    accept("D4", "a number written as text", holding(with_more(id="1")), [1], extra={"id": "1"}),
    accept("D5", "a number of 30 digits", holding(with_more(id=10**29 + 7)), [1], extra={"id": "1" + "0" * 28 + "7"}),
    refused("D6", "a number among texts", '{"prompt": "a", "completion": 5}', 31, "The field “completion” is a number, not a text."),
    accept("D7", "the fields of an agent's trace", holding(TRACE), [1],
           extra={"id": "7", "source": "s", "model": "m"}),  # its system prompt becomes the system message
    set_right("D8", "a byte order mark", holding(b"\xef\xbb\xbf" + BOTH.encode()), [1, 2], "byte order mark, which was skipped"),
    set_right("D9", "UTF-16 with a mark", holding(BOTH.encode("utf-16")), [1, 2], "is written in UTF-16"),
    set_right("D10", "UTF-16 without a mark", holding(BOTH.encode("utf-16-be")), [1, 2], "is written in UTF-16"),
    repairable("D11", "a line in Latin-1", '{"prompt": "café", "completion": "b"}'.encode("latin-1"), "windows_1252", 16,
               NOT_UTF8 + "(byte 0xE9)."),
    refused("D12", "bytes of no encoding", b'{"prompt": "\xe2\x82", "completion": "b"}', 13, NOT_UTF8 + "(byte 0xE2)."),
    accept("D13", "Windows line ends", holding(BOTH.replace("\n", "\r\n")), [1, 2]),
    accept("D14", "blank lines", holding(f"\n{FIRST}\n  \n\t\n{LAST}\n\n"), [2, 5]),
    set_right("D15", "carriage returns alone", holding(BOTH.replace("\n", "\r")), [1, 2], "end in carriage returns only"),
    accept("D16", "U+2028 and U+0085 in a text", holding(f'{{"prompt": "x\u2028y\u0085z", "completion": "1"}}\n{LAST}'), [1, 2]),
    accept("D17", "no last line end", holding(BOTH.rstrip()), [1, 2]),
    repairable("D18", "a trailing comma in an object", GOOD[:-1] + ",}", "trailing_comma", len(GOOD), COMMA),
    repairable("D19", "a trailing comma in a list", GOOD[:-1] + ', "tags": ["x",]}', "trailing_comma", len(GOOD) + 14, COMMA),
    Case(
        number="D20", about="a comma after each line", build=holding(f"{FIRST},\n{GOOD},\n{LAST},\n"), verdict=Verdict.REPAIR,
        refused=[Place(1, 39, AFTER), Place(2, len(GOOD) + 1, AFTER), Place(3, 38, AFTER)],
        message="No line of this file is a JSON object. Line 1, for one: There is a comma after the row.", repairs={"comma_after": 3}, mended=[1, 2, 3],
    ),
    accept("D21", "a JSON array", holding(f"[\n{FIRST},\n{LAST}\n]"), [2, 3]),
    accept("D22", "objects over several lines", holding("\n".join(json.dumps(json.loads(row), indent=2) for row in (FIRST, LAST))), [1, 5]),
    repairable("D23", "two objects on a line", GOOD + GOOD, "several_rows", len(GOOD) + 1, "There is more than one row on this line.", mended=(1, 2, 2, 3)),
    Case(
        number="D24", about="a truncated last line", build=holding(BOTH + GOOD[:30]), verdict=Verdict.REJECT, good=[1, 2],
        refused=[Place(3, 31, "The line ends")],
    ),
    repairable("D25", "NaN beside the texts", with_more(score=float("nan")), "foreign_word", 45, "NaN is not a JSON value."),
    refused("D26", "NaN for an answer", '{"prompt": "a", "completion": NaN}', 31, "NaN is not a JSON value."),
    repairable("D27", "Infinity", with_more(score=float("inf")), "foreign_word", 45, "Infinity is not a JSON value."),
    refused("D28", "a field twice", '{"prompt": "a", "prompt": "c", "completion": "b"}', 17, "The field “prompt” is written twice."),
    repairable("D29", "half of a character", '{"prompt": "x\\ud800", "completion": "b"}', "half_character", 14, "Half of a character"),
    repairable("D30", "a raw NUL in a text", '{"prompt": "x\0y", "completion": "b"}', "control_character", 14, "A raw NUL"),
    repairable("D31", "a raw tab in a text", '{"prompt": "x\ty", "completion": "b"}', "control_character", 14, "A raw tab"),
    refused("D32", "nested 2,000 deep", '{"prompt":' + "[" * 2000 + "]" * 2000 + "}", 1035, "Brackets are nested too deeply here."),
    Case(
        number="D33", about="a line of 30 MB", verdict=Verdict.REJECT, good=[1, 3],
        build=made(lambda: f'{FIRST}\n{{"prompt": "{"x" * 30_000_000}", "completion": "b"}}\n{LAST}'),
        refused=[Place(2, None, "This line is longer than 10 MB.")],
    ),
    repairable("D34", "a row printed by Python", repr(json.loads(GOOD)), "single_quotes", 2, "Single quotes stand where JSON wants double quotes."),
    set_right("D35", "gzip named .jsonl", holding(gzip.compress(BOTH.encode())), [1, 2], "was unpacked (gzip)"),
    never_read("D36", "an empty file", holding(b""), "The file is empty."),
    never_read("D37", "blank lines only", holding(b"\n \n\t\r\n\n"), "The file has blank lines only."),
    Case(
        number="D38", about="scalars for lines", build=holding(f'42\n"a"\nnull\ntrue\n{FIRST}'), verdict=Verdict.REJECT, good=[5],
        refused=[Place(1, 1, "This line is a number"), Place(2, 1, "This line is a text"),
                 Place(3, 1, "This line is null"), Place(4, 1, "This line is true or false")],
    ),
    accept("D39", "tools with different arguments", holding(f"{with_more(tool={'city': 'Rome'})}\n{with_more(tool={'n': [1]})}"), [1, 2],
           extra={"tool": '{"n":[1]}'}),
)  # fmt: skip
