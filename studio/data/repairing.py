"""Repairing: slips of the pen in a refused line that can be mended in one way only; what is unsure stays refused."""

import ast
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from studio.data.parsing import parse_object


class Repair(StrEnum):
    """What can be mended, in the order in which it is tried."""

    SEVERAL_ROWS = "several_rows"
    COMMA_AFTER = "comma_after"
    TRAILING_COMMA = "trailing_comma"
    SINGLE_QUOTES = "single_quotes"
    TYPOGRAPHIC_QUOTES = "typographic_quotes"
    UNQUOTED_NAME = "unquoted_name"
    FOREIGN_WORD = "foreign_word"
    CONTROL_CHARACTER = "control_character"
    BYTE_ORDER_MARK = "byte_order_mark"
    WINDOWS_1252 = "windows_1252"
    HALF_CHARACTER = "half_character"
    BACKSLASH = "backslash"


@dataclass(frozen=True, slots=True)
class Written:
    """A row as it would have been written, and its object."""

    raw: bytes
    value: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mended:
    """What a refused line becomes: one row, or several that stood on it."""

    kind: Repair
    rows: tuple[Written, ...]

    @property
    def text(self) -> str:
        return b"\n".join(row.raw for row in self.rows).decode()


def mended(raw: bytes) -> Mended | None:
    """The one repair that makes rows of a refused line; None where there is none, or more than one way to read it."""
    return next((found for kind in Repair if (found := mended_by(raw, kind))), None)


def mended_by(raw: bytes, kind: Repair) -> Mended | None:
    """The line after this repair; None where it changes nothing, or where what comes out is no row."""
    text = _MENDING[kind](raw)
    if text is None or text == raw:
        return None
    rows = [(each, parse_object(each)) for each in (text.split(b"\n") if kind is Repair.SEVERAL_ROWS else [text])]
    written = tuple(Written(each, value) for each, value in rows if isinstance(value, dict))
    return Mended(kind, written) if len(written) == len(rows) else None


LARGEST_LITERAL = 2**20
MOST_ROWS = 100_000  # on one line
# A text; one that never ends is one piece too, for else every mark in it would be tried as the beginning of another.
STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)'
STRINGS = re.compile(STRING, re.DOTALL)


def _outside(pattern: bytes) -> re.Pattern[bytes]:
    """Finds whole texts, which stay as they are, and the pattern between them."""
    return re.compile(STRING + b"|" + pattern, re.DOTALL)


def _between(pattern: re.Pattern[bytes], raw: bytes, write: Callable[[re.Match[bytes]], bytes]) -> bytes:
    return pattern.sub(lambda found: found[0] if found[0].startswith(b'"') else write(found), raw)


def _within(pattern: re.Pattern[bytes], raw: bytes, write: Callable[[re.Match[bytes]], bytes]) -> bytes:
    return STRINGS.sub(lambda text: pattern.sub(write, text[0]), raw)


BLANKS_AND_COMMA = re.compile(r"[ \t\r]*+,?[ \t\r]*+")


def _several_rows(raw: bytes) -> bytes | None:
    """Whole objects one after the other, with a comma or nothing between them, each on a line of its own."""
    decoder, place, rows = json.JSONDecoder(), 0, []
    try:
        text = raw.decode()
        while place < len(text):
            if text[place] != "{" or len(rows) == MOST_ROWS:
                return None
            _, end = decoder.raw_decode(text, place)
            rows.append(text[place:end])
            between = BLANKS_AND_COMMA.match(text, end)
            place = between.end() if between else end
    except (ValueError, RecursionError):
        return None
    return "\n".join(rows).encode() if len(rows) > 1 and "\n" not in text else None


def _comma_after(raw: bytes) -> bytes | None:
    return raw[:-1].rstrip() if raw.endswith(b",") else None


# The first alternative leaves a comma alone that has no value before it: that would be a value lost, not a slip.
TRAILING = _outside(rb"[\[{,][ \t\r\n]*+,|,(?=[ \t\r\n]*+[\]}])")


def _trailing_comma(raw: bytes) -> bytes:
    return _between(TRAILING, raw, lambda found: b"" if found[0] == b"," else found[0])


PYTHON = re.compile(
    STRING.decode() + r"|'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+(?:'|\\?\Z|(?=\\?\n))|\b(?:None|True|False)\b", re.DOTALL
)
PYTHON_WORDS = {"None": "null", "True": "true", "False": "false"}


class _Unsure(Exception):
    pass


def _single_quotes(raw: bytes) -> bytes | None:
    """An object as Python prints it, text by text; brackets, blanks and numbers stay as they are written."""
    if len(raw) > LARGEST_LITERAL or b"'" not in raw:
        return None
    try:
        text = raw.decode()
        if not any(found[0].startswith("'") for found in PYTHON.finditer(text)):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # a backslash that escapes nothing is a warning in Python, a doubt here
            written = PYTHON.sub(_python_token, text)
        return _trailing_comma(written.encode())
    except (_Unsure, ValueError, TypeError, SyntaxError, MemoryError):
        return None


def _python_token(found: re.Match[str]) -> str:
    token = found[0]
    if token in PYTHON_WORDS:
        return PYTHON_WORDS[token]
    if token.startswith("'"):
        return orjson.dumps(ast.literal_eval(token)).decode()
    readings = [_reading(json.loads, token), _reading(ast.literal_eval, token)]
    if readings[0] == readings[1] or readings[1] is None:
        return token
    if readings[0] is None:
        return orjson.dumps(readings[1]).decode()
    raise _Unsure


