"""Train: "is it going well?"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from math import inf
from typing import Any, Literal, NamedTuple

import gradio as gr

from studio.domain.batches import check_steps
from studio.domain.fault import Fault, FaultCode
from studio.domain.job import JobState, Stretch
from studio.domain.method import TITLES
from studio.domain.run import Checkpoint, Metric, Run
from studio.flows import again, faults, follow, live, measured, train
from studio.flows.follow import Progress
from studio.flows.live import Look
from studio.flows.studio import Studio
from studio.ui.drawn import NOTHING, drawn_for, mark, when_drawn
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.parts.pickers import run_labels, run_picker
from studio.ui.session import DRAWN, PUBLIC, QUIET, STRAIGHT, Session
from studio.ui.training import answers, curves
from studio.ui.training import checkpoints as saved
from studio.ui.training import queue as waiting
from studio.ui.training.card import card, gone_on_after
from studio.ui.training.checkpoints import checkpoint_table, damage

# How often a run is looked at, in seconds, until it has taken so long: each look costs time that the run would have.
LONGER = 1.25  # times the slow end of the plan, from where on it is said
PACE = ((120.0, 2.0), (1800.0, 4.0), (inf, 8.0))
VIEWED = 11  # components of `view`
EMPTY = html.empty("No run yet.", "Choose a recipe and start training; the curves appear here.", to="recipe")


@dataclass(frozen=True, slots=True)
class Screen:
    """The components that show one run: those of `view` in its order, the curves and the answers.

    `drawn` is what they were last drawn from, `of` on the page the run that they show, `choices` what people choose to see
    of curves and answers.
    """

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
    curves: gr.HTML
    answers: gr.HTML
    drawn: gr.State
    of: gr.HTML
    choices: tuple[Any, ...]

    def viewed(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)][:VIEWED]


class Drawn(NamedTuple):
    """What stands on the screen: of the parts of `view` what each says, of the others what they were drawn from."""

    run: tuple[Any, ...]
    viewed: tuple[int, ...]
    curves: tuple[Any, ...]
    answers: tuple[Any, ...]


def build(session: Session, tab: gr.Tab) -> list[gr.Timer]:
    screen, line, order = _laid_out(session, tab)
    _wire(session, [tab.select, session.followed.change, screen.timer.tick, order.change], screen)
    return [screen.timer, line]


def _laid_out(session: Session, tab: gr.Tab) -> tuple[Screen, gr.Timer, gr.State]:
    with gr.Row(elem_classes="title-row"):
        with gr.Column(scale=3, min_width=280):
            heading = gr.HTML(html.title("Train"))
        pause = gr.Button("Pause", visible=False, min_width=110, scale=1)
        stop = gr.Button("Stop and keep the best", variant="stop", visible=False, min_width=190, scale=1)
        resume = gr.Button("Resume", variant="primary", visible=False, min_width=140, scale=1)
        forward = gr.Button("Compare blind", variant="primary", visible=False, min_width=170, scale=1)
    situation, of = gr.HTML(html.waiting()), mark()
    with gr.Row(elem_classes="actions"):
        retry = gr.Button("Retry with this change", variant="primary", visible=False, min_width=300, scale=0)
    line, order = waiting.build(session, tab)
    with gr.Column(visible=False) as whole:
        measure, smooth, picture = curves.build()
        every, said = answers.build()
        with gr.Accordion("Checkpoints", open=False):
            checkpoints = saved.build(session, of)
        with gr.Accordion("Recipe and log", open=False):
            log = gr.HTML()
    timer = gr.Timer(PACE[0][1], active=False)
    screen = Screen(
        heading, situation, retry, whole, checkpoints, log, pause, stop, resume, forward, timer, picture, said,
        gr.State(None), of, (measure, smooth, every),
    )  # fmt: skip
    return screen, line, order


def _wire(session: Session, looks: list[Any], screen: Screen) -> None:
    studio, viewed, run = session.studio, screen.viewed(), session.run
    events = [*looks, *(part.change for part in screen.choices)]
    shown = [*viewed, screen.curves, screen.answers, screen.drawn, run, screen.of]
    gr.on(events, handler(show, studio), [run, screen.drawn, *screen.choices], shown, **DRAWN, **STRAIGHT)
    shows, after = [screen.of, run], [*viewed, run, screen.drawn]
    for button, press, name in (
        (screen.stop, halt, "stop_run"),
        (screen.pause, rest, "pause_run"),
        (screen.resume, go_on, "resume_run"),
    ):
        button.click(handler(when_drawn(press, picked=1), studio), shows, after, api_name=name, **PUBLIC)
    again = handler(when_drawn(try_again, picked=1), studio)
    screen.retry.click(again, shows, [run, screen.retry], trigger_mode="once", api_name="retry_run", **PUBLIC)
    screen.forward.click(lambda: gr.Tabs(selected="compare"), None, session.tabs, **QUIET)


def show(
    studio: Studio,
    run_id: str | None,
    before: Drawn | None,
    measure: str = "Loss",
    smooth: bool = True,
    every: bool = False,
) -> list[Any]:
    """One run as it is now, all of it from one reading; what stands on the page already is not sent again."""
    if run_id is None:
        return nothing()
    seen = live.look(studio, run_id)
    parts, said = _viewed(studio, seen)
    now = Drawn(
        run=(run_id, seen.run.job.state),
        viewed=said,
        curves=(run_id, seen.measured, measure, smooth),
        answers=(run_id, seen.answered, seen.best, every),
    )
    of_run, of_viewed, of_curves, of_answers = before or ((None,), (None,) * VIEWED, None, None)
    return [
        *(gr.skip() if same == was else part for part, same, was in zip(parts, said, of_viewed, strict=True)),
        gr.skip() if now.curves == of_curves else _picture(studio, seen, measure=measure, smooth=smooth),
        gr.skip()
        if now.answers == of_answers
        else answers.answers_table(seen.answers, seen.best.step if seen.best else None, every=every),
        now,
        gr.skip() if now.run == of_run else run_labels(studio, run_id),
        gr.skip() if of_run[0] == run_id else drawn_for(run_id),
    ]


def _viewed(studio: Studio, seen: Look) -> tuple[list[Any], tuple[int, ...]]:
    """The parts of `view` and what each says, made once a second for all who look."""
    now = datetime.now(UTC).replace(microsecond=0) if seen.run.is_live else None

    def made() -> tuple[list[Any], tuple[int, ...]]:
        parts = view(
            seen.run, seen.points, at_work=seen.at_work, title=seen.title, kept=seen.kept, survived=seen.survived,
            origin=seen.origin, place=seen.place, log=seen.log, now=now,
        )  # fmt: skip
        return parts, tuple(map(_said, parts))

    return studio.latest.of(("viewed", seen.run.id), (seen, now), made)


def _said(part: Any) -> int:
    """A number for what a part of the screen says."""
    return hash(part if isinstance(part, str) else repr(part.constructor_args))


def _picture(studio: Studio, seen: Look, *, measure: str, smooth: bool) -> dict[str, str] | None:
    """The curves, drawn once for all who look; whoever zooms does so in a page of their own."""
    run, points = seen.run, seen.points
    made_of = (seen.measured, points, run.plan.steps)
    return studio.latest.of(
        ("curves", run.id, measure, smooth), made_of, lambda: curves.curves(run, points, measure=measure, smooth=smooth)
    )


def halt(studio: Studio, run_id: str) -> list[Any]:
    """Stop the run where it is; its best checkpoint stays."""
    return _after(studio, train.stop(studio, run_id))


def rest(studio: Studio, run_id: str) -> list[Any]:
    """Pause the run after its step; nothing is lost."""
    return _after(studio, train.pause(studio, run_id))


def _after(studio: Studio, run: Run) -> list[Any]:
    """What a press has changed at once; the curves and answers follow with the next look."""
    parts, _ = _viewed(studio, live.look(studio, run.id))
    return [*parts, run_labels(studio, run.id), None]


def try_again(studio: Studio, run_id: str) -> list[Any]:
    """Start the run that the card proposes; pressed twice it is one run."""
    attempt = train.run(studio, run_id).job.attempt
    started = again.retry(studio, run_id, key=f"retry:{run_id}:{attempt}")
    return [run_picker(studio, started.id), gr.Button(visible=False)]


def go_on(studio: Studio, run_id: str) -> list[Any]:
    """Resume the run from its last checkpoint."""
    return _after(studio, train.resume(studio, run_id))


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
        None,
        "",
        None,
        gr.skip(),
        NOTHING,
    ]


def view(
    run: Run,
    points: list[Metric],
    *,
    at_work: list[Stretch],
    title: str,
    kept: list[Checkpoint],
    survived: list[Fault],
    origin: str,
    log: str,
    place: str = "",
    now: datetime | None = None,
) -> list[Any]:
    """The screen for one run."""
    far, fault = follow.progress(run, points, at_work, now=now), faults.fault_of(run)
    about = f"{TITLES[run.recipe.method]}{', DPO' * run.recipe.preference} on {title} · {run.plan.train_rows:,} training rows · {_when(run, at_work)}{f' · {origin}' if origin else ''}"
    ended = run.job.state in (JobState.DONE, JobState.STOPPED)
    can_compare = ended and not run.plan.is_text and any(not each.harm for each in kept)
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
    return (
        figures(run, points, far)
        + "<br>"
        + said
        + gone_on_after(survived, below=fault is not None)
        + against_plan(run, far)
    )


def against_plan(run: Run, far: Progress) -> str:
    """What a run that came to its end took, beside what was planned; of one that will take longer, that it does."""
    in_one_go = run.is_live and run.job.attempt == 1  # a pause is no slowness
    if in_one_go and far.seconds_left is not None and far.elapsed + far.seconds_left > LONGER * run.plan.seconds_high:
        return f'<p class="help">It takes longer than was planned. {measured.NEXT}</p>'
    found = measured.compared(run)
    return f'<p class="help">{html.text(found.sentence)}</p>' if found else ""


def _when(run: Run, at_work: list[Stretch]) -> str:
    """A run that waits has not started."""
    if not at_work:
        return f"waiting since {run.created_at:%H:%M} UTC"
    return f"started {at_work[0].began_at:%H:%M} UTC"


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
    first = check_steps(far.steps, run.recipe.evaluations)[0]
    unchecked = f"after the first check, at step {first:,}" if run.is_live else "no check was reached"
    planned = html.duration_range(run.plan.seconds_low, run.plan.seconds_high)
    times = run.job.attempt
    apart = f" with {html.duration(far.between)} between them" if far.between >= 1 else ""
    attempts = f"{times} attempts{apart}" if times > 1 else ""
    since = f"so far, in {attempts}" if attempts else f"so far, {planned} planned in all"
    at_best = next((p for p in points if far.best and p.step == far.best.step), None)
    right = at_best and at_best.validation_token_accuracy
    of_tokens = f" · {html.percent(right)} of tokens right" if right is not None else ""
    checked = f"at step {far.best.step:,}{of_tokens}" if far.best else unchecked
    held = next((p.memory for p in reversed(points) if p.memory), None)
    cards = [
        html.Figure("Progress", f"{far.step:,} of {far.steps:,}", f"optimiser steps · {html.percent(far.share)}"),
        html.Figure("Time left", left, f"{html.duration(far.elapsed)} {since}")
        if run.is_live
        else html.Figure("Took", html.duration(far.elapsed), f"{run.job.words}{attempts and f' · {attempts}'}"),
        html.Figure("Best validation loss", best, checked),
        html.Figure("Speed", speed, f"tokens per second{f' · {html.size(held)} of memory' if held else ''}"),
    ]
    bar = html.bar(far.share, f"{run.job.phase or run.job.words}", html.percent(far.share)) if run.is_live else ""
    return html.cards(cards) + ("<br>" + bar if bar else "")


def log_page(run: Run, log: str) -> str:
    """The exact recipe, as far as its method has such choices, and the end of the worker's log."""
    recipe = " · ".join(f"{name} {value}" for name, value in run.recipe.choices.items() if value != ())
    return f'<p class="help">{html.text(recipe)}</p><pre class="log" tabindex="0">{html.text(log) or "The log is empty so far."}</pre>'
