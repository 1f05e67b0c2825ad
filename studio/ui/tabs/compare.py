"""Compare: "who will judge what?"""

import secrets
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from studio.domain.contest import Turns
from studio.domain.errors import StudioError
from studio.domain.protocol import Rival
from studio.domain.study import Ask, Study, StudyState
from studio.flows import asking, compare, train
from studio.flows.compare import StudyProgress
from studio.flows.studio import Studio
from studio.ui.comparing import form, raters, words
from studio.ui.comparing.form import Form
from studio.ui.comparing.words import UNWRITTEN
from studio.ui.errors import handler, told
from studio.ui.parts import busy, html
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session

ABOUT = "People judge the fine-tuned model against what would be cheaper, without knowing which answer is which."
EMPTY = html.empty(
    "Nothing to compare yet.", "Train a model first; then people judge it blind against its base.", to="recipe"
)
Told = tuple[tuple[Turns, ...], tuple[Ask, ...]]  # the examples in a prompt, and people's own prompts
STATES = {
    StudyState.WRITING: "answers being written",
    StudyState.OPEN: "open for rating",
    StudyState.CLOSED: "closed",
    StudyState.FAILED: "answers are missing",
}
TO_THE_TOP = "() => window.scrollTo({top: 0})"  # where it says how the writing goes; the form stood far below
BROKEN_OFF = "answers are missing"  # its writing was stopped, or broke off


@dataclass(frozen=True, slots=True)
class Screen:
    """The components that show one run's comparisons, in the order of `view`."""

    situation: gr.HTML
    picked: gr.Dropdown
    opened: gr.Column
    progress: gr.HTML
    rate: gr.HTML
    stop: gr.Button
    again: gr.Button
    close: gr.Button
    forward: gr.Button
    frozen: gr.HTML
    maker: gr.Accordion
    warning: gr.HTML
    timer: gr.Timer
    study: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Closing:
    """What asks before a comparison is closed for good."""

    sure: gr.Row
    doubt: gr.HTML
    yes: gr.Button
    no: gr.Button


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Compare", ABOUT))
    moved = gr.State(None)
    screen, closing, made = _laid_out(session, moved)
    _wire(session, tab, screen, closing, made, moved)
    form.wire(session, made)
    return screen.timer


def _laid_out(session: Session, moved: gr.State) -> tuple[Screen, Closing, Form]:
    situation = gr.HTML(html.waiting())
    picked = gr.Dropdown(label="Comparison", choices=[], allow_custom_value=True, visible=False, min_width=240)
    with gr.Column(visible=False) as opened:
        progress = gr.HTML()
        with gr.Row(elem_classes="actions"):
            rate = gr.HTML(min_width=200)
            stop = gr.Button("Stop writing", variant="stop", visible=False, min_width=160)
            again = gr.Button("Write the missing answers", variant="primary", visible=False, min_width=200)
            close = gr.Button("Close the rating and reveal", visible=False, min_width=220)
            forward = gr.Button("See the verdict", variant="primary", visible=False, min_width=180)
        with gr.Row(visible=False, elem_classes=["actions", "sure"]) as sure:
            doubt = gr.HTML(min_width=260, scale=2)
            yes = gr.Button("Yes, close and show the verdict", variant="primary", min_width=230, scale=1)
            no = gr.Button("Not yet", min_width=120, scale=1)
        raters.build(session, moved)
        frozen = gr.HTML()
    with gr.Accordion("A new comparison", visible=False) as maker:
        warning = gr.HTML()
        made = form.build()
    timer = gr.Timer(1.0, active=False)
    screen = Screen(
        situation, picked, opened, progress, rate, stop, again, close, forward, frozen, maker, warning, timer,
        session.study,
    )  # fmt: skip
    return screen, Closing(sure, doubt, yes, no), made


