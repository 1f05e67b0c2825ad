"""Pairs: the votes as a preference dataset in one click, after it was said what becomes of the test prompts."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.job import JobState
from studio.domain.reading import Reading, Tone
from studio.flows import preferences
from studio.flows.preferences import Pairs
from studio.flows.studio import Studio
from studio.ui.parts import html


@dataclass(frozen=True, slots=True)
class Making:
    about: gr.HTML
    consent: gr.Checkbox
    press: gr.Button


def build() -> Making:
    about = gr.HTML()
    consent = gr.Checkbox(label="These test prompts may become training data.", value=False)
    with gr.Row(elem_classes="actions"):
        press = gr.Button("Make a preference dataset of the votes", min_width=300)
    return Making(about, consent, press)


def view(found: Pairs) -> list[Any]:
    """How many pairs there are and what using them costs."""
    if not found.rows:
        none = Reading(Tone.QUIET, "No vote says which answer is better.", found.sentence)
        return [html.reading(none), gr.Checkbox(visible=False), gr.Button(visible=False)]
    told = html.reading(Reading(Tone.WARNING, found.sentence, found.warning))
    return [told, gr.Checkbox(visible=True, value=False), gr.Button(visible=True)]


def make(studio: Studio, study_id: str, consent: bool) -> list[Any]:
    """Bring the pairs in; they appear on Data with their origin."""
    made = preferences.bring_pairs(studio, study_id, is_confirmed=bool(consent))
    title = f"“{made.name}” is there." if made.state == JobState.DONE else f"“{made.name}” is being read."
    said = Reading(
        Tone.GOOD, title, "Choose it under Examples at the top; Recipe then learns what people preferred (DPO)."
    )
    return [html.reading(said), gr.Checkbox(value=False, visible=False), gr.Button(visible=False)]
