"""Pressed: what a press told that came from a part of the page which the studio draws itself."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError


def told_by(event: gr.EventData | None, **wanted: Callable[[Any], Any]) -> list[Any]:
    """What a press told under each name, made into what is wanted: `told_by(event, act=str, step=int)`.

    StudioError where it did not tell that; no button of a page does so, but a program may.
    """
    try:
        return [kind(getattr(event, name)) for name, kind in wanted.items()]
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise StudioError(
            "That press did not say what it was on, so nothing was done.", fix="Press the button on the page itself."
        ) from error
