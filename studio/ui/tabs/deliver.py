"""Deliver: "how do I use it?"""

from typing import Any

import gradio as gr

from studio.domain.reading import Reading, Tone
from studio.domain.release import Form
from studio.domain.ruling import Ruling
from studio.domain.run import Run
from studio.domain.study import StudyState
from studio.domain.verdict import Decision
from studio.flows import compare, decide, deliver, train
from studio.flows.studio import Studio
from studio.ui.delivering import delivered, making
from studio.ui.errors import friendly, handler
from studio.ui.parts import html
from studio.ui.session import DRAWN, QUIET, Session

EMPTY = html.empty(
    "Nothing to deliver yet.", "Train a model first; each of its checkpoints can be delivered.", to="recipe"
)
TONES = {Decision.SHIP: Tone.GOOD, Decision.DONT_SHIP: Tone.BAD, Decision.NOT_YET: Tone.WARNING}
STILL_TRAINING = Reading(
    Tone.WARNING,
    "It is still training.",
    "Its checkpoints come and go until it has ended; then each of them can be delivered. To have one sooner, stop it on "
    "Train and keep the best.",
)


def build(session: Session, tab: gr.Tab) -> list[gr.Timer]:
    gr.HTML(html.title("Deliver", "A checkpoint as files that work without the studio."))
    page = gr.HTML(html.waiting())
    with gr.Column(visible=False) as whole:
        chosen = making.build()
    busy, listing = gr.HTML(js_on_load=delivered.PRESS), gr.HTML(js_on_load=delivered.PRESS)
    timer, seen = gr.Timer(1.0, active=False), gr.State(None)
    talk = gr.Button("Ask both models something", visible=False, min_width=220)
    made = [busy, listing, timer, seen]
    gr.on(
        [tab.select, session.followed.change],
        handler(show, session.studio),
        [session.run, chosen.form],
        [page, whole, talk, *chosen.all, *made],
        **DRAWN,
    )
    talk.click(lambda: gr.Tabs(selected="chat"), None, session.tabs, **QUIET)
    _wire_making(session, chosen, made)
    return [timer]


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


def show(studio: Studio, run_id: str | None, form: str) -> list[Any]:
    """What a run can deliver, and what was delivered."""
    kept = train.checkpoints(studio, run_id) if run_id else []
    if run_id is None or not kept:
        nothing = [gr.Column(visible=False), gr.Button(visible=False), *[gr.skip()] * 4]
        return [EMPTY, *nothing, *delivered.look(studio, None)]
    run = train.run(studio, run_id)
    chosen = train.checkpoint_at(studio, run_id, None)
    closed = [study for study in compare.studies(studio, run_id) if study.state is StudyState.CLOSED]
    judged = next((study for study in closed if study.checkpoint_step == chosen.step), None)
    ruling = decide.verdict(studio, judged.id).ruling if judged else None
    there = not run.is_live
    parts = [gr.Column(visible=there), gr.Button(visible=there)]
    return [view(run, ruling), *parts, *making.shown(studio, run, form), *delivered.look(studio, None)]


def put_delivery(studio: Studio, run_id: str, step: int, form: str) -> list[Any]:
    """Put the delivery in the queue; pressed twice it is one."""
    deliver.make(studio, run_id, Form(form), step=step, key=deliver.next_key(studio, run_id, step, Form(form)))
    return delivered.look(studio, None)


def judgement(ruling: Ruling | None) -> Reading:
    """What people said of the model that is about to be delivered."""
    if ruling is None:
        return Reading(
            Tone.WARNING,
            "Nobody has judged it blind yet.",
            "You can deliver it, but there is no verdict to show with it.",
        )
    tone = Tone.WARNING if ruling.override else TONES[ruling.decision]
    return Reading(tone, ruling.title, " ".join(filter(None, (ruling.sentence, ruling.override_sentence))))


def view(run: Run, ruling: Ruling | None) -> str:
    """What people said of it, or that it is too early."""
    return html.reading(STILL_TRAINING) + html.way("train") if run.is_live else html.reading(judgement(ruling))
