"""Judging: how far the gates of a closed comparison are, while they are judged or where that came to nothing."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.job import Job, JobState
from studio.domain.reading import Reading, Tone
from studio.flows.lights import Judging
from studio.ui.parts import html


@dataclass(frozen=True, slots=True)
class Panel:
    far: gr.HTML
    stop: gr.Button
    go_on: gr.Button
    timer: gr.Timer

    @property
    def all(self) -> list[Any]:
        return [self.far, self.stop, self.go_on, self.timer]


def build() -> Panel:
    far = gr.HTML(visible=False)
    with gr.Row(elem_classes="actions"):
        stop = gr.Button("Stop judging", visible=False, min_width=170, scale=0)
        go_on = gr.Button("Judge the rest", variant="primary", visible=False, min_width=180, scale=0)
    return Panel(far, stop, go_on, gr.Timer(1.0, active=False))


def view(far: Judging | None) -> list[Any]:
    """Nothing where all gates are known; the timer runs while they are judged."""
    if far is None or not far.unknown:
        return [gr.HTML("", visible=False), gr.Button(visible=False), gr.Button(visible=False), gr.Timer(active=False)]
    return [
        gr.HTML(words(far), visible=True),
        gr.Button(visible=far.is_live),
        gr.Button(visible=not far.is_live),
        gr.Timer(active=far.is_live),
    ]


def words(far: Judging) -> str:
    """How far it is and how long the rest takes; or how it ended before all gates were known, and what to do."""
    job, known = far.job, len(far.gates) - len(far.unknown)
    if job is None:
        return html.reading(Reading(Tone.WARNING, far.sentence, "Nobody has had them judged yet."))
    if far.is_live:
        return html.bar(known / len(far.gates), f"{far.sentence} {_at(job)}", _left(job))
    tone = Tone.BAD if job.state is JobState.FAILED else Tone.WARNING
    return html.reading(Reading(tone, far.sentence, f"{job.message or 'It was interrupted.'} {job.fix}".strip()))


def _at(job: Job) -> str:
    if job.state is JobState.QUEUED:
        return "They wait for their turn."
    return f"Now: {job.phase}." if job.phase else "It begins."


def _left(job: Job) -> str:
    return f"about {html.duration(job.seconds_left)} left" if job.seconds_left else ""
