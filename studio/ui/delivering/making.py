"""Making: choose what is delivered and in which form, and see beforehand what that takes."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.domain.release import FORM_TITLES, Form
from studio.domain.run import Checkpoint, Run
from studio.flows import deliver, train
from studio.flows.deliver import Offer
from studio.flows.studio import Studio
from studio.ui.errors import told
from studio.ui.parts import html

PAPERS = (
    ("README.md", "the model card: data, method, scores, licence, limits"),
    ("recipe.json", "the exact recipe"),
    ("verdict.html", "the report of its newest verdict, where this checkpoint was judged"),
    ("manifest.json", "every file with its size and SHA-256"),
)
TOKENIZER = (
    ("tokenizer.json and its like", "the base model's tokenizer and chat template"),
    ("generation_config.json", "how it was asked here"),
    ("run.py", "a short script that asks it a question"),
)
CONTENTS = {
    Form.ADAPTER: (
        ("adapter_model.safetensors", "what was learned"),
        ("adapter_config.json", "how it attaches to its base model"),
        *TOKENIZER,
        *PAPERS,
    ),
    Form.MERGED: (("model.safetensors", "all weights"), ("config.json", "their architecture"), *TOKENIZER, *PAPERS),
    Form.GGUF: (("one .gguf file", "weights, tokenizer and chat template"), *PAPERS),
}


@dataclass(frozen=True, slots=True)
class Making:
    """The components with which a delivery is asked for."""

    checkpoint: gr.Dropdown
    form: gr.Radio
    about: gr.HTML
    press: gr.Button
    talk: gr.Button

    @property
    def all(self) -> list[Any]:
        return [self.checkpoint, self.form, self.about, self.press]


def build() -> Making:
    with gr.Row(elem_classes="actions"):
        checkpoint = gr.Dropdown(label="Checkpoint", choices=[], min_width=280, scale=1, allow_custom_value=True)
        forms: list[Any] = [(FORM_TITLES[form], form.value) for form in Form]
        form = gr.Radio(label="In which form", choices=forms, value=Form.ADAPTER.value, min_width=280, scale=1)
    about = gr.HTML()
    with gr.Row(elem_classes="actions"):
        press = gr.Button("Deliver", variant="primary", min_width=240, scale=0)
        talk = gr.Button("Ask both models something", min_width=240, scale=0)
    return Making(checkpoint, form, about, press, talk)


def shown(studio: Studio, run: Run, form: str) -> list[Any]:
    """The controls for a run: its checkpoints, the one in use chosen."""
    kept, best = train.checkpoints(studio, run.id), train.best_checkpoint(studio, run.id)
    used = train.checkpoint_at(studio, run.id, None)
    choices: list[Any] = [(label(each, is_best=each == best), each.step) for each in reversed(kept)]
    return [gr.Dropdown(choices=choices, value=used.step), gr.skip(), *described(studio, run.id, used.step, form)]


def described(studio: Studio, run_id: str, step: int | None, form: str) -> list[Any]:
    """What a form of a checkpoint is and takes, and whether it can be had."""
    try:
        offer = next(each for each in deliver.offers(studio, run_id, step) if each.form == form)
    except StudioError as error:
        return [told(error), gr.Button(interactive=False)]
    return [about(offer), gr.Button(interactive=not offer.obstacle)]


def label(checkpoint: Checkpoint, *, is_best: bool) -> str:
    best = ", the best" if is_best else ""
    return f"Step {checkpoint.step:,}, validation loss {checkpoint.validation_loss:.3f}{best}"


def about(offer: Offer) -> str:
    """What a person gets, how large it is, and why it cannot be had where it cannot."""
    if offer.obstacle:
        command = f'<br><pre class="log">{html.text(offer.command)}</pre>' if offer.command else ""
        return html.reading(Reading(Tone.WARNING, offer.obstacle, offer.fix)) + command
    more = f", {html.size(offer.needed)} while it is made" if offer.needed > offer.bytes else ""
    rows = html.table(["File", "What it is"], [list(row) for row in CONTENTS[offer.form]], stacked=True)
    return (
        f"<p>{html.text(offer.about)} About <b>{html.size(offer.bytes)}</b> on disk{more}.</p>"
        f"<details><summary>What is in it</summary>{rows}</details>"
    )
