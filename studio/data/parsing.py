"""Parsing: the bytes of one row become a JSON object, or the reason why not."""

import json
import re
from typing import Any

import orjson

from studio.data.explaining import why_not_json
from studio.data.naming import shown_name
from studio.data.problem import Problem

DEEPEST = 64
ESCAPED_NAME = re.compile(rb'\\.[^"\\]*"[ \t\r\n]*:')
ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
MANY_NAMES = 50
FLAT_FIX = 'Give each row as an object, as in {"prompt": "…", "completion": "…"}.'
TYPE_NAMES = {
    str: "a text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    type(None): "null",
}


def parse_object(raw: bytes) -> dict[str, Any] | Problem:
    """One row as it is written; nothing is converted or repaired."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return why_not_json(raw, error)
    if type(value) is not dict:
        return _not_an_object(value)
    try:
        texts = _texts(value)
    except _TooDeep:
        return Problem(f"Brackets are nested more than {DEEPEST} deep.", "Give each row as a flat object with texts.")
    if raw.count(b'"') == 2 * texts and b"\\" not in raw:
        return value  # as most rows are: each name and text has two quotation marks, and there are no others
    return _written_twice(raw, value, texts) or _holding_nul(raw) or value


def _not_an_object(value: Any) -> Problem:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return Problem("This line is a list, not an object.", 'Name the list, as in {"messages": [ … ]}.')
    return Problem(f"This line is {TYPE_NAMES[type(value)]}, not an object.", FLAT_FIX)


def depth_of(value: Any) -> int:
    """How deep objects and lists are nested."""
    deepest, level = 0, [value]
    while level:
        deepest += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return deepest


class _TooDeep(Exception):
    pass


def _texts(value: Any, *, depth: int = 1) -> int:
    """How many names and texts there are in an object and in all within it; _TooDeep beyond DEEPEST."""
    if depth > DEEPEST:
        raise _TooDeep
    count = 0
    if type(value) is dict:
        count = len(value)
        value = value.values()
    for inner in value:
        kind = type(inner)
        if kind is str:
            count += 1
        elif kind is dict or kind is list:
            count += _texts(inner, depth=depth + 1)
    return count


class Twice(Exception):
    """A name that an object has twice."""


def _written_twice(raw: bytes, value: dict[str, Any], texts: int) -> Problem | None:
    """A field that is there twice, at any depth, of which a reader would silently keep the last."""
    escaped = raw.count(b'\\"') if b"\\" in raw else 0
    if raw.count(b'"') == 2 * texts + escaped and not (escaped and b"\\\\" in raw):
        return None  # each name and text has two quotation marks: there are no others
    names = _names(value, {})
    # Counting is quick for the few names of usual rows, but it reads the whole row for each.
    if (
        len(names) <= MANY_NAMES
        and all(raw.count(b'"%s"' % name.encode()) == n for name, n in names.items())
        and not (b"\\" in raw and ESCAPED_NAME.search(raw))
    ):
        return None
    try:
        json.loads(raw, object_pairs_hook=once)
    except Twice as twice:
        name = shown_name(str(twice))
        return Problem(f"The field “{name}” is written twice.", "Keep one of the two.", field=name)
    return None


def _names(value: Any, counts: dict[str, int]) -> dict[str, int]:
    """How often each field is there, in an object and in all objects within it."""
    if type(value) is dict:
        for name in value:
            counts[name] = counts.get(name, 0) + 1
        value = value.values()
    for inner in value:
        if type(inner) is dict or type(inner) is list:
            _names(inner, counts)
    return counts


def _holding_nul(raw: bytes) -> Problem | None:
    """A NUL written as an escape: no text needs one, and databases and programs in C stop at it."""
    found = ESCAPED_NUL.search(raw) if b"\\" in raw and b"\\u0000" in raw else None
    if found is None:
        return None
    before = raw[: found.end() - len("\\u0000")].decode()
    return Problem(
        "A NUL (\\u0000) stands inside a text.",
        "Remove it.",
        column=len(before) - before.rfind("\n"),
        lines_down=before.count("\n"),
    )


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these names and values, for json.loads; Twice when a name is there again."""
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        raise Twice(next(name for name, _ in pairs if name in seen or seen.add(name)))
    return value