def _reading(read: Callable[[str], Any], token: str) -> Any:
    try:
        return read(token)
    except (ValueError, SyntaxError):
        return None


# A text between typographic marks ends at the first mark of its family, and no straight one may stand in it.
FAMILIES = ("“”„‟", "«»", "‘’‚‛")
TYPOGRAPHIC = re.compile(
    STRING.decode()
    + "".join(rf'|[{marks}][^{marks}"\\]*+(?:\\.[^{marks}"\\]*+)*+(?:([{marks}])|(?=")|\\?\Z)' for marks in FAMILIES),
    re.DOTALL,
)


def _typographic_quotes(raw: bytes) -> bytes | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return TYPOGRAPHIC.sub(lambda found: f'"{found[0][1:-1]}"' if found.lastindex else found[0], text).encode()


UNQUOTED = _outside(rb"(?P<before>[{,][ \t\r\n]*+)(?P<name>[A-Za-z_$][A-Za-z0-9_$]*+)(?=[ \t\r\n]*+:)")


def _unquoted_name(raw: bytes) -> bytes:
    return _between(UNQUOTED, raw, lambda found: found["before"] + b'"' + found["name"] + b'"')


FOREIGN = _outside(rb"(?<![\w$.+-])(?:-?Infinity|NaN|None|True|False|undefined)(?![\w$.])")


def _foreign_word(raw: bytes) -> bytes:
    return _between(FOREIGN, raw, lambda found: {b"True": b"true", b"False": b"false"}.get(found[0], b"null"))


ESCAPE_OR_CONTROL = re.compile(rb"\\(?:u0000|.)|[\x00-\x1f]", re.DOTALL)
SHORT = {b"\b": rb"\b", b"\t": rb"\t", b"\n": rb"\n", b"\f": rb"\f", b"\r": rb"\r", b"\0": b"", rb"\u0000": b""}


def _control_character(raw: bytes) -> bytes:
    return _within(ESCAPE_OR_CONTROL, raw, _escaped)


def _escaped(found: re.Match[bytes]) -> bytes:
    held = found[0]
    if held in SHORT:
        return SHORT[held]
    return held if len(held) > 1 else rb"\u%04x" % ord(held)


MARKS = _outside(rb"\xef\xbb\xbf")


def _byte_order_mark(raw: bytes) -> bytes:
    return _between(MARKS, raw, lambda _: b"")


# Bytes that are no UTF-8 are decoded as U+DC80 to U+DCFF. Two that begin like one character are a character cut short.
ODD_BYTE = re.compile("[\udc80-\udcff]")
CUT_SHORT = re.compile("[\udce0-\udcf4][\udc80-\udcbf]")
BEYOND_ASCII = re.compile("[\x80-\ud7ff\ue000-\U0010ffff]")


def _windows_1252(raw: bytes) -> bytes | None:
    """The odd bytes alone; not where the line has UTF-8 as well and could be Windows-1252 as a whole."""
    text = raw.decode("utf-8", "surrogateescape")
    if CUT_SHORT.search(text) or (BEYOND_ASCII.search(text) and _decodes(raw)):
        return None
    try:
        return ODD_BYTE.sub(lambda odd: bytes([ord(odd[0]) - 0xDC00]).decode("cp1252"), text).encode()
    except UnicodeDecodeError:
        return None


def _decodes(raw: bytes) -> bool:
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


PAIR_OR_HALF = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)


def _half_character(raw: bytes) -> bytes:
    return _within(PAIR_OR_HALF, raw, lambda found: rb"\ufffd" if found["half"] else found[0])


# What JSON or another language takes for one character: beside these, nobody can say which backslashes are real.
HEX = rb"u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|U[0-9a-fA-F]{8}"
ESCAPES = re.compile(rb"\\(?:" + HEX + rb"|.)", re.DOTALL)
MEANT_OTHERWISE = re.compile(rb"\\(?:[\\/bfnrt'0\x00-\x1f]|" + HEX + rb")")


def _backslash(raw: bytes) -> bytes | None:
    """Doubled where all of the line's backslashes are alone; who forgot some may have meant any as a real one."""
    escapes = (escape[0] for text in STRINGS.finditer(raw) for escape in ESCAPES.finditer(text[0]))
    if any(MEANT_OTHERWISE.match(escape) for escape in escapes):
        return None
    return _within(ESCAPES, raw, lambda found: found[0] if found[0] == b'\\"' else b"\\" + found[0])


_MENDING: dict[Repair, Callable[[bytes], bytes | None]] = {
    Repair.SEVERAL_ROWS: _several_rows,
    Repair.COMMA_AFTER: _comma_after,
    Repair.TRAILING_COMMA: _trailing_comma,
    Repair.SINGLE_QUOTES: _single_quotes,
    Repair.TYPOGRAPHIC_QUOTES: _typographic_quotes,
    Repair.UNQUOTED_NAME: _unquoted_name,
    Repair.FOREIGN_WORD: _foreign_word,
    Repair.CONTROL_CHARACTER: _control_character,
    Repair.BYTE_ORDER_MARK: _byte_order_mark,
    Repair.WINDOWS_1252: _windows_1252,
    Repair.HALF_CHARACTER: _half_character,
    Repair.BACKSLASH: _backslash,
}
