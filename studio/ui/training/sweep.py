"""Sweep: the part of Recipe that tries a few values of one or two knobs as one action."""

from typing import Any

import gradio as gr

from studio.domain.errors import RecipeError, StudioError
from studio.domain.reading import Reading, Tone
from studio.domain.sweep import KNOBS, MOST_RUNS, title_of
from studio.flows import inspect, queue, sweep
from studio.flows.studio import Studio
from studio.ui.drawn import when_drawn
from studio.ui.errors import handler, told
from studio.ui.parts import forms, html
from studio.ui.parts.pickers import run_picker
from studio.ui.session import DRAWN, PUBLIC, Session

CHOICES = [(title_of(name), name) for name in KNOBS]
NONE = ("No other", "")
ABOUT = f"One run for each value, or for each pair of values: at most {MOST_RUNS}. The other choices are those above."


def build(
    session: Session, shows: list[Any], gpu: gr.Dropdown, click: gr.State, controls: list[Any], recipe: gr.Code
) -> None:
    """The knobs, what they mean beforehand, and one button; `recipe` changes whenever another plan is shown.

    `shows` is what the controls were drawn for, and what is picked.
    """
    studio, ids = session.studio, [session.data, session.model]
    with gr.Accordion("Try several values at once (a small sweep)", open=False):
        gr.HTML(f'<p class="help">{ABOUT}</p>')
        with gr.Row():
            first = gr.Dropdown(label="Vary", choices=CHOICES, value=KNOBS[0], min_width=200)
            values = gr.Textbox(label="Its values", placeholder="1e-4, 2e-4", min_width=200)
        with gr.Row():
            second = gr.Dropdown(label="And vary", choices=[NONE, *CHOICES], value="", min_width=200)
            others = gr.Textbox(label="Values of the second", placeholder="8, 16", min_width=200)
        said = gr.HTML()
        start = gr.Button("Queue the sweep", interactive=False, min_width=180, scale=0)
    typed = [first, values, second, others]
    changes = [*(part.change for part in typed), recipe.change]
    gr.on(changes, handler(show, studio), [*ids, gpu, *typed, *controls], [said, start], **DRAWN)
    start.click(
        handler(when_drawn(begin, picked=len(shows) - 1, takes=2), studio),
        [*shows, click, gpu, *typed, *controls],
        [session.run, session.tabs],
        trigger_mode="once",
        api_name="start_sweep",
        **PUBLIC,
    )


def show(studio: Studio, data: str | None, model: str | None, gpu: str | None, *values: Any) -> list[Any]:
    """How many runs it makes and how long they take, or what is wrong with it."""
    typed, held = values[:4], values[4:]
    if data is None or model is None or not typed[1] or inspect.measured(studio, data, model) is None:
        return ["", gr.Button(interactive=False)]
    try:
        found = sweep.planned(studio, data, model, forms.recipe_of(held), knobs(*typed), gpu=queue.device_of(gpu))
    except StudioError as error:
        return [told(error), gr.Button(interactive=False)]
    title, _, rest = found.sentence.partition(": ")
    return [html.reading(Reading(Tone.GOOD, f"{title}:", rest)), gr.Button(interactive=True)]


def begin(studio: Studio, data: str | None, model: str | None, click: str, gpu: str | None, *values: Any) -> list[Any]:
    """One sweep per visit, recipe and values, however often the button is clicked."""
    if data is None or model is None:
        raise RecipeError("There is nothing to train on.", fix="Bring a file on the Data tab first.")
    recipe, varied = forms.recipe_of(values[4:]), knobs(*values[:4])
    key = f"sweep:{data}:{model}:{recipe.fingerprint}:{varied}:{click}"
    made = sweep.start(studio, data, model, recipe, varied, gpu=queue.device_of(gpu), key=key)
    return [run_picker(studio, made.run_ids[0]), gr.Tabs(selected="train")]


def knobs(first: str, values: str, second: str, others: str) -> dict[str, list[Any]]:
    """What was chosen and typed."""
    chosen = {first: sweep.values_of(first, values)}
    if second == first:
        raise RecipeError("Both knobs are the same.", fix="Choose another second one, or none.", field=second)
    return chosen | ({second: sweep.values_of(second, others)} if second else {})
