"""Drawn: what a screen was drawn for, as it stands on the page itself.

A screen is drawn a moment after something was picked. A press in that moment would put what is picked together with what
was drawn for something else. So a screen writes down what it was drawn for in the same answer as what it shows, into a part
of the page that nobody sees. A press brings that along, and only where it is what is picked is anything done.
"""

import functools
import inspect
import json
from collections.abc import Callable
from typing import Any, TypeVar

import gradio as gr

from studio.domain.errors import StudioError
from studio.ui.parts import html

T = TypeVar("T")
NOTHING = ""  # what stands there before anything was drawn, and what comes from a program, which has no page


def mark() -> gr.HTML:
    """The part of the page; as an output it comes last, after all that was drawn."""
    return gr.HTML(NOTHING, elem_classes="unseen")


def drawn_for(*picked: object) -> str:
    """What the part says once a screen was drawn for what is picked."""
    return html.text(json.dumps(picked, ensure_ascii=False, separators=(",", ":"), default=str))


def told_at_once(screen: str) -> str:
    """What a browser does with the part and what is picked: <body data-SCREEN> says what is on the screen from now on.

    "picked" where it was drawn for that, "other" where it was drawn for something else, and else nothing.
    """
    return f"""(drawn, ...picked) => {{
  const of = new DOMParser().parseFromString(drawn || '', 'text/html').body.textContent;
  const fits = of.startsWith(JSON.stringify(picked).slice(0, -1)) && drawn !== document.body.dataset.{screen}Outdated;
  document.body.dataset.{screen} = fits ? 'picked' : of ? 'other' : '';
}}"""


def drawn_anew(screen: str) -> str:
    """The same for a screen that is drawn anew for what is picked already."""
    return f"""(drawn) => {{
  document.body.dataset.{screen}Outdated = drawn;
  if (document.body.dataset.{screen}) document.body.dataset.{screen} = 'other';
}}"""


def must_show(on_page: str | None, *picked: object) -> None:
    """StudioError where a page shows something else than what is picked."""
    if on_page and not on_page.startswith(drawn_for(*picked)):
        raise StudioError(
            "What you pressed still belonged to what was picked before, so nothing was done.",
            fix="Look at what stands there now, then press again.",
        )


def when_drawn(press: Callable[..., T], *, picked: int, takes: int | None = None) -> Callable[..., T]:
    """`press` for a page whose inputs begin with the mark and the `picked` things that it is of.

    `press` itself is given the first `takes` of those, or else all of them, and whatever follows.
    """

    @functools.wraps(press)
    def pressed(studio: Any, on_page: str | None, *inputs: Any) -> T:
        must_show(on_page, *inputs[:picked])
        return press(studio, *inputs[: picked if takes is None else takes], *inputs[picked:])

    pressed.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # else Gradio takes that of `press`
        [
            inspect.Parameter("studio", inspect.Parameter.POSITIONAL_ONLY),
            inspect.Parameter("inputs", inspect.Parameter.VAR_POSITIONAL),
        ]
    )
    return pressed
