"""Train: "is it going well?"""

from dataclasses import dataclass, fields
from math import inf
from typing import Any, Literal

import gradio as gr

from studio.domain.fault import Fault, FaultCode
from studio.domain.job import JobState
from studio.domain.method import TITLES
from studio.domain.run import Checkpoint, Metric, Run
from studio.flows import again, faults, follow, measured, models, queue, train
from studio.flows.follow import Progress
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.parts.pickers import run_labels, run_picker
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session
from studio.ui.training import answers, curves
from studio.ui.training import checkpoints as saved
from studio.ui.training import queue as waiting
from studio.ui.training.card import card, gone_on_after
from studio.ui.training.checkpoints import checkpoint_table, damage

# How often a run is looked at, in seconds, until it has taken so long: each look costs time that the run would have.
PACE = ((120.0, 2.0), (1800.0, 4.0), (inf, 8.0))
EMPTY = html.empty("No run yet.", "Choose a recipe and start training; the curves appear here.")


@dataclass(frozen=True, slots=True)
class Screen:
    """The components that show one run, in the order of `view`; `drawn` is what they were last drawn from."""

    heading: gr.HTML
    situation: gr.HTML
    retry: gr.Button
    whole: gr.Column
    checkpoints: gr.HTML
    log: gr.HTML
    pause: gr.Button
    stop: gr.Button
    resume: gr.Button
    forward: gr.Button
    timer: gr.Timer
    drawn: gr.State
    checked: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(session: Session, tab: gr.Tab) -> list[gr.Timer]:
    screen, line = _laid_out(session, tab)
    _wire(session, tab, screen)
    return [screen.timer, line]


def _laid_out(session: Session, tab: gr.Tab) -> tuple[Screen, gr.Timer]:
    with gr.Row(elem_classes="title-row"):
        with gr.Column(scale=3, min_width=280):
            heading = gr.HTML(html.title("Train"))
        pause = gr.Button("Pause", visible=False, min_width=110, scale=1)
        stop = gr.Button("Stop and keep the best", variant="stop", visible=False, min_width=190, scale=1)
        resume = gr.Button("Resume", variant="primary", visible=False, min_width=140, scale=1)
        forward = gr.Button("Compare blind", variant="primary", visible=False, min_width=170, scale=1)
    situation = gr.HTML(EMPTY)
    with gr.Row(elem_classes="actions"):
        retry = gr.Button("Retry with this change", variant="primary", visible=False, min_width=300, scale=0)
    line = waiting.build(session, tab)
    with gr.Column(visible=False) as whole:
        # These two have choices of their own, so each draws itself: whenever what the screen was drawn from changes.
        drawn_from, checked = gr.State(None), gr.State(None)
        curves.build(session, drawn_from)
        answers.build(session, checked)
        with gr.Accordion("Checkpoints", open=False):
            checkpoints = saved.build(session)
        with gr.Accordion("Recipe and log", open=False):
            log = gr.HTML()
    timer = gr.Timer(PACE[0][1], active=False)
    screen = Screen(
        heading, situation, retry, whole, checkpoints, log, pause, stop, resume, forward, timer, drawn_from, checked
    )  # fmt: skip
    return screen, line


def _wire(session: Session, tab: gr.Tab, screen: Screen) -> None:
    studio, shown, run = session.studio, [*screen.all(), session.run], session.run
    events = [tab.select, session.followed.change, screen.timer.tick]
    gr.on(events, handler(show, studio), [run, screen.drawn], shown, **DRAWN)
    screen.stop.click(handler(halt, studio), run, shown, api_name="stop_run", **PUBLIC)
    screen.pause.click(handler(rest, studio), run, shown, api_name="pause_run", **PUBLIC)
    screen.retry.click(
        handler(try_again, studio), run, [run, screen.retry], trigger_mode="once", api_name="retry_run", **PUBLIC
    )
    screen.resume.click(handler(go_on, studio), run, shown, api_name="resume_run", **PUBLIC)
    screen.forward.click(lambda: gr.Tabs(selected="compare"), None, session.tabs, **QUIET)


def show(studio: Studio, run_id: str | None, before: Any) -> list[Any]:
    """One run as it is now; nothing is sent again while nothing has changed."""
    if run_id is None:
        return nothing()
    run, points = train.run(studio, run_id), follow.metrics(studio, run_id)
    checked = (run_id, sum(point.validation_loss is not None for point in points))
    kept = train.saved(studio, run_id)
    harm = tuple(each.harm for each in kept)
    now = (run_id, run.job.state, len(points), points[-1].step if points else 0, checked, run.chosen_step, harm)
    if now == before and run.job.state not in (JobState.QUEUED, JobState.RUNNING):
        return [*[gr.skip()] * 10, gr.Timer(active=run.is_live), now, checked, gr.skip()]
    parts = view(
        run,
        points,
        title=models.model(studio, run.model_id).title,
        kept=kept,
        survived=faults.survived(studio, run),
        origin=again.origin_words(studio, run),
        place=queue.where(studio, run),
        log=follow.log_tail(studio, run_id),
    )
    if before is not None:  # it is shown already, and showing it again makes Gradio go through all that is inside
        parts[3] = gr.skip()
    labels = gr.skip() if before and before[:2] == now[:2] else run_labels(studio)
    return [*parts, now, checked, labels]


def halt(studio: Studio, run_id: str) -> list[Any]:
    """Stop the run where it is; its best checkpoint stays."""
    train.stop(studio, run_id)
    return show(studio, run_id, None)


def rest(studio: Studio, run_id: str) -> list[Any]:
    """Pause the run after its step; nothing is lost."""
    train.pause(studio, run_id)
    return show(studio, run_id, None)


