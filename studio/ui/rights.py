"""Rights: what each event of a page needs, checked where its handler runs.

An event needs the right to change, unless its handler is listed here as one that only looks. Whoever may only look and
reaches something that writes all the same (one handler may do both) is stopped by the store.
"""

import functools
from collections.abc import Callable
from typing import Any

from studio.domain.access import Right

LOOKS: dict[str, str] = {
    "studio.ui.shell": "_wire.<locals>.<lambda> machine_now _wire_address.<locals>.restore",
    "studio.ui.parts.pickers": "model_picker with_its_data with_its_run",
    "studio.ui.bringing.refused": "show",
    "studio.ui.bringing.fields": "show",
    "studio.ui.tabs.data": "show turn build.<locals>.<lambda>",
    "studio.ui.inspect.pages": "show turn turn_to",
    "studio.ui.inspect.findings": "show build.<locals>.press",
    "studio.ui.inspect.meaning": "show build.<locals>.<lambda>",
    "studio.ui.inspect.editor": "show",
    "studio.ui.inspect.rows": "filters show_first show turn build.<locals>.<lambda>",
    "studio.ui.inspect.history": "show show_difference go_to_newest",
    "studio.ui.inspect.lengths": "show show_lengths show_seen",
    "studio.ui.inspect.split": "show show_ledger show_evenness",
    "studio.ui.inspect.leakage": "show",
    "studio.ui.tabs.inspect": "show build.<locals>.<lambda>",
    "studio.ui.training.sweep": "show",
    "studio.ui.models.panel": "show",
    "studio.ui.tabs.recipe": (
        "build.<locals>.<lambda> show show_plan_of_drawn _nothing use_preset list_first list_gpus use_first"
    ),
    "studio.ui.training.trying": "look",
    "studio.ui.training.queue": "build.<locals>.<lambda> show build.<locals>.press",
    "studio.ui.training.checkpoints": "build.<locals>.press build.<locals>.<lambda>",
    "studio.ui.tabs.train": "show _wire.<locals>.<lambda>",
    "studio.ui.comparing.raters": "show build.<locals>.<lambda>",
    "studio.ui.tabs.compare": "show follow look_again _wire.<locals>.<lambda>",
    "studio.ui.comparing.form": "preview propose_again",
    "studio.ui.comparing.examples": "show",
    "studio.ui.comparing.prompt": "again look",
    "studio.ui.comparing.gates": "switch need choose look",
    "studio.ui.comparing.opinion": "begin show withdrawn",
    "studio.ui.tabs.verdict": "show read build.<locals>.<lambda>",
    "studio.ui.tabs.deliver": "show build.<locals>.<lambda>",
    "studio.ui.delivering.making": "described",
    "studio.ui.delivering.delivered": "look",
    "studio.ui.tabs.chat": "show follow",
    "studio.ui.runs.space": "show",
    "studio.ui.tabs.runs": "show show_picked pick",
}


def right_of(handler: Callable[..., Any] | None) -> Right:
    """What an event of the studio needs whose handler this is; one without a handler stays in the browser."""
    if handler is None:
        return Right.LOOK
    meant = innermost(handler)
    return Right.LOOK if meant.__qualname__ in LOOKS.get(meant.__module__, "").split() else Right.CHANGE


def innermost(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The function that somebody wrote, without what was put around it."""
    while True:
        if isinstance(handler, functools.partial):
            handler = handler.func
        elif hasattr(handler, "__wrapped__"):
            handler = handler.__wrapped__
        else:
            return handler
