"""Deliver: "how do I use it?"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.job import Job
from studio.domain.reading import Reading, Tone
from studio.domain.release import Form
from studio.domain.run import Run
from studio.domain.study import StudyState
from studio.domain.verdict import Decision, Verdict
from studio.flows import ask, compare, decide, deliver, train
from studio.flows.ask import Said
from studio.flows.studio import Studio
from studio.ui.delivering import delivered, making
from studio.ui.errors import friendly, handler, told
from studio.ui.parts import html
from studio.ui.session import DRAWN, QUIET, Session

EMPTY = html.empty("Nothing to deliver yet.", "Train a model first.")
TONES = {Decision.SHIP: Tone.GOOD, Decision.DONT_SHIP: Tone.BAD, Decision.NOT_YET: Tone.WARNING}
STILL_TRAINING = Reading(
    Tone.WARNING,
    "It is still training.",
    "Its checkpoints come and go until it has ended; then each of them can be delivered. To have one sooner, stop it on "
    "Train and keep the best.",
)


@dataclass(frozen=True, slots=True)
class Asking:
    """The components with which both models are asked something; `asked` is the job that answers."""

    question: gr.Textbox
    send: gr.Button
    cancel: gr.Button
    said: gr.HTML
    timer: gr.Timer
    asked: gr.State


def build(session: Session, tab: gr.Tab) -> list[gr.Timer]:
    gr.HTML(html.title("Deliver", "A checkpoint as files that work without the studio."))
    page = gr.HTML(EMPTY)
    with gr.Column(visible=False) as whole:
        chosen = making.build()
    busy, listing = gr.HTML(js_on_load=delivered.PRESS), gr.HTML(js_on_load=delivered.PRESS)
    timer, seen = gr.Timer(1.0, active=False), gr.State(None)
    with gr.Column(visible=False) as asks:
        with gr.Row(elem_classes="actions"):
            question = gr.Textbox(
                label="Try it once: ask both models", placeholder="Type what a user would write", min_width=280, scale=4
            )
            send = gr.Button("Ask", min_width=120, scale=1)
            cancel = gr.Button("Do not wait", visible=False, min_width=120, scale=1)
        said = gr.HTML()
    asking = Asking(question, send, cancel, said, gr.Timer(0.7, active=False), gr.State(None))
    made = [busy, listing, timer, seen]
    gr.on(
        [tab.select, session.followed.change],
        handler(show, session.studio),
        [session.run, chosen.form],
        [page, whole, asks, *chosen.all, *made],
        **DRAWN,
    )
    _wire_making(session, chosen, made)
    _wire(session, asking)
    return [timer, asking.timer]


def _wire_making(session: Session, chosen: making.Making, made: list[Any]) -> None:
    studio, (busy, listing, timer, seen) = session.studio, made

    @friendly
    def press(event: gr.EventData) -> list[Any]:
        delivered.pressed(studio, str(event.act), str(event.release))
        return delivered.look(studio, None)

    gr.on(
        [chosen.checkpoint.input, chosen.form.input],
        handler(making.described, studio),
        [session.run, chosen.checkpoint, chosen.form],
        [chosen.about, chosen.press],
        **QUIET,
    )
    asked = [session.run, chosen.checkpoint, chosen.form]
    chosen.press.click(handler(put_delivery, studio), asked, made, trigger_mode="once", **QUIET)
    for part in (busy, listing):
        part.click(press, None, made, trigger_mode="once", **QUIET)
    timer.tick(handler(delivered.look, studio), seen, made, **QUIET)


def _wire(session: Session, asking: Asking) -> None:
    studio = session.studio
    shown = [asking.said, asking.send, asking.cancel, asking.timer, asking.asked]
    gr.on(
        [asking.send.click, asking.question.submit],
        handler(put, studio),
        [session.run, asking.question],
        shown,
        trigger_mode="once",
        **QUIET,
    )
    asking.timer.tick(handler(look_again, studio), asking.asked, shown, **QUIET)
    asking.cancel.click(handler(withdraw, studio), asking.asked, shown, **QUIET)
    session.followed.change(lambda: ["", *_idle()], None, shown, **QUIET)


def show(studio: Studio, run_id: str | None, form: str) -> list[Any]:
    """What a run can deliver, and what was delivered."""
    kept = train.checkpoints(studio, run_id) if run_id else []
    if run_id is None or not kept:
        nothing = [gr.Column(visible=False)] * 2 + [gr.skip()] * 4
        return [EMPTY, *nothing, *delivered.look(studio, None)]
    run = train.run(studio, run_id)
    chosen = train.checkpoint_at(studio, run_id, None)
    closed = [study for study in compare.studies(studio, run_id) if study.state is StudyState.CLOSED]
    judged = next((study for study in closed if study.checkpoint_step == chosen.step), None)
    verdict = decide.verdict(studio, judged.id).verdict if judged else None
    there = gr.Column(visible=not run.is_live)
    return [view(run, verdict), there, there, *making.shown(studio, run, form), *delivered.look(studio, None)]


def put_delivery(studio: Studio, run_id: str, step: int, form: str) -> list[Any]:
    """Put the delivery in the queue; pressed twice it is one."""
    deliver.make(studio, run_id, Form(form), step=step, key=deliver.next_key(studio, run_id, step, Form(form)))
    return delivered.look(studio, None)


def put(studio: Studio, run_id: str, question: str) -> list[Any]:
    """Ask both models; the page follows until they have answered."""
    return look_again(studio, ask.put(studio, run_id, question).id)


def look_again(studio: Studio, job_id: str | None) -> list[Any]:
    """How far the answers are, then the answers."""
    if job_id is None:
        return [gr.skip(), *_idle()]
    try:
        said = ask.answered(studio, job_id)
    except StudioError as error:
        return [told(error), *_idle()]
    if said is None:
        job = ask.job(studio, job_id)
        return [
            waiting(job, (datetime.now(UTC) - job.created_at).total_seconds()),
            gr.Button(interactive=False),
            gr.Button(visible=True),
            gr.Timer(active=True),
            job_id,
        ]
    return [answers(said), *_idle()]


def withdraw(studio: Studio, job_id: str | None) -> list[Any]:
    """Nobody waits any more."""
    if job_id is not None:
        ask.withdraw(studio, job_id)
    return ["", *_idle()]


def _idle() -> list[Any]:
    return [gr.Button(interactive=True), gr.Button(visible=False), gr.Timer(active=False), None]


def waiting(job: Job, seconds: float) -> str:
    """What the models are doing; loading them takes most of the time."""
    share = job.done / job.total if job.total else 0.0
    doing = (job.phase.capitalize() or "Starting") if job.started_at else "Waiting for its turn"
    return html.bar(share, f"{doing} …", f"{html.duration(seconds)} so far")


def answers(said: Said) -> str:
    """Both answers side by side, with their names: this is no comparison."""
    parts = (("Fine-tuned", said.tuned), ("Base", said.base))
    both = "".join(f"<div><em>{name}</em>{html.text(text)}</div>" for name, text in parts)
    return (
        f'<div class="example"><div class="beside">{both}</div>'
        '<p class="help">Not blind, so it counts for no verdict.</p></div>'
    )


def judgement(verdict: Verdict | None) -> Reading:
    """What people said of the model that is about to be delivered."""
    if verdict is None:
        return Reading(
            Tone.WARNING,
            "Nobody has judged it blind yet.",
            "You can deliver it, but there is no verdict to show with it.",
        )
    return Reading(TONES[verdict.decision], verdict.headline, verdict.sentence)


def view(run: Run, verdict: Verdict | None) -> str:
    """What people said of it, or that it is too early."""
    return html.reading(STILL_TRAINING if run.is_live else judgement(verdict))
