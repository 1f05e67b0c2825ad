"""Sent: what a page or a program sends, held against the parts that it comes from before any handler is given it.

A browser sends what its parts can hold, so a handler may rely on that. A program may send anything.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.halves import whole

FILES = (gr.File, gr.UploadButton)
LARGEST = 1e15  # of numbers: beyond it not every whole one can be told apart
AGAIN = "Reload the page, then try again."


def fitting(parts: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """What was sent, where each part could hold its value; StudioError otherwise, and nothing is left to who takes it.

    A box that nobody has seen yet sends nothing: that is a text without letters.
    """
    found = [
        "" if value is None and isinstance(part, gr.Textbox) else _whole(value)
        for part, value in zip(parts, values, strict=False)
    ]
    for part, value in zip(parts, found, strict=True):
        if not isinstance(part, gr.State) and (value is not None or _always_holds(part)):
            _must_fit(part, value)
    return found


def _whole(value: Any) -> Any:
    """The same without halves of characters, wherever they stand: no answer that repeats one could be sent."""
    match value:
        case str():
            return whole(value)
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
    return value


def not_taken(parts: Sequence[Any], error: Exception) -> StudioError:
    """What Gradio's own checks of a value refused, in words: a file, or a choice that is not among those offered."""
    kinds = [kind for part in parts if isinstance(part, FILES) for kind in part.file_types or ()]
    if kinds and isinstance(error, gr.Error):
        return StudioError(
            f"Only files named {', '.join(kinds)} are read here, so nothing was done.", fix="Choose another."
        )
    return StudioError("What was sent is not among what is offered here, so nothing was done.", fix=AGAIN)


def _must_fit(part: Any, value: Any) -> None:
    named = f"“{part.label}”" if getattr(part, "label", None) else "a part of the page"
    if not _is_of(part, value):
        raise StudioError(f"What was sent for {named} does not belong there, so nothing was done.", fix=AGAIN)
    if isinstance(part, gr.Number | gr.Slider):
        least, most = part.minimum, part.maximum
        if least is not None and value < least:
            raise StudioError(f"{named} is {value:,}, and the least is {least:,}.", fix="Choose a larger number.")
        if most is not None and value > most:
            raise StudioError(f"{named} is {value:,}, and the most is {most:,}.", fix="Choose a smaller number.")


def _always_holds(part: Any) -> bool:
    """Nobody can empty these: of choices those that are made with one."""
    if isinstance(part, gr.Radio | gr.Dropdown):
        return part.value is not None
    return isinstance(part, gr.CheckboxGroup | gr.Slider)


def _is_of(part: Any, value: Any) -> bool:
    match part:
        case gr.Textbox() | gr.HTML():
            return isinstance(value, str)
        case gr.Checkbox():
            return isinstance(value, bool)
        case gr.Number() | gr.Slider():
            return _is_scalar(value) and not isinstance(value, str | bool) and abs(value) <= LARGEST
        case gr.CheckboxGroup() | gr.Dropdown(multiselect=True):
            return isinstance(value, list) and all(map(_is_scalar, value))
        case gr.Radio() | gr.Dropdown():
            return _is_scalar(value)
        case gr.BrowserState():
            return isinstance(value, type(part.default_value)) and all(
                isinstance(each, str | None) for each in _inner(value)
            )
        case gr.File() | gr.UploadButton():
            return all(_was_uploaded(part, each) for each in (value if isinstance(value, list) else [value]))
    return not _names_files(value)


def _names_files(value: Any) -> bool:
    """Whether there is anything in it that Gradio would fetch a file for."""
    if isinstance(value, dict):
        return "path" in value or any(map(_names_files, value.values()))
    return isinstance(value, list) and any(map(_names_files, value))


def _was_uploaded(part: Any, file: Any) -> bool:
    """Whether this is a file that somebody sent here, and none of the machine's own that a program names by its path.

    Gradio looks at that only where it has launched a page itself, and copies any file otherwise.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str) or "\0" in path:
        return False
    return Path(path).resolve().is_relative_to(Path(part.GRADIO_CACHE).resolve())


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _inner(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)
