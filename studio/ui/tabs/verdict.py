"""Verdict: "should we ship?" """

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.protocol import TITLES
from studio.domain.report import Report
from studio.domain.study import Study, StudyState
from studio.domain.verdict import Decision
from studio.flows import compare, decide, lights, preferences, report, sharing
from studio.flows.compare import StudyProgress
from studio.flows.lights import Judging
from studio.flows.studio import Studio
from studio.ui.comparing import opinion
from studio.ui.comparing.lights import lights_html
from studio.ui.deciding import addresses, judging, overriding, pairs
from studio.ui.deciding.addresses import Addresses
from studio.ui.deciding.judging import Panel
from studio.ui.deciding.overriding import Overriding
from studio.ui.deciding.pairs import Making
from studio.ui.errors import handler, told
from studio.ui.parts import busy, html
from studio.ui.session import DRAWN, QUIET, Session

EMPTY = html.empty("No verdict yet.", "It appears here when a comparison has been rated and closed.", to="compare")
ALL = ""


@dataclass(frozen=True, slots=True)
class Screen:
    """What is drawn when another verdict is shown; `drawn` is how far its gates were then."""

    picked: gr.Dropdown
    page: gr.HTML
    whole: gr.Column
    opponent: gr.Radio
    examples: gr.HTML
    method: gr.HTML
    details: gr.HTML
    files: gr.HTML
    listing: gr.HTML
    about: gr.HTML
    consent: gr.Checkbox
    press: gr.Button
    shown: gr.State
    drawn: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, name) for name in self.__slots__]


def build(session: Session, tab: gr.Tab) -> None:
    gr.HTML(html.title("Verdict", "Whether it ships, by a rule that was fixed before the first vote."))
    picked = gr.Dropdown(label="Verdict of", choices=[], allow_custom_value=True, visible=False, min_width=240)
    panel, page, shown = judging.build(), gr.HTML(html.waiting()), gr.State(None)
    with gr.Column(visible=False) as whole:
        with gr.Accordion("Wins and losses to read", open=True):
            opponent = gr.Radio([("All opponents", ALL)], value=ALL, label="Against", visible=False)
            examples = gr.HTML()
        with gr.Accordion("What was done, with which data and licence", open=False):
            method = gr.HTML()
        with gr.Accordion("Every number, for whoever wants to check", open=False):
            details = gr.HTML()
        opinion.build(session, shown)
        with gr.Accordion("Show it to others", open=True):
            files, made = gr.HTML(), addresses.build()
        with gr.Accordion("Train on the votes", open=False):
            making = pairs.build()
        with gr.Accordion("Decide otherwise", open=False):
            over = overriding.build()
        forward = gr.Button("Continue to Deliver", variant="primary")
    screen = Screen(
        picked, page, whole, opponent, examples, method, details, files, made.listing, making.about, making.consent,
        making.press, shown, gr.State(None),
    )  # fmt: skip
    _wire(session, tab, screen, made, making, over)
    _follow(studio=session.studio, screen=screen, panel=panel)
    forward.click(lambda: gr.Tabs(selected="deliver"), None, session.tabs, **QUIET)


def _wire(session: Session, tab: gr.Tab, screen: Screen, made: Addresses, making: Making, over: Overriding) -> None:
    studio, shown = session.studio, screen.all()
    others = [screen.picked, screen.whole]
    session.followed.change(None, None, [screen.page, *others], js=busy.cleared(len(others)), **QUIET)
    tab.select(None, screen.page, screen.page, js=busy.UNLESS_FULL, **QUIET)
    gr.on([tab.select, session.followed.change], handler(show, studio), [session.run, session.study], shown, **DRAWN)
    screen.picked.input(handler(show, studio), [session.run, screen.picked], shown, **QUIET)
    screen.opponent.input(handler(read, studio), [screen.shown, screen.opponent], screen.examples, **QUIET)
    addresses.wire(studio, made, screen.shown)
    drawn = [making.about, making.consent, making.press]
    making.press.click(handler(pairs.make, studio), [screen.shown, making.consent], drawn, trigger_mode="once", **QUIET)
    given = [over.decision, over.reason, over.by]
    over.press.click(
        handler(override, studio), [screen.shown, *given], [screen.page, screen.method, *given], trigger_mode="once",
        **QUIET,
    )  # fmt: skip


def _follow(studio: Studio, screen: Screen, panel: Panel) -> None:
    """While gates are judged, the page says how far they are, and is drawn anew as each becomes known."""
    given, outputs = [screen.shown, screen.drawn], [*panel.all, screen.page, screen.details, screen.drawn]
    screen.shown.change(handler(look, studio), given, outputs, **DRAWN)
    panel.timer.tick(handler(look, studio), given, outputs, **DRAWN)
    panel.stop.click(handler(stop_judging, studio), screen.shown, panel.all, trigger_mode="once", **QUIET)
    panel.go_on.click(handler(judge_rest, studio), screen.shown, panel.all, trigger_mode="once", **QUIET)


def look(studio: Studio, study_id: str | None, drawn: str | None) -> list[Any]:
    """How far the gates are; headline and gates are drawn again where that is further than it was when they were drawn."""
    if not study_id:
        return [*judging.view(None), gr.skip(), gr.skip(), drawn]
    study = compare.study(studio, study_id)
    far = lights.judging(studio, study)
    now = _mark(study, far)
    if now == drawn:
        return [*judging.view(far), gr.skip(), gr.skip(), drawn]
    found = report.report_of(studio, study_id)
    details = _gates(studio, study) + report.body(found, "details")
    return [*judging.view(far), report.body(found, "conclusion"), details, now]


