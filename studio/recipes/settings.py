"""Settings: the JSON files of a model folder, read as what they are: text from a stranger."""

import json
from pathlib import Path
from typing import Any

from studio.domain.excerpt import visible

LONGEST_SHOWN = 80


def read_settings(path: Path, *, most: int) -> dict[str, Any]:
    """The object in a file of at most so many bytes; ValueError where it is none.

    Read by the standard library's parser because that is the one by which the libraries read it after this check.
    """
    with path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ValueError("too large")
    return settings_in(raw)


def settings_in(raw: bytes) -> dict[str, Any]:
    """The object that these bytes write; ValueError where it is none, whatever they are."""
    try:
        value = json.loads(raw.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def shown(text: object) -> str:
    """A name from such a file, fit for a sentence."""
    seen = visible(str(text)[: LONGEST_SHOWN + 1])
    return seen if len(seen) <= LONGEST_SHOWN else f"{seen[: LONGEST_SHOWN - 1]}…"
