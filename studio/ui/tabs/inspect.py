"""Inspect: "what is wrong with it, and what first?"""

from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.flows import advise, bring, inspect, mend
from studio.flows.inspect import Inspection
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.inspect import findings, history, leakage, lengths, meaning, rows, split
from studio.ui.inspect.looking import Checked, Look
from studio.ui.parts import html
from studio.ui.parts.bringing import being_read
from studio.ui.session import DRAWN, QUIET, Session

EMPTY = html.empty("Nothing to inspect yet.", "Bring a file of examples, or pick a sample.", to="data")


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Inspect", "What is in the file, what a model would see of it, and where every line ends up."))
    situation, timer = gr.HTML(html.waiting()), gr.Timer(0.7, active=False)
    checked, look = gr.State(None), gr.State(None)
    again = gr.Button("Measure again", visible=False, min_width=160)
    with gr.Column(visible=False) as whole:
        for part in (findings, meaning, rows, history):
            part.build(session, checked)
        lengths.build(session, look)
        split.build(session, checked, look)
        leakage.build(session, checked)
        forward = gr.Button("Continue to the recipe", variant="primary")
    studio, given = session.studio, [session.data, session.model, look]
    shown = [situation, again, timer, whole, checked, look]
    gr.on([tab.select, session.shown.change, timer.tick], handler(show, studio), given, shown, **DRAWN)
    again.click(handler(measure_again, studio), given, shown, trigger_mode="once", **QUIET)
    forward.click(lambda: gr.Tabs(selected="recipe"), None, session.tabs, **QUIET)
    return timer


def show(studio: Studio, data: str | None, model: str | None, before: Look | None = None) -> list[Any]:
    """Findings at once, lengths when they are measured; the parts redraw when the look that is told changes."""
    if data is None or model is None:
        return closed(EMPTY)
    found = bring.dataset(studio, data)
    if not found.is_ready:
        return closed(being_read(found), live=found.is_being_read)
    try:
        look = inspect.look(studio, data, model)
        checking = mend.recheck(studio, data)
        is_checked = checking is None or not checking.is_live
        shown = view(look, advise.advice(studio, look).reading, is_checked=is_checked)
        if before is not None:  # it is open already, and opening it again makes Gradio go through all that is inside
            shown[3] = gr.skip()
        return shown
    except StudioError as error:
        return closed(told(error))


def measure_again(studio: Studio, data: str | None, model: str | None, before: Look | None = None) -> list[Any]:
    """Try a failed measurement once more, and follow it."""
    failed = inspect.look(studio, data, model).measuring if data and model else None
    if failed is not None and not failed.is_live:
        inspect.measure_again(studio, failed.id)
    return show(studio, data, model, before)


def closed(said: str, *, live: bool = False) -> list[Any]:
    """The screen with one sentence and nothing to do; `live` looks again in a moment."""
    return [said, gr.Button(visible=False), gr.Timer(active=live), gr.Column(visible=False), None, None]


def view(look: Inspection, advice: Reading, *, is_checked: bool = True) -> list[Any]:
    """The frame of the screen for one inspection."""
    job = look.measuring
    return [
        situation(look, advice),
        gr.Button(visible=job is not None and not job.is_live),
        gr.Timer(active=(job is not None and job.is_live) or not is_checked),
        gr.Column(visible=True),
        Checked(look.dataset.id, is_checked),
        Look(look.dataset.id, look.model_id, look.lengths is not None),
    ]


def situation(look: Inspection, advice: Reading) -> str:
    """How ready the file is and what to mend first, below how far the measuring has come or what the model takes."""
    job = look.measuring
    if job is None:
        parts = (look.lengths.partial_sentence if look.lengths else "", look.cut_off.reason if look.cut_off else "")
        said = " ".join(part for part in parts if part)
        return html.reading(advice) + (f'<p class="help">{html.text(said)}</p>' if said else "")
    if job.is_live:
        share = job.done / job.total if job.total else 0.0
        left = "Measuring token lengths with the chosen model …"
        return html.bar(share, left, html.count(look.dataset.rows, "row")) + html.reading(advice)
    failed = Reading(Tone.BAD, "The lengths could not be measured.", f"{job.message} {job.fix}")
    return html.reading(failed) + html.reading(advice)
