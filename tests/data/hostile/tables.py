"""Tables: hostile CSV, TSV and Excel files, cases 25 to 40."""

import gzip
import io
import itertools
import json
import re
import zipfile
from collections.abc import Callable, Iterator

import openpyxl

from tests.data.hostile.case import (
    Case,
    Place,
    Verdict,
    accept,
    holding,
    made,
    never_read,
    set_right,
    streamed,
)  # fmt: skip

NAMES = "prompt,completion\n"
FIRST_SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
FORMULAS = (
    '=HYPERLINK("http://evil.example","x")', "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "\tTAB first", "\rCR first", "＝1+1",
)  # fmt: skip
BROKEN_BOOK = "This workbook is damaged, or is no Excel workbook."
LAUGHS = "".join(f'<!ENTITY {name} "{f"&{before};" * 20}">' for before, name in itertools.pairwise("abcdefgh"))
BILLION_LAUGHS = f'<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "{"ha" * 50}">{LAUGHS}]>'
FROM_A_FILE = '<!DOCTYPE sst [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def table(number: str, about: str, text: str | bytes, good: list[int], **more) -> Case:
    """A table of which every row is read."""
    return accept(number, about, holding(text), good, **more)


def with_refused(number: str, about: str, text: str | bytes, good: list[int], *places: Place, **more) -> Case:
    build = holding(text)
    return Case(number=number, about=about, build=build, verdict=Verdict.REJECT, good=good, refused=places, **more)


def quoted(*cells: str) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n"


def swallowing() -> str:
    """A quotation mark that is never closed, in the second of 2,000 rows."""
    return NAMES + 'a,b\n"a,b\n' + "a,b\n" * 1997


def wide() -> str:
    names = ["prompt", "completion", *(f"c{number}" for number in range(100_000))]
    return ",".join(names) + "\n" + ",".join("x" for _ in names) + "\n"


def long_cells() -> str:
    return NAMES + quoted("a" * 1_000_000, "b" * 1_000_000) + "c,d\n"


def cell_of_a_million_lines() -> Iterator[bytes]:
    yield NAMES.encode() + b'a,"'
    yield from itertools.repeat(b"line\n" * 1000, 1000)
    yield b'"\nc,d\n'


def cell_beyond_the_limit() -> Iterator[bytes]:
    yield NAMES.encode() + b'a,"'
    yield from itertools.repeat(b"a longer line, " * 18 + b"\n", 50_000)
    yield b'"\nc,d\n'


def book(*rows: tuple) -> bytes:
    made, target = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        made.active.append(row)
    made.save(target)
    return target.getvalue()


PLAIN = [("prompt", "completion"), ("a", "b"), ("c", "d")]


def changed(part: str, change: Callable[[str], str | None]) -> bytes:
    """A workbook of which one part is another; a part that becomes None is left out."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(shared())) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name in source.namelist():
            content = source.read(name).decode()
            if (content := change(content) if name == part else content) is not None:
                written.writestr(name, content)
    return target.getvalue()


def shared() -> bytes:
    """A workbook whose texts stand in a part of their own, as Excel writes it."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    texts = [cell for row in PLAIN for cell in row]
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(*PLAIN))) as source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            content = source.read(name).decode()
            if name == "[Content_Types].xml":
                content = content.replace("</Types>", f'<Override PartName="/{TEXTS}" ContentType="{kind}"/></Types>')
            if name == "xl/_rels/workbook.xml.rels":
                link = f'<Relationship Id="rId99" Type="{relation}" Target="/{TEXTS}"/></Relationships>'
                content = content.replace("</Relationships>", link)
            if name != TEXTS:
                written.writestr(name, content)
        items = "".join(f"<si><t>{text}</t></si>" for text in texts)
        written.writestr(TEXTS, f'<sst xmlns="{main}" count="{len(texts)}" uniqueCount="{len(texts)}">{items}</sst>')
    return target.getvalue()


def with_entities(declared: str, name: str) -> bytes:
    return changed(TEXTS, lambda text: declared + text.replace("<t>a<", f"<t>&{name};<"))


def formatted_far_below() -> bytes:
    """A sheet of a quarter of a million rows that are formatted and blank, below two that hold something."""
    rows = "".join(f'<row r="{n}" s="1" customFormat="1"/>' for n in range(4, 2**18 + 1))
    return changed(FIRST_SHEET, lambda text: text.replace("</sheetData>", rows + "</sheetData>"))


def many_blank_rows_between() -> bytes:
    last = f'<row r="{2**17}"><c t="inlineStr"><is><t>a</t></is></c><c t="inlineStr"><is><t>b</t></is></c></row>'
    return changed(FIRST_SHEET, lambda text: text.replace("</sheetData>", last + "</sheetData>"))


