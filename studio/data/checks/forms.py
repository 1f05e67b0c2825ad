"""Forms: how an answer is written (plain, Markdown, lines with names, JSON), and the named values that it holds."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson


class Format(StrEnum):
    """How an answer is written; the value completes “answers in …”."""

    PLAIN = "plain text"
    MARKDOWN = "Markdown"
    FIELDS = "“name: value” lines"
    JSON = "JSON"
    BROKEN_JSON = "JSON that cannot be read"


@dataclass(frozen=True, slots=True)
class Form:
    """The format of an answer, and its named texts as written, with the spaces around them."""

    format: Format
    fields: tuple[tuple[str, str], ...] = ()


_JSON_START = re.compile(r"\s*(?:\{\s*[\"}]|\[\s*[{\[\"\]])")
_FIELD = re.compile(r"[ \t]*([^\W\d_][\w /-]{0,30}?)[ \t]*:(?: (.*)|)$")
_NAME = re.compile(r"^[ \t]*[^\W\d_][\w /-]{0,30}?[ \t]*:", re.MULTILINE)
MOST_SIGNS = 40  # of an answer, that are shown
_LONGEST_VALUE = 80  # characters; what is longer is prose that happens to hold a colon
_LONGEST_LONE_VALUE = 4  # words
_MARKDOWN = re.compile(r"^(?:#{1,6} \S|```|\|.*\|[ \t]*$)", re.MULTILINE)
_BULLETS = re.compile(r"^[ \t]{0,6}[-*+•] \S", re.MULTILINE)
_STRONG = re.compile(r"\*\*[^*\n]{1,200}\*\*|(?<!`)`[^`\n]{1,200}`(?!`)|\[[^\]\n]{1,200}\]\(https?://")


# The checks of one answer follow each other.
@lru_cache(maxsize=4)
def form_of(answer: str) -> Form:
    """How an answer is written; a format is only named where the whole answer, or its Markdown signs, show it."""
    if _JSON_START.match(answer):
        try:
            return Form(Format.JSON, tuple(_texts(orjson.loads(answer))))
        except orjson.JSONDecodeError:
            return Form(Format.BROKEN_JSON)
    if ":" in answer and (fields := _fields(answer)):
        return Form(Format.FIELDS, fields)
    return Form(Format.MARKDOWN if _is_markdown(answer) else Format.PLAIN)


def signs_of(answer: str) -> list[tuple[int, int]]:
    """What shows the format of an answer: its names, its Markdown signs, or all of it."""
    match form_of(answer).format:
        case Format.FIELDS:
            return [match.span() for match in _NAME.finditer(answer)][:MOST_SIGNS]
        case Format.MARKDOWN:
            found = [match.span() for shape in (_MARKDOWN, _STRONG) for match in shape.finditer(answer)]
            found += [(match.start(), match.end() - 1) for match in _BULLETS.finditer(answer)]
            return sorted(found)[:MOST_SIGNS]
        case _:
            return [(0, len(answer))]


def _fields(answer: str) -> tuple[tuple[str, str], ...]:
    """The names and values of an answer whose every line is “name: value”; otherwise nothing."""
    lines = [line for line in answer.split("\n") if line and not line.isspace()]
    found: list[tuple[str, str]] = []
    for line in lines:
        match = _FIELD.match(line) if len(line) <= _LONGEST_VALUE + 40 else None
        if not match or len(value := match[2] or "") > _LONGEST_VALUE:
            return ()
        found.append((match[1], value))
    if len(found) == 1 and (
        len(found[0][1].split()) > _LONGEST_LONE_VALUE or found[0][1].rstrip().endswith((".", "!", "?"))
    ):
        return ()
    return tuple(found)


def _is_markdown(answer: str) -> bool:
    may_be = "\n" in answer or "*" in answer or "`" in answer or "](" in answer or answer.startswith("#")
    return may_be and bool(_MARKDOWN.search(answer) or _STRONG.search(answer) or len(_BULLETS.findall(answer)) > 1)


def _texts(value: Any) -> list[tuple[str, str]]:
    """The named texts of an object, or of each object in a list."""
    objects = value if isinstance(value, list) else [value]
    return [
        (name, held) for one in objects if isinstance(one, dict) for name, held in one.items() if isinstance(held, str)
    ]
