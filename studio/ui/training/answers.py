"""Answers: the same few prompts before training, at the best check and at the last ones, or at every check."""

import gradio as gr

from studio.domain.reading import best_check
from studio.flows import follow
from studio.flows.follow import Answers
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.session import DRAWN, Session

SHOWN_ANSWERS = 4


def build(session: Session, checked: gr.State) -> None:
    """The answers side by side; they are drawn anew when `checked` changes."""
    with gr.Accordion("Answers while it learns", open=True):
        every = gr.Checkbox(False, label="Every check")
        answers = gr.HTML()
    events = [checked.change, every.change]
    gr.on(events, handler(show, session.studio), [session.run, every], answers, **DRAWN)


def show(studio: Studio, run_id: str | None, every: bool) -> str:
    """The answers of one run so far."""
    if run_id is None:
        return ""
    best = best_check(follow.metrics(studio, run_id))
    return answers_table(follow.answers(studio, run_id), best.step if best else None, every=every)


def answers_table(said: list[Answers], best: int | None, *, every: bool = False) -> str:
    """The same prompts before training, at the best check and at the last ones, side by side, or at all of them."""
    if not said:
        return '<p class="help">The same few validation prompts are answered at every check; the first answers follow soon.</p>'
    chosen = said if every else _telling(said, best)
    heads = ["Prompt", *("before" if a.step == 0 else f"step {a.step:,}{', best' * (a.step == best)}" for a in chosen)]
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