def with_macros() -> bytes:
    kind = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    return changed("[Content_Types].xml", lambda text: re.sub(r"application/[^\"]*sheet\.main\+xml", kind, text))


TALK = json.dumps([{"role": "user", "content": "a;b"}, {"role": "assistant", "content": "c"}])

CASES: tuple[Case, ...] = (
    table("E25", "semicolons", "prompt;completion\na, b;c, d\n", [2]),
    table("E25", "tabs", "prompt\tcompletion\na, b\tc; d\n", [2]),
    table("E25", "vertical bars", "prompt|completion\na, b|c; d\n", [2]),
    table("E25", "semicolons beside messages", "messages;id\n" + quoted(TALK).strip() + ";1\n", [2]),
    Case(
        number="E26", about="a quotation mark that would swallow the file", build=made(swallowing), verdict=Verdict.REJECT,
        good=[2, *range(4, 2001)], refused=[Place(3, 1, "A quotation mark in this row is not closed")],
    ),
    with_refused("E27", "NUL bytes", NAMES + "a,b\nx\0y,c\nd,e\n", [2, 4], Place(3, 2, "A raw NUL stands in this line.")),
    accept("E28", "cells of a megabyte", made(long_cells), [2, 3]),
    with_refused("E29", "ragged rows", NAMES + "a,b\na\na,b,c\nd,e\n", [2, 5],
                 Place(3, 2, "This row has 1 cell, and the table has 2 columns."),
                 Place(4, 5, "This row has 3 cells, and the table has 2 columns.")),
    never_read("E30", "two columns of one name", holding("prompt,completion,prompt\na,b,c\n"), "Two columns are called “prompt”."),
    table("E30", "columns without a name", "prompt,,completion\na,x,b\n", [2], extra={"column 2": "x"}),
    never_read("E30", "column names only", holding(NAMES), "There are no rows in this file."),
    never_read("E31", "100,000 columns", made(wide), "The table has 100,002 columns; at most 1,000 are read."),
    table("E32", "cells that are formulas", NAMES + "".join(quoted("what?", text) for text in FORMULAS), list(range(2, 9))),
    table("E33", "numbers, dates and zeros as they are written", "prompt,completion,id,on,n,price\na,007,007,01/02/2024,1e5,\"2,50\"\n", [2],
          extra={"id": "007", "on": "01/02/2024", "n": "1e5", "price": "2,50"}),
    table("E34", "NA, null and None as texts", NAMES + "NA,null\nnull,None\nNone,nan\n", [2, 3, 4]),
    table("E35", "marks that turn or hide letters", NAMES + "\u202etfel ot thgir,a\u200bb\n", [2]),
    never_read("E35", "column names in letters that only look like ours", holding("рrompt,cоmpletion,x\na,b,c\n"), "None of the 1 lines could become a row. No question and answer were recognised"),
    with_refused("E36", "another encoding from the middle on", NAMES.encode() + "é,b\n".encode() + "é,b\n".encode("cp1252") + b"c,d\n", [2, 4],
                 Place(3, 1, "A character here is not UTF-8 (byte 0xE9).")),
    accept("E37", "Excel named .csv", made(shared), [2, 3]),
    never_read("E37", "a web page", holding("<!doctype html><table><tr><td>a</td></tr></table>"), "This is a web page or an XML file."),
    never_read("E37", "a picture", holding(PNG), "This is a picture."),
    never_read("E38", "entities that grow without end", made(lambda: with_entities(BILLION_LAUGHS, "h")), BROKEN_BOOK),
    never_read("E38", "an entity from a file", made(lambda: with_entities(FROM_A_FILE, "x")), BROKEN_BOOK),
    accept("E38", "macros, which are not run", made(with_macros), [2, 3]),
    accept("E38", "a quarter of a million formatted rows", made(formatted_far_below), [2, 3]),
    accept("E38", "130,000 blank rows between two", made(many_blank_rows_between), [2, 3, 2**17]),
    never_read("E38", "a password", holding(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600), "This is an old Excel file (.xls), or one with a password."),
    set_right("E39", "gzip named .csv", holding(gzip.compress((NAMES + "a,b\n").encode())), [2], "was unpacked (gzip)"),
    accept("E40", "a cell of a million lines", streamed(cell_of_a_million_lines), [2, 1_000_003], megabytes=700),
    Case(
        number="E40", about="a cell of 50,000 lines and 14 MB", build=streamed(cell_beyond_the_limit), verdict=Verdict.REJECT,
        good=[50_003], refused=[Place(2, 3, "From here to line 50,002 the cells cannot be told apart")],
    ),
)  # fmt: skip
