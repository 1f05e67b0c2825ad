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
from studio.ui.drawn import NOTHING, drawn_for, mark, when_drawn
from studio.ui.errors import friendly, handler
from studio.ui.parts import busy, html
from studio.ui.pressed import told_by
from studio.ui.session import DRAWN, QUIET, Session
from studio.ui.training.checkpoints import damage

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
    live, listing = gr.HTML(js_on_load=delivered.PRESS), gr.HTML(js_on_load=delivered.PRESS)
    timer, seen, of = gr.Timer(1.0, active=False), gr.State(None), mark()
    made = [live, listing, timer, seen]
    session.followed.change(None, None, [page, whole], js=busy.cleared(1), **QUIET)
    tab.select(None, page, page, js=busy.UNLESS_FULL, **QUIET)
    gr.on(
        [tab.select, session.followed.change],
        handler(show, session.studio),
        [session.run, chosen.form],
        [page, whole, *chosen.all, *made, of],
        **DRAWN,
    )
    chosen.talk.click(lambda: gr.Tabs(selected="chat"), None, session.tabs, **QUIET)
    _wire_making(session, chosen, made, of)
    return [timer]


def _wire_making(session: Session, chosen: making.Making, made: list[Any], of: gr.HTML) -> None:
    """`of` is the run that the page shows: a checkpoint of it is never delivered as one of the run that is picked."""
    studio, (live, listing, timer, seen) = session.studio, made

    @friendly
    def press(event: gr.EventData) -> list[Any]:
        delivered.pressed(studio, *told_by(event, act=str, release=str))
        return delivered.look(studio, None)

    asked = [of, session.run, chosen.checkpoint, chosen.form]
    gr.on(
        [chosen.checkpoint.input, chosen.form.input],
        handler(when_drawn(making.described, picked=1), studio),
        asked,
        [chosen.about, chosen.press],
        **QUIET,
    )
    put = handler(when_drawn(put_delivery, picked=1), studio)
    chosen.press.click(put, asked, made, trigger_mode="once", **QUIET)
    for part in (live, listing):
        part.click(press, None, made, trigger_mode="once", **QUIET)
    timer.tick(handler(delivered.look, studio), seen, made, **QUIET)


def show(studio: Studio, run_id: str | None, form: str) -> list[Any]:
    """What a run can deliver, and what was delivered."""
    saved = train.saved(studio, run_id) if run_id else []
    harmed = damage(saved)
    if run_id is None or all(each.harm for each in saved):
        page = harmed + EMPTY
        return [page, gr.Column(visible=False), *[gr.skip()] * 4, *delivered.look(studio, None), NOTHING]
    run = train.run(studio, run_id)
    chosen = train.checkpoint_at(studio, run_id, None)
    closed = [study for study in compare.studies(studio, run_id) if study.state is StudyState.CLOSED]
    judged = next((study for study in closed if study.checkpoint_step == chosen.step), None)
    ruling = decide.verdict(studio, judged.id).ruling if judged else None
    parts = [gr.Column(visible=not run.is_live), *making.shown(studio, run, form), *delivered.look(studio, None)]
    return [view(run, ruling) + harmed, *parts, drawn_for(run_id)]


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