def _wire(session: Session, tab: gr.Tab, screen: Screen, closing: Closing, made: Form, moved: gr.State) -> None:
    """`moved` is what has happened to the comparison on the screen so far; it changes with each rating."""
    studio, shown, study = session.studio, screen.all(), session.study
    proposed, click = gr.State(None), gr.State("")
    arriving = [*shown, *made.drawn, proposed]
    seen = [session.run, study, proposed]
    showing = handler(show, studio, len(made.drawn))
    others = [screen.picked, screen.opened, screen.maker]
    session.followed.change(None, None, [screen.situation, *others], js=busy.cleared(len(others)), **QUIET)
    tab.select(None, screen.situation, screen.situation, js=busy.UNLESS_FULL, **QUIET)
    gr.on([tab.select, session.followed.change], showing, seen, arriving, **DRAWN)
    screen.timer.tick(handler(follow, studio), [session.run, study, moved], [*shown, moved], **QUIET)
    screen.picked.input(handler(look_again, studio), [session.run, screen.picked], shown, **QUIET)
    tab.select(lambda: secrets.token_hex(8), None, click, **QUIET)
    made.create.click(
        handler(make, studio),
        [session.run, click, *made.typed],
        [*shown, *made.told, click],
        trigger_mode="once",
        api_name="create_study",
        **PUBLIC,
    ).success(None, None, None, js=TO_THE_TOP, **QUIET)
    # What comes next is the comparison that is there; another one is beside it.
    study.change(lambda id: gr.Button(variant="secondary" if id else "primary"), study, made.create, **DRAWN)
    screen.stop.click(handler(stop_writing, studio), study, None, **QUIET)
    screen.again.click(handler(go_on_writing, studio), study, screen.timer, **QUIET)
    screen.close.click(handler(ask_first, studio), study, [closing.sure, closing.doubt], **QUIET)
    screen.forward.click(lambda: gr.Tabs(selected="verdict"), None, session.tabs, **QUIET)
    closing.no.click(lambda: gr.Row(visible=False), None, closing.sure, **QUIET)
    closing.yes.click(
        handler(finish, studio), study, [study, session.tabs, closing.sure], api_name="close_study", **PUBLIC
    )


def show(studio: Studio, parts: int, run_id: str | None, study_id: str | None, proposed: str | None) -> list[Any]:
    """The comparisons of a run; the form of so many parts is made ready once for each run, then it is its reader's.

    `proposed` is the run that the form was made ready for.
    """
    page = _page(studio, run_id, study_id, arriving=proposed != run_id)
    if run_id is None or proposed == run_id or not page[MAKER].visible:
        return [*page, *[gr.skip()] * parts, proposed]
    return [*page, *form.ready(studio, run_id, len(asking.sealed_asks(studio, run_id))), run_id]


def look_again(studio: Studio, run_id: str | None, study_id: str | None) -> list[Any]:
    """The same a moment later, or another comparison: what is being filled in for a new one stays."""
    return _page(studio, run_id, study_id, arriving=False)


def follow(studio: Studio, run_id: str | None, study_id: str | None, before: Any) -> list[Any]:
    """The same once more, where something has happened since; nothing is sent while nothing has."""
    now = _moment(studio, study_id) if study_id else None
    if now is not None and now == before:
        return [*[gr.skip()] * len(fields(Screen)), now]
    return [*look_again(studio, run_id, study_id), now]


def _moment(studio: Studio, study_id: str) -> tuple[Any, ...]:
    """All of a comparison that may change while somebody looks at it."""
    study, far = compare.study(studio, study_id), compare.progress(studio, study_id)
    job = far.job
    told = (job.state, job.done, job.seconds_left, job.message)
    return study.id, study.state, *told, far.rated, far.again, far.raters, far.invitation


def _page(studio: Studio, run_id: str | None, study_id: str | None, *, arriving: bool) -> list[Any]:
    if run_id is None:
        return nothing(EMPTY)
    run = train.run(studio, run_id)
    if run.is_live or not train.checkpoints(studio, run_id):
        why = "It is still training." if run.is_live else "It ended before anything was saved; Train says why."
        return nothing(html.empty(f"{run.name} cannot be compared{' yet' if run.is_live else ''}.", why, to="train"))
    try:
        sealed, every = len(asking.sealed_rows(studio, run_id)), compare.studies(studio, run_id)
    except StudioError as error:
        return nothing(told(error))
    chosen = next((found for found in every if found.id == study_id), every[0] if every else None)
    far = compare.progress(studio, chosen.id) if chosen else None
    examples = asking.shown_examples(studio, chosen.id, Rival.FEW_SHOT) if chosen else ()
    own = asking.own_prompts(studio, chosen) if chosen else ()
    return view(every, chosen, far, sealed=sealed, name=run.name, arriving=arriving, told=(examples, own))


