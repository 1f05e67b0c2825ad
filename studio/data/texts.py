"""Texts: a field of a row as a text, or the reason why it is none."""

from typing import Any

import orjson

from studio.data.problem import Problem

LARGEST_EXACT = 2**63
TEXT_PARTS = ("text", "input_text", "output_text")
FILL_IN = "Fill it in, or leave the row out."


class Refused(Exception):
    """A row cannot become an example; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def optional_text(value: dict[str, Any], field: str | None) -> str:
    """The text of a field that may be missing, null or blank."""
    held = value.get(field) if field else None
    if held is None or (isinstance(held, str) and not held.strip()):
        return ""
    return text(value, str(field))


def text(value: dict[str, Any], field: str, *, path: str | None = None) -> str:
    """A text that is there and says something; a number is not made a text, that is the writer's decision."""
    held, path = value.get(field), path or field
    if isinstance(held, str):
        if not held or held.isspace():
            raise Refused(Problem(f"{shown(path)} is empty.", FILL_IN, field=path))
        return held
    if held is None:
        raise Refused(missing(value, field, path=path))
    if isinstance(held, bool | int | float):
        name = "true or false" if isinstance(held, bool) else "a number"
        written = orjson.dumps(held).decode() if abs(held) < LARGEST_EXACT else "12345"
        fix = f'If it is meant as text, put it in double quotes: "{written}".'
        raise Refused(Problem(f"{shown(path)} is {name}, not a text.", fix, field=path))
    kind = "a list" if isinstance(held, list) else "an object"
    fix = "Write the text alone, in double quotes."
    raise Refused(Problem(f"{shown(path)} is {kind}, not a text.", fix, field=path))


def joined(parts: list[Any], *, path: str) -> str:
    """The text of a message that is written in parts, one after the other as chat templates write them."""
    texts = []
    for place, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        said = part if isinstance(part, str) else part.get("text") if kind in TEXT_PARTS else None
        if not isinstance(said, str):
            name = f"a part of the type “{kind[:40]}”" if isinstance(kind, str) else "a part that is no text"
            fix = "Models here read text alone: put it in words, or leave the row out."
            raise Refused(Problem(f"{shown(path)} has {name}.", fix, field=f"{path}[{place}]"))
        texts.append(said)
    if not "".join(texts).strip():
        raise Refused(Problem(f"{shown(path)} is empty.", FILL_IN, field=path))
    return "".join(texts)


def missing(value: dict[str, Any], field: str, *, path: str | None = None) -> Problem:
    path = path or field
    if field in value:
        return Problem(f"{shown(path)} is null.", FILL_IN, field=path)
    return Problem(f"{shown(path)} is missing.", "Add the field, or choose other fields for this file.", field=path)


def shown(path: str) -> str:
    """A field's name in a sentence; the place of a message is told apart, so that equal reasons count together."""
    owner, dot, name = path.rpartition(".")
    return f"“{name}” of a message" if dot and owner.endswith("]") else f"The field “{path}”"
