"""Answers: the same few prompts before training, at the best check and at the last ones, or at every check."""

import gradio as gr

from studio.flows.follow import Answers
from studio.ui.parts import html

SHOWN_ANSWERS = 4


def build() -> tuple[gr.Checkbox, gr.HTML]:
    """Whether the answers of every check are shown, and the answers side by side."""
    with gr.Accordion("Answers while it learns", open=True):
        every = gr.Checkbox(False, label="Every check")
        return every, gr.HTML()


def answers_table(said: list[Answers], best: int | None, *, every: bool = False) -> str:
    """The same prompts before training, at the best check and at the last ones, side by side, or at all of them."""
    if not said:
        return '<p class="help">The same few validation prompts are answered at every check; the first answers follow soon.</p>'
    chosen = said if every else _telling(said, best)
    heads = ["Prompt", *("Before" if a.step == 0 else f"Step {a.step:,}{', best' * (a.step == best)}" for a in chosen)]
    prompts = [prompt for prompt, _ in chosen[0].items]
    rows = [[prompt, *(html.Cell(dict(a.items).get(prompt, ""), written=True) for a in chosen)] for prompt in prompts]
    return (
        f'<div class="{"many" if len(chosen) > SHOWN_ANSWERS else "few"}">{html.table(heads, rows, stacked=True)}</div>'
    )


def _telling(said: list[Answers], best: int | None) -> list[Answers]:
    """Before training, at the best check, and at the last ones."""
    at_best = [a for a in said[1:] if a.step == best]
    latest = [a for a in said[1:] if a.step != best][-(SHOWN_ANSWERS - 1 - len(at_best)) :]
    return [said[0], *sorted([*at_best, *latest], key=lambda a: a.step)]
