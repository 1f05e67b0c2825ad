"""Meaning: rows that may ask for the same in other words; compared when a person asks, and only to be looked at."""

from typing import Any

import gradio as gr

from studio.domain.finding import Finding
from studio.domain.job import JobState
from studio.domain.meaning import WAYS
from studio.domain.reading import Reading, Tone
from studio.flows import bring, meaning
from studio.flows.meaning import Comparison
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.inspect import pages
from studio.ui.parts import html
from studio.ui.session import DRAWN, QUIET, Session

ABOUT = (
    "The other checks compare words. This one has a small language model compare what is asked, on this machine and "
    "without a network. It is often wrong, so nothing is left out by it."
)


def build(session: Session, look: gr.State) -> None:
    with gr.Accordion("Questions alike in meaning", open=False):
        timer, at_least = gr.Timer(1.0, active=False), gr.State(None)
        said = gr.HTML()
        with gr.Row(elem_classes="actions"):
            start = gr.Button("Compare the meanings", min_width=180)
            stop = gr.Button("Stop", visible=False, min_width=120)
            slider = gr.Slider(0.5, 1, value=0.85, step=0.01, label="Least likeness", visible=False, min_width=240)
        pages.build(session, look, at_least, finding_of, of=" (alike in meaning)")
    studio, data = session.studio, session.data
    shown = [said, start, stop, timer, slider, at_least]
    gr.on([look.change, timer.tick], handler(show, studio), [data, at_least], shown, **DRAWN)
    start.click(handler(compare, studio), data, shown, trigger_mode="once", **QUIET)
    stop.click(handler(halt, studio), data, shown, trigger_mode="once", **QUIET)
    slider.release(lambda chosen: chosen, slider, at_least, **QUIET)


def show(studio: Studio, data: str | None, at_least: float | None) -> list[Any]:
    """What was compared of this dataset, or how far it is; the chosen likeness stays."""
    if data is None or not bring.dataset(studio, data).is_ready:
        return [gr.skip()] * 6
    found = meaning.look(studio, data)
    chosen = found.usual if at_least is None or found.meant is None else max(at_least, found.meant.floor)
    finding = meaning.groups(studio, data, at_least=chosen) if found.meant else None
    return view(found, finding, chosen, is_installed=meaning.is_installed())


def compare(studio: Studio, data: str) -> list[Any]:
    meaning.compare(studio, data)
    return show(studio, data, None)


def halt(studio: Studio, data: str) -> list[Any]:
    meaning.stop(studio, data)
    return show(studio, data, None)


def view(found: Comparison, finding: Finding | None, chosen: float, *, is_installed: bool) -> list[Any]:
    is_live = found.job is not None and found.job.is_live and found.meant is None
    floor = found.meant.floor if found.meant else 0.5
    return [
        situation(found, finding, is_installed=is_installed),
        gr.Button(visible=is_installed and not is_live and found.meant is None),
        gr.Button(visible=is_live),
        gr.Timer(active=is_live),
        gr.Slider(minimum=round(floor - 0.005, 2), value=chosen, visible=found.meant is not None),
        chosen if found.meant else None,
    ]


def situation(found: Comparison, finding: Finding | None, *, is_installed: bool) -> str:
    """What this is, how far it is, or what it found."""
    job = found.job
    if found.meant is not None:
        title = finding.title if finding else "No questions are so much alike in meaning"
        about = WAYS[found.meant.way].about
        return html.reading(Reading(Tone.QUIET, f"{title}.", f"{found.meant.questions:,} questions compared. {about}"))
    if job is not None and job.is_live:
        share = job.done / job.total if job.total else 0.0
        left = f"about {html.duration(job.seconds_left)} left" if job.seconds_left else ""
        return html.bar(share, f"{job.phase or 'Waiting'} …", left)
    if job is not None and job.state in (JobState.FAILED, JobState.INTERRUPTED):
        return html.reading(Reading(Tone.BAD, "The meanings could not be compared.", f"{job.message} {job.fix}"))
    if not is_installed:
        return html.reading(Reading(Tone.QUIET, meaning.MISSING, meaning.INSTALL))
    return f'<p class="help">{ABOUT}</p>'


def finding_of(studio: Studio, data: str, at_least: float | None) -> Finding | None:
    return None if at_least is None else meaning.groups(studio, data, at_least=at_least)
