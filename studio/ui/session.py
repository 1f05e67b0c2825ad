"""Session: the few ids that the screens share; the truth behind them is in the store."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.recipe import Recipe
from studio.flows.studio import Studio

# Without a spinner, and viewers never queue. That the spinner stands on nothing matters: otherwise Gradio goes through every
# output that any event ever had, with all that is inside it, three times for each event.
_SHARED: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], "concurrency_limit": None}
# How nearly every event of the studio is meant: not part of the public API.
QUIET: dict[str, Any] = _SHARED | {"api_visibility": "private"}
# How a screen is drawn: what happens while it is being drawn draws it once more, so that it never stays behind.
DRAWN: dict[str, Any] = QUIET | {"trigger_mode": "always_last"}
# How it is looked, again and again, at what may have changed: by one request, and not by way of Gradio's queue, which takes
# two and much else. Nobody who listens to a state hears that such a look has changed it. See docs/decisions/0041.
STRAIGHT: dict[str, Any] = {"queue": False}
# The few events that are meant as API; each names itself with api_name.
PUBLIC: dict[str, Any] = _SHARED


@dataclass(frozen=True, slots=True)
class WantedRecipe:
    """A recipe that somebody asked to see on Recipe, of a run or of a file; another `press` asks for it anew."""

    data: str | None
    model: str | None
    recipe: Recipe
    press: str

    def __str__(self) -> str:
        return self.press


@dataclass(frozen=True, slots=True)
class Session:
    """`data`, `model` and `run` are the pickers of the header (their values are ids); `study` is the one last opened,
    `cut_off` what was chosen on Inspect (None: as recommended), and `dealt` the split that was dealt last: whatever shows
    where rows are redraws when it changes. `wanted` is the WantedRecipe that was last asked for.

    Screens listen to `shown` (the data and the model) and `followed` (the run) instead of the pickers: when one of several
    listeners to a control's own event is busy, Gradio runs all of them again, and without end where they are slow. Those of
    a state it runs side by side, each for itself.

    `tabs` takes gr.Tabs(selected="train") as an output to lead people on; `page` is the whole page, for its load event.
    """

    studio: Studio
    page: gr.Blocks
    tabs: gr.Tabs
    data: gr.Dropdown
    model: gr.Dropdown
    run: gr.Dropdown
    study: gr.State
    cut_off: gr.State
    dealt: gr.State
    shown: gr.State
    followed: gr.State
    wanted: gr.State
