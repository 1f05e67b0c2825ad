"""Overriding: somebody's own decision in place of the rule's, with a reason and a name."""

from dataclasses import dataclass

import gradio as gr

from studio.domain.verdict import HEADLINES, Decision

CHOICES = [(HEADLINES[decision], decision.value) for decision in Decision]


@dataclass(frozen=True, slots=True)
class Overriding:
    decision: gr.Radio
    reason: gr.Textbox
    by: gr.Textbox
    press: gr.Button


def build() -> Overriding:
    gr.HTML(
        '<p class="help">The rule was fixed before the first vote. Whoever decides otherwise says why; it is shown on '
        "every page and paper of this verdict, beside the figures, and changes none of them.</p>"
    )
    decision = gr.Radio(CHOICES, label="What holds instead")
    with gr.Row():
        reason = gr.Textbox(label="Reason", lines=2, info="A sentence that others understand later.", min_width=280)
        by = gr.Textbox(label="Decided by", info="Your name, as others know it.", min_width=180)
    with gr.Row(elem_classes="actions"):
        press = gr.Button("Decide otherwise", variant="stop", min_width=200)
    return Overriding(decision, reason, by, press)
