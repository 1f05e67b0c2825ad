"""Trying: two real steps of the recipe on the screen, asked for, followed and given up."""

import secrets
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from studio.domain.errors import RecipeError
from studio.domain.job import Job, JobState
from studio.domain.reading import Reading, Tone
from studio.flows import queue, trying
from studio.flows.studio import Studio
from studio.recipes.words import gigabytes
from studio.ui.drawn import when_drawn
from studio.ui.errors import handler
from studio.ui.parts import forms, html
from studio.ui.session import DRAWN, QUIET, Session

HELP = "Two real steps on your longest rows show what the recipe takes here; the plan then rests on that."


@dataclass(frozen=True, slots=True)
class Trying:
    """The components in the order of `view`; `job` is the trial that is followed, `found` the last that found something."""

    said: gr.HTML
    start: gr.Button
    stop: gr.Button
    timer: gr.Timer
    job: gr.State
    found: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build() -> Trying:
    with gr.Row(elem_classes="actions"):
        start = gr.Button("Try two steps", size="sm", min_width=160, scale=0, interactive=False)
        stop = gr.Button("Stop trying", size="sm", variant="stop", visible=False, min_width=140, scale=0)
        said = gr.HTML(f'<p class="help">{HELP}</p>', min_width=280)
    return Trying(said, start, stop, gr.Timer(0.7, active=False), gr.State(None), gr.State(None))


def wire(
    session: Session, shows: list[Any], visit: gr.State, parts: Trying, gpu: gr.Dropdown, controls: list[Any]
) -> None:
    """`visit` changes whenever the tab is opened; a trial is made on the GPU that is chosen for the run.

    `shows` is what the values were drawn for, and what is picked.
    """
    studio, shown = session.studio, parts.all()
    events = [visit.change, session.shown.change, parts.timer.tick]
    gr.on(events, handler(look, studio), [session.data, parts.job], shown, **DRAWN)
    parts.start.click(
        handler(when_drawn(begin, picked=len(shows) - 1, takes=2), studio),
        [*shows, gpu, *controls],
        shown,
        trigger_mode="once",
        **QUIET,
    )
    parts.stop.click(handler(give_up, studio), [session.data, parts.job], shown, **QUIET)


def begin(studio: Studio, data: str | None, model: str | None, gpu: str | None, *values: Any) -> list[Any]:
    """Ask for a trial of the values on the screen; one at a time is enough for a dataset."""
    if data is None or model is None:
        raise RecipeError("There is nothing to try yet.", fix="Bring a file on the Data tab first.")
    recipe, wants, key = forms.recipe_of(values), queue.device_of(gpu), f"try:{secrets.token_hex(8)}"
    job = trying.live(studio, data) or trying.start(studio, data, model, recipe, gpu=wants, key=key)
    return view(job)


def look(studio: Studio, data: str | None, job_id: str | None) -> list[Any]:
    """How a trial of this dataset is going, or went while the page was open."""
    if data is None:
        return view(None)
    job = trying.job(studio, job_id) if job_id else trying.live(studio, data)
    return view(job if job and job.subject_id == data else None)


def give_up(studio: Studio, data: str | None, job_id: str | None) -> list[Any]:
    if job_id:
        trying.stop(studio, job_id)
    return look(studio, data, job_id)


def view(job: Job | None) -> list[Any]:
    """The screen for one trial, or for none; whether one can begin now is told with the plan of the values."""
    live = job is not None and job.is_live
    return [
        told(job) if job else f'<p class="help">{HELP}</p>',
        gr.Button(visible=not live),
        gr.Button(visible=live, interactive=job is not None and not job.is_stopping),
        gr.Timer(active=live),
        job.id if job else None,
        job.id if job and job.state is JobState.DONE else gr.skip(),
    ]


def told(job: Job) -> str:
    """What a trial is doing, what it found, or why it found nothing."""
    if job.is_live:
        doing = "waiting until the machine is free" if job.state is JobState.QUEUED else job.phase or "starting"
        words = f"{'stopping' if job.is_stopping else doing} …"
        return html.bar(job.done / job.total if job.total else 0.0, words[0].upper() + words[1:])
    if job.state is JobState.DONE:
        text = (
            f"{gigabytes(job.result['peak_memory'])} of memory, {job.result['tokens_per_second']:,.0f} tokens per second,"
            f" {job.result['seconds_per_step']:,.1f} s for a step of the longest rows. The plan above rests on that now."
        )
        return html.reading(Reading(Tone.GOOD, "Two steps were tried:", text))
    if job.state is JobState.STOPPED:
        return html.reading(Reading(Tone.QUIET, "Not tried.", "It was stopped; nothing else has changed."))
    return html.reading(Reading(Tone.BAD, "The trial failed.", f"{job.message} {job.fix}".strip()))
