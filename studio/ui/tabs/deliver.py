"""Deliver: "how do I use it?"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.job import Job
from studio.domain.reading import Reading, Tone
from studio.domain.run import Checkpoint, Run
from studio.domain.study import StudyState
from studio.domain.verdict import Decision, Verdict
from studio.flows import ask, compare, decide, train
from studio.flows.ask import Said
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.parts import html
from studio.ui.session import DRAWN, QUIET, Session

EMPTY = html.empty("Nothing to deliver yet.", "Train a model first.")
TONES = {Decision.SHIP: Tone.GOOD, Decision.DONT_SHIP: Tone.BAD, Decision.NOT_YET: Tone.WARNING}
CONTENTS = (
    ("adapter_model.safetensors", "what was learned"),
    ("adapter_config.json", "how it attaches to its base model"),
    ("README.md", "the model card: data, method, figures"),
    ("recipe.json", "the exact recipe"),
    ("verdict.html", "the report of the newest verdict, once there is one"),
    ("run_adapter.py", "ten lines that ask it a question"),
)
STILL_TRAINING = Reading(
    Tone.WARNING, "It is still training.", "This is its best checkpoint so far; a better one may follow until it ends."
)
USE = 'pip install torch transformers peft\npython run_adapter.py PATH_TO_THE_BASE_MODEL "your question"'


@dataclass(frozen=True, slots=True)
class Asking:
    """The components with which both models are asked something; `asked` is the job that answers."""

    question: gr.Textbox
    send: gr.Button
    cancel: gr.Button
    said: gr.HTML
    timer: gr.Timer
    asked: gr.State


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Deliver", "The adapter as a folder that works without the studio."))
    page = gr.HTML(EMPTY)
    with gr.Column(visible=False) as whole:
        with gr.Row(elem_classes="actions"):
            question = gr.Textbox(
                label="Try it once: ask both models", placeholder="Type what a user would write", min_width=280, scale=4
            )
            send = gr.Button("Ask", min_width=120, scale=1)
            cancel = gr.Button("Do not wait", visible=False, min_width=120, scale=1)
        said = gr.HTML()
    asking = Asking(question, send, cancel, said, gr.Timer(0.7, active=False), gr.State(None))
    gr.on(
        [tab.select, session.followed.change],
        handler(show, session.studio),
        session.run,
        [page, whole],
        **DRAWN,
    )
    _wire(session, asking)
    return asking.timer


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


def show(studio: Studio, run_id: str | None) -> list[Any]:
    """What a run can deliver."""
    kept = train.checkpoints(studio, run_id) if run_id else []
    if run_id is None or not kept:
        return [EMPTY, gr.Column(visible=False)]
    run = train.run(studio, run_id)
    closed = [study for study in compare.studies(studio, run_id) if study.state is StudyState.CLOSED]
    verdict = decide.verdict(studio, closed[0].id).verdict if closed else None
    return [view(run, train.checkpoint_at(studio, run_id, None), verdict), gr.Column(visible=not run.is_live)]


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


def view(run: Run, best: Checkpoint, verdict: Verdict | None) -> str:
    """What is delivered, a link to it, and how to run it."""
    warning = html.reading(STILL_TRAINING if run.is_live else judgement(verdict)) + "<br>"
    link = f'<a class="button" href="/download/adapter/{run.id}" download>Download the adapter</a>'
    contents = html.table(["File", "What it is"], [list(row) for row in CONTENTS])
    return (
        f"{warning}<div class='panel'><h3>{html.text(run.name)}, checkpoint of step {best.step:,}</h3>"
        f"<p class='help'>Validation loss {best.validation_loss:.3f} · sha256 {best.sha256[:16]}…</p>{link}<br><br>{contents}</div><br>"
        f"<div class='panel'><h3>Run it anywhere</h3><pre class='log'>{html.text(USE)}</pre></div>"
    )