def try_again(studio: Studio, run_id: str) -> list[Any]:
    """Start the run that the card proposes; pressed twice it is one run."""
    attempt = train.run(studio, run_id).job.attempt
    started = again.retry(studio, run_id, key=f"retry:{run_id}:{attempt}")
    return [run_picker(studio, started.id), gr.Button(visible=False)]


def go_on(studio: Studio, run_id: str) -> list[Any]:
    """Resume the run from its last checkpoint."""
    train.resume(studio, run_id)
    return show(studio, run_id, None)


def nothing() -> list[Any]:
    """The screen without a run."""
    return [
        html.title("Train"),
        EMPTY,
        gr.Button(visible=False),
        gr.Column(visible=False),
        *[gr.skip()] * 2,
        *[gr.Button(visible=False)] * 4,
        gr.Timer(active=False),
        *[None] * 2,
        gr.skip(),
    ]


def view(
    run: Run,
    points: list[Metric],
    *,
    title: str,
    kept: list[Checkpoint],
    survived: list[Fault],
    origin: str,
    log: str,
    place: str = "",
) -> list[Any]:
    """The screen for one run."""
    far, fault = follow.progress(run, points), faults.fault_of(run)
    about = f"{TITLES[run.recipe.method]}{', DPO' * run.recipe.preference} on {title} · {run.plan.train_rows:,} training rows · {_when(run)}{f' · {origin}' if origin else ''}"
    ended = run.job.state in (JobState.DONE, JobState.STOPPED)
    can_compare = ended and any(not each.harm for each in kept)
    return [
        html.title(run.name, about),
        situation(run, points, far, fault, survived, log, place) + damage(kept),
        gr.Button(visible=fault is not None and bool(fault.change)),
        gr.Column(visible=True),
        checkpoint_table(run, kept),
        log_page(run, log),
        _ending_button(run, "Pause", "Pausing …", pausing=True),
        _ending_button(run, "Stop and keep the best", "Stopping …", pausing=False),
        gr.Button(
            visible=run.can_resume and not (fault and fault.code is FaultCode.NOT_FINITE),  # it would break again
            variant=_weight_of_resume(run, fault, is_done=can_compare),
        ),
        gr.Button(visible=can_compare, variant="secondary" if run.job.is_paused else "primary"),
        gr.Timer(next(seconds for longer, seconds in PACE if far.elapsed < longer), active=run.is_live),
    ]


def situation(
    run: Run, points: list[Metric], far: Progress, fault: Fault | None, survived: list[Fault], log: str, place: str
) -> str:
    """The figures, and in words how it is going or what went wrong."""
    unexplained = run.job.state is JobState.INTERRUPTED and fault is not None and fault.code is FaultCode.CRASH
    title = "Interrupted." if unexplained else ""
    said = card(fault, log, title=title) if fault else html.reading(follow.reading(run, points, place=place))
    return figures(run, points, far) + "<br>" + said + gone_on_after(survived) + against_plan(run)


def against_plan(run: Run) -> str:
    """What a run that came to its end took, beside what was planned."""
    found = measured.compared(run)
    return f'<p class="help">{html.text(found.sentence)}</p>' if found else ""


def _when(run: Run) -> str:
    """A run that waits has not started."""
    began = run.job.started_at
    return f"started {began:%H:%M} UTC" if began else f"waiting since {run.created_at:%H:%M} UTC"


def _ending_button(run: Run, label: str, at_work: str, *, pausing: bool) -> gr.Button:
    """Pause or stop; once either was asked for, it says so."""
    asked = run.job.is_stopping and run.job.pausing is pausing
    return gr.Button(visible=run.is_live, interactive=not run.job.is_stopping, value=at_work if asked else label)


def _weight_of_resume(run: Run, fault: Fault | None, *, is_done: bool) -> Literal["primary", "secondary"]:
    """Resume is what stands out where nothing else is proposed."""
    return "secondary" if (is_done and not run.job.is_paused) or (fault and fault.change) else "primary"


def figures(run: Run, points: list[Metric], far: Progress) -> str:
    """Four figures and the progress bar."""
    soon = "…" if run.is_live else "–"
    left = html.duration(far.seconds_left) if far.seconds_left is not None else soon
    speed = f"{far.tokens_per_second:,.0f}" if far.tokens_per_second else soon
    best = f"{far.best.loss:.3f}" if far.best else soon
    unchecked = "after the first check" if run.is_live else "no check was reached"
    at_best = next((p for p in points if far.best and p.step == far.best.step), None)
    right = at_best and at_best.validation_token_accuracy
    of_tokens = f" · {html.percent(right)} of tokens right" if right is not None else ""
    checked = f"at step {far.best.step:,}{of_tokens}" if far.best else unchecked
    held = next((p.memory for p in reversed(points) if p.memory), None)
    cards = [
        html.Figure("Progress", f"{far.step:,} of {far.steps:,}", f"optimiser steps · {html.percent(far.share)}"),
        html.Figure("Time left", left, f"{html.duration(far.elapsed)} so far")
        if run.is_live
        else html.Figure("Took", html.duration(far.elapsed), run.job.words),
        html.Figure("Best validation loss", best, checked),
        html.Figure("Speed", speed, f"tokens per second{f' · {html.size(held)} of memory' if held else ''}"),
    ]
    bar = html.bar(far.share, f"{run.job.phase or run.job.words}", html.percent(far.share)) if run.is_live else ""
    return html.cards(cards) + ("<br>" + bar if bar else "")


def log_page(run: Run, log: str) -> str:
    """The exact recipe and the end of the worker's log."""
    recipe = " · ".join(f"{name} {value}" for name, value in run.recipe.model_dump().items() if value != ())
    return f'<p class="help">{html.text(recipe)}</p><pre class="log" tabindex="0">{html.text(log) or "The log is empty so far."}</pre>'
