"""Explaining: what is wrong with a text that is not JSON, where, and how to mend it."""

import re
from collections.abc import Callable

import orjson

from studio.data.problem import Problem

CUT_OFF_FIX = "The file may have been cut off: complete this line or delete it. Inside a text, a line break is \\n."
QUOTES_FIX = "Write the file with a JSON writer (in Python json.dumps, not str or print); JSON wants double quotes."
WORDS = {
    "NaN": ("NaN is not a JSON value.", "Write null, or leave the field out."),
    "Infinity": ("Infinity is not a JSON value.", "Write null, or leave the field out."),
    "-Infinity": ("-Infinity is not a JSON value.", "Write null, or leave the field out."),
    "None": ("None is Python's word; JSON says null.", "Write null. In Python, json.dumps does it for you."),
    "True": ("True is Python's word; JSON says true.", "Write true. In Python, json.dumps does it for you."),
    "False": ("False is Python's word; JSON says false.", "Write false. In Python, json.dumps does it for you."),
    "undefined": ("undefined is JavaScript's word; JSON has no such value.", "Write null, or leave the field out."),
}
CONTROL_NAMES = {
    "\t": ("tab", "\\t"),
    "\r": ("carriage return", "\\r"),
    "\n": ("line break", "\\n"),
    "\0": ("NUL", "\\u0000"),
}
TYPOGRAPHIC = "“”„‘’«»"
COMMENTS = ("//", "/*", "#")
COMMENT = ("A comment stands here; JSON has none.", "Remove it.")


def why_not_json(raw: bytes, error: orjson.JSONDecodeError) -> Problem:
    """The place and the plain reason, with what to do about it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        return _not_utf8(raw, bad)
    rest = text[error.pos :]
    for sign, explain in _EXPLANATIONS:
        if sign in error.msg:
            reason, fix = explain(text, rest)
            break
    else:
        reason, fix = f"This is not valid JSON: {error.msg}.", "Mend the line, or write the file with a JSON writer."
    return Problem(reason, fix, column=error.colno, lines_down=error.lineno - 1)


def _not_utf8(raw: bytes, bad: UnicodeDecodeError) -> Problem:
    before = raw[: bad.start].decode("utf-8")
    byte = raw[bad.start : bad.start + 1]
    line_start = before.rfind("\n") + 1
    return Problem(
        f"A character here is not UTF-8 (byte 0x{byte.hex().upper()}).",
        f"Save the file as UTF-8. In Windows-1252 this character would be {byte.decode('cp1252', 'replace')}.",
        column=len(before) - line_start + 1,
        lines_down=before.count("\n"),
        undecoded=True,
    )


def _trailing_comma(_text: str, _rest: str) -> tuple[str, str]:
    return "There is a comma before a closing bracket.", "Remove that comma."


def _ends_early(text: str, _rest: str) -> tuple[str, str]:
    if len(re.findall(r'(?<!\\)(?:\\\\)*"', text)) % 2:
        return "The line ends inside a text: its closing quotation mark is missing.", CUT_OFF_FIX
    return "The line ends before the row does: a closing bracket is missing.", CUT_OFF_FIX


def _goes_on(_text: str, rest: str) -> tuple[str, str]:
    if rest.startswith(COMMENTS):
        return COMMENT
    if rest.strip() == ",":
        return "There is a comma after the row.", "Remove it: in JSONL every line stands alone."
    if rest.lstrip(" \t\r,").startswith("{"):
        return "There is more than one row on this line.", "Put each row on a line of its own."
    return "There is something after the end of the row.", "Remove what follows the closing bracket."


def _no_name(_text: str, rest: str) -> tuple[str, str]:
    if rest.startswith(COMMENTS):
        return COMMENT
    if rest[0] == "'":
        return "Single quotes stand where JSON wants double quotes.", QUOTES_FIX
    if rest[0] in TYPOGRAPHIC:
        return "Typographic quotation marks stand where JSON wants straight ones.", 'Use the straight mark (").'
    return "A field name without double quotes stands here.", 'Put the name in double quotes, as in "prompt".'


def _no_value(text: str, rest: str) -> tuple[str, str]:
    for word, told in WORDS.items():
        if rest.startswith(word):
            return told
    if rest[0] in "'" + TYPOGRAPHIC or rest.startswith(COMMENTS):
        return _no_name(text, rest)
    if rest == text:
        return "This line is not JSON.", 'A row starts with { and ends with }, as {"prompt": "…", "completion": "…"}.'
    return "A value is missing or not written as JSON here.", "Put texts in double quotes; write null for no value."


def _sign_alone(_text: str, rest: str) -> tuple[str, str]:
    if rest.startswith("Infinity"):
        return WORDS["-Infinity"]
    return "A minus sign stands here without a number.", "Put texts in double quotes; write null for no value."


def _endless_number(_text: str, _rest: str) -> tuple[str, str]:
    return (
        "A number here is larger than any that a computer counts with.",
        "Put it in double quotes if it is an identifier, or leave it out.",
    )


def _byte_order_mark(_text: str, _rest: str) -> tuple[str, str]:
    return "A byte order mark stands in the middle of the file.", "Join files without it: save each as plain UTF-8."


def _control(_text: str, rest: str) -> tuple[str, str]:
    name, written = CONTROL_NAMES.get(rest[0], (f"control character U+{ord(rest[0]):04X}", f"\\u{ord(rest[0]):04x}"))
    return f"A raw {name} stands inside a text.", f"Write it as {written}, or remove it."


def _half_character(_text: str, _rest: str) -> tuple[str, str]:
    return (
        "Half of a character is written here (a lone \\ud800-\\udfff).",
        "Write the whole character, or remove the half. Often an emoji was cut in two.",
    )


def _backslash(_text: str, rest: str) -> tuple[str, str]:
    return "A backslash stands before a character that it cannot escape.", "Write a real backslash as two: \\\\."


def _too_deep(_text: str, _rest: str) -> tuple[str, str]:
    return "Brackets are nested too deeply here.", "Give each row as a flat object with texts."


def _no_separator(_text: str, _rest: str) -> tuple[str, str]:
    return (
        "A comma or a closing bracket is missing here.",
        'If this is a quotation mark inside a text, write it as \\".',
    )


def _no_colon(_text: str, _rest: str) -> tuple[str, str]:
    return "A field name is not followed by a colon.", 'Write "name": value.'


_EXPLANATIONS: tuple[tuple[str, Callable[[str, str], tuple[str, str]]], ...] = (
    ("byte order mark", _byte_order_mark),
    ("trailing comma", _trailing_comma),
    ("unexpected end of data", _ends_early),
    ("content after document", _goes_on),
    ("expected a string key", _no_name),
    ("expected a JSON value", _no_value),
    ("invalid literal", _no_value),
    ("after sign", _sign_alone),
    ("number is infinity", _endless_number),
    ("control character", _control),
    ("surrogate", _half_character),
    ("escape", _backslash),
    ("depth limit", _too_deep),
    ("expected ','", _no_separator),
    ("expected ':'", _no_colon),
)