def make(studio: Studio, run_id: str, click: str, *typed: Any) -> list[Any]:
    """Freeze a comparison; a click that arrives twice makes one."""
    made = form.freeze(studio, run_id, click, *typed)
    page = _page(studio, run_id, made.id, arriving=True)
    return [*page, *form.preview(studio, run_id, *typed), secrets.token_hex(8)]


def stop_writing(studio: Studio, study_id: str) -> None:
    compare.stop_writing(studio, study_id)


def go_on_writing(studio: Studio, study_id: str) -> gr.Timer:
    compare.go_on_writing(studio, study_id)
    return gr.Timer(active=True)


def ask_first(studio: Studio, study_id: str) -> list[Any]:
    """Before the rating is closed for good: what would stay undone."""
    return [gr.Row(visible=True), words.doubts(compare.progress(studio, study_id))]


def finish(studio: Studio, study_id: str) -> list[Any]:
    """Close the rating and lead on to the verdict."""
    closed = compare.close(studio, study_id)
    return [closed.id, gr.Tabs(selected="verdict"), gr.Row(visible=False)]


def nothing(empty: str) -> list[Any]:
    """The screen with nothing to compare."""
    return [empty, gr.Dropdown(visible=False), *_no_study(), gr.Accordion(visible=False), "", *_quiet()]


def _no_study() -> list[Any]:
    return [gr.Column(visible=False), "", "", *[gr.Button(visible=False)] * 4, ""]


def _quiet() -> list[Any]:
    return [gr.Timer(active=False), None]


def view(
    every: list[Study],
    chosen: Study | None,
    far: StudyProgress | None,
    *,
    sealed: int,
    name: str,
    arriving: bool = False,
    told: Told = ((), ()),
) -> list[Any]:
    """The screen for one run: the chosen comparison, and the form for a new one, which is folded on arriving alone."""
    if chosen is None or far is None:
        maker = gr.Accordion(visible=True, open=True, label="A new comparison")
        return [words.sealed(sealed, name), gr.Dropdown(visible=False), *_no_study(), maker, "", *_quiet()]
    fold: dict[str, Any] = {"open": False} if arriving else {}
    return [
        "".join(
            [
                html.reading(words.situation(chosen, far)),
                words.identical(chosen),
                words.unfinished(chosen),
                words.thought(chosen),
            ]
        ),
        gr.Dropdown(choices=[_label(study) for study in every], value=chosen.id, visible=len(every) > 1),
        *_study(chosen, far, told),
        gr.Accordion(visible=True, label="Make another comparison", **fold),
        words.sealed(sealed, name, is_opened=True),
        gr.Timer(active=chosen.job.is_live or chosen.state is StudyState.OPEN),
        chosen.id,
    ]


def _study(chosen: Study, far: StudyProgress, told: Told) -> list[Any]:
    writing, open_now = chosen.state in UNWRITTEN, chosen.state is StudyState.OPEN
    return [
        gr.Column(visible=True),
        words.progress(chosen, far),
        words.rate_link(far.invitation, is_done=far.rated == far.total) if open_now else "",
        gr.Button(visible=writing and chosen.job.is_live),
        gr.Button(visible=writing and not chosen.job.is_live),
        gr.Button(visible=open_now and far.rated > 0, variant="primary" if far.rated == far.total else "secondary"),
        gr.Button(visible=chosen.state is StudyState.CLOSED),
        words.frozen(chosen, *told),
    ]


def _label(study: Study) -> tuple[str, str]:
    rivals = html.count(len(study.protocol.opponents), "opponent")
    said = f"{study.protocol.cap} prompts, {rivals}, step {study.checkpoint_step:,}, {study.created_at:%d %b %H:%M}"
    is_broken = study.state is StudyState.WRITING and not study.job.is_live
    return f"{BROKEN_OFF if is_broken else STATES[study.state]} · {said}", study.id


MAKER = [field.name for field in fields(Screen)].index("maker")
