"""Locating: where the field that is wrong stands in a row of JSON."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

SPACE = re.compile(r"[ \t\r\n]*")
ESCAPED_NAME = re.compile(r'\\.[^"\\]*"[ \t\r\n]*:')
PLACE_IN_LIST = re.compile(r"\[(\d+)\]")
DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Place:
    """The characters of a text from `start` to before `end`; none where something is missing.

    `cell` is the address in the sheet where it stands, such as B3, if it stands in one.
    """

    start: int
    end: int
    cell: str = ""


Find = Callable[[str, str], Place | None]  # where a field stands in the text of a row


def column_of(names: Sequence[str], field: str) -> int | None:
    """Which column a field is, or a path such as messages[2].content begins with; the longest name that fits."""
    owners = [name for name in names if field.startswith(name)]
    return names.index(max(owners, key=len)) if owners else None


def value_at(text: str, field: str) -> Place | None:
    """The value of a field, such as messages[2].content; where it is missing, the bracket of what it is missing in.

    Of a field that is there twice, it is the second; None for a text that is not JSON.
    """
    try:
        return _second(text, field) or _descend(text, field)
    except (ValueError, IndexError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Member:
    """A value within an object or a list, under its name or its number; `named` is where the name begins."""

    key: str | int
    named: int
    value: Place


def _descend(text: str, field: str) -> Place:
    start, rest = _past(text, 0), field
    value = Place(start, DECODER.raw_decode(text, start)[1])
    while rest and text[value.start] in "{[":
        inside = {member.key: member.value for member in _members(text, value.start)}
        key, after = _next_key(rest, inside)
        if key is None:
            break
        value, rest = inside[key], after
    return Place(value.start, value.start + 1) if text[value.start] in "{[" else value


def _next_key(path: str, inside: dict[str | int, Place]) -> tuple[str | int | None, str]:
    """The first step of a path and what is left of it; names may have dots and brackets of their own."""
    if (number := PLACE_IN_LIST.match(path)) and int(number[1]) in inside:
        return int(number[1]), path[number.end() :].removeprefix(".")
    fitting = [name for name in inside if isinstance(name, str) and _begins(path, name)]
    name = max(fitting, key=len, default=None)
    return name, path[len(name) :].removeprefix(".") if name is not None else path


def _begins(path: str, name: str) -> bool:
    return path.startswith(name) and path[len(name) : len(name) + 1] in ("", ".", "[")


def _second(text: str, name: str) -> Place | None:
    """Where a name stands that its object has already, at any depth."""
    if text.count(f'"{name}"') < 2 and not ("\\" in text and ESCAPED_NAME.search(text)):
        return None
    waiting = [_past(text, 0)]
    while waiting:
        members = list(_members(text, waiting.pop()))
        same = [member for member in members if member.key == name]
        if len(same) > 1:
            return Place(same[1].named, DECODER.raw_decode(text, same[1].named)[1])
        waiting += [member.value.start for member in members if text[member.value.start] in "{["]
    return None


def _members(text: str, start: int) -> Iterator[_Member]:
    """The values of the object or list that begins at `start`, in order."""
    is_object, number, place = text[start] == "{", 0, _past(text, start + 1)
    while text[place] not in "}]":
        key, named = number, place
        if is_object:
            key, place = DECODER.raw_decode(text, place)
            place = _past(text, _past(text, place) + 1)  # the colon
        end = DECODER.raw_decode(text, place)[1]
        yield _Member(key, named, Place(place, end))
        number, place = number + 1, _past(text, end)
        if text[place] == ",":
            place = _past(text, place + 1)


def _past(text: str, place: int) -> int:
    """The first place from `place` on that is not white space."""
    found = SPACE.match(text, place)
    return found.end() if found else place
