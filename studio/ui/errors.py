"""Errors on a screen: one sentence and the next step, never a traceback."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gradio as gr

from studio import logs
from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.ui.parts import html

P = ParamSpec("P")
T = TypeVar("T")
LONGEST = 600  # letters of a message


def friendly(handler: Callable[P, T]) -> Callable[P, T]:
    """Show a StudioError as its sentence; anything else as a plain apology, with the details in the log."""

    @functools.wraps(handler)
    def handled(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return handler(*args, **kwargs)
        except StudioError as error:
            raise in_words(error) from error
        except gr.Error:
            raise
        except Exception as error:
            logging.getLogger("studio.ui").exception("A screen failed")
            raise gr.Error(logs.apology(logs.request()), title="That did not work", print_exception=False) from error

    return handled


def in_words(error: StudioError) -> gr.Error:
    """A StudioError as the page shows it; of what somebody sent that is repeated in it, no more than fits a message."""
    said, half = error.sentence, LONGEST // 2
    short = said if len(said) <= LONGEST else f"{said[:half]} … {said[-half:]}"
    return gr.Error(html.text(short), title="That did not work", print_exception=False)


def handler(function: Callable[..., T], *bound: object) -> Callable[..., T]:
    """A module's function as an event handler: its first arguments bound, its errors shown in words."""
    return friendly(functools.partial(function, *bound))


def told(error: StudioError) -> str:
    """A StudioError as part of a page, for what is shown rather than asked for."""
    return html.reading(Reading(Tone.BAD, error.message, error.fix))