def stop_judging(studio: Studio, study_id: str) -> list[Any]:
    study = compare.study(studio, study_id)
    lights.stop(studio, study)
    return judging.view(lights.judging(studio, study))


def judge_rest(studio: Studio, study_id: str) -> list[Any]:
    study = compare.study(studio, study_id)
    lights.begin(studio, study)
    return judging.view(lights.judging(studio, study))


def show(studio: Studio, run_id: str | None, study_id: str | None) -> list[Any]:
    """The verdict of one closed comparison of the run, or what is missing for the first one."""
    every = compare.studies(studio, run_id) if run_id else []
    closed = [study for study in every if study.state is StudyState.CLOSED]
    if not closed:
        waiting = every[0] if every else None
        return nothing(missing(waiting, compare.progress(studio, waiting.id)) if waiting else EMPTY)
    chosen = next((study for study in closed if study.id == study_id), closed[0])
    try:
        if (far := lights.judging(studio, chosen)).job is None:  # closed by an older studio, or interrupted right then
            lights.begin(studio, chosen)
        found = report.report_of(studio, chosen.id)
        made = preferences.pairs(studio, chosen.id)
    except StudioError as error:
        return nothing(told(error))
    listing = addresses.listed(sharing.shared(studio, chosen.id))
    return [
        _picker(closed, chosen),
        *view(found, chosen, _gates(studio, chosen)),
        listing,
        *pairs.view(made),
        chosen.id,
        _mark(chosen, far),
    ]


def _mark(study: Study, far: Judging) -> str:
    """What headline and gates were drawn for."""
    return f"{study.id} {len(far.known)} {len(far.unknown)} {far.is_live}"


def _gates(studio: Studio, study: Study) -> str:
    """Each gate as a card that opens to what it measured."""
    results = lights.lights(studio, study)
    return lights_html(results, lights.spoken(studio, study)) if results else ""


def nothing(page: str) -> list[Any]:
    """The screen without a verdict."""
    return [gr.Dropdown(visible=False), page, gr.Column(visible=False), *[gr.skip()] * 9, None, None]


def missing(study: Study, far: StudyProgress) -> str:
    """What is missing before there is a verdict, without a word on who leads."""
    if study.state is StudyState.OPEN and far.rated < far.total:
        said = f"{far.rated:,} of {far.total:,} pairs are judged. Scores stay hidden until the rating is closed."
        return html.empty("No verdict yet: people are still judging.", said, to="compare")
    if study.state is StudyState.OPEN:
        return html.empty(
            "No verdict yet: everything is judged.", "Close the rating on Compare, and it is here.", to="compare"
        )
    if not study.job.is_live:
        said = f"{study.job.message} Compare has the missing ones written."
        return html.empty("No verdict yet: the answers were not all written.", said.lstrip(), to="compare")
    return html.empty("No verdict yet: the answers are not all written.", "Follow them on Compare.", to="compare")


def _picker(closed: Sequence[Study], chosen: Study) -> gr.Dropdown:
    labels = [(f"{study.protocol.cap} prompts, closed {study.closed_at:%d %b %H:%M}", study.id) for study in closed]
    return gr.Dropdown(choices=labels, value=chosen.id, visible=len(closed) > 1)


def view(found: Report, study: Study, gates: str = "") -> list[Any]:
    """The verdict in reading order: conclusion, examples, what was done, every number after the gates, files."""
    rivals = [opponent.rival for opponent in study.protocol.opponents]
    choices = [("All opponents", ALL), *((_capital(TITLES[rival]), rival.value) for rival in TITLES if rival in rivals)]
    return [
        report.body(found, "conclusion"),
        gr.Column(visible=True),
        gr.Radio(choices, value=ALL, visible=len(rivals) > 1),
        report.body(found, "examples"),
        report.body(found, "method"),
        gates + report.body(found, "details"),
        files(study.id),
    ]


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def files(study_id: str) -> str:
    """What can be taken away."""
    named = (
        ("Report as a web page", f"/download/report/{study_id}.html"),
        ("Report as PDF", f"/download/report/{study_id}.pdf"),
        ("Votes for a spreadsheet (CSV)", f"/download/votes/{study_id}.csv"),
        ("Votes (JSONL)", f"/download/votes/{study_id}.jsonl"),
    )
    links = [html.link("Look at the report", f"/report/{study_id}", download=False)]
    return f'<p class="help">{" · ".join([*links, *(html.link(*each) for each in named)])}</p>'


def read(studio: Studio, study_id: str, opponent: str) -> str:
    """Wins and losses against one opponent, or all."""
    return report.body(report.report_of(studio, study_id), "examples", opponent=opponent or ALL)


def override(studio: Studio, study_id: str, decision: str | None, reason: str, by: str) -> list[Any]:
    """Keep somebody's own decision, and show it."""
    given = Decision(decision) if decision else None
    decide.override(studio, study_id, decision=given, reason=reason or "", by=by or "")
    found = report.report_of(studio, study_id)
    return [report.body(found, "conclusion"), report.body(found, "method"), None, "", ""]
