"""Compare: "who will judge what?"""

import secrets
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.domain.study import Study, StudyState
from studio.flows import compare, train
from studio.flows.compare import StudyProgress
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.parts import html
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session
from studio.verdict.rule import FEWEST_DECISIVE

EMPTY = html.empty("Nothing to compare yet.", "Train a model first; then people judge it blind against its base.")
COPY = "Copy the link for others"
STATES = {
    StudyState.WRITING: "answers being written",
    StudyState.OPEN: "open for rating",
    StudyState.CLOSED: "closed",
    StudyState.FAILED: "failed",
}
UNWRITTEN = (StudyState.WRITING, StudyState.FAILED)


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
    prompts: gr.Number
    timer: gr.Timer
    study: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Asking:
    """The components that make a comparison, and those that ask before one is closed for good."""

    question: gr.Textbox
    create: gr.Button
    click: gr.State
    sure: gr.Row
    doubt: gr.HTML
    yes: gr.Button
    no: gr.Button


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Compare", "People judge the fine-tuned model against its base without knowing which is which."))
    screen, asking = _laid_out(session)
    _wire(session, tab, screen, asking)
    return screen.timer


def _laid_out(session: Session) -> tuple[Screen, Asking]:
    situation = gr.HTML(EMPTY)
    picked = gr.Dropdown(label="Comparison", choices=[], allow_custom_value=True, visible=False, min_width=240)
    with gr.Column(visible=False) as opened:
        progress = gr.HTML()
        with gr.Row(elem_classes="actions"):
            rate = gr.HTML(min_width=200)
            stop = gr.Button("Stop writing", variant="stop", visible=False, min_width=160)
            again = gr.Button("Write the missing answers", visible=False, min_width=200)
            close = gr.Button("Close the rating and reveal", visible=False, min_width=220)
            forward = gr.Button("See the verdict", variant="primary", visible=False, min_width=180)
        with gr.Row(visible=False, elem_classes="actions") as sure:
            doubt = gr.HTML(min_width=260, scale=2)
            yes = gr.Button("Yes, close and show the verdict", variant="primary", min_width=230, scale=1)
            no = gr.Button("Not yet", min_width=120, scale=1)
        frozen = gr.HTML()
    with gr.Accordion("A new comparison", visible=False) as maker:
        warning = gr.HTML()
        with gr.Row():
            prompts = gr.Number(
                label="Prompts", precision=0, info="Sealed test rows that training never saw.", min_width=200
            )
            question = gr.Textbox(
                label="Question to the raters", value=compare.QUESTION, info="What “better” should mean.", min_width=280
            )
        create = gr.Button("Freeze the comparison and write the answers", variant="primary")
    timer, click = gr.Timer(1.0, active=False), gr.State("")
    screen = Screen(
        situation, picked, opened, progress, rate, stop, again, close, forward, frozen, maker, warning, prompts, timer,
        session.study,
    )  # fmt: skip
    return screen, Asking(question, create, click, sure, doubt, yes, no)


def _wire(session: Session, tab: gr.Tab, screen: Screen, asking: Asking) -> None:
    studio, shown, study = session.studio, screen.all(), session.study
    drawn, proposed = gr.State(None), gr.State(None)
    seen = [session.run, study, screen.prompts, proposed]
    gr.on([tab.select, session.followed.change], handler(show, studio), seen, [*shown, proposed], **DRAWN)
    screen.timer.tick(handler(follow, studio), [session.run, study, drawn], [*shown, drawn], **QUIET)
    screen.picked.input(handler(look_again, studio), [session.run, screen.picked], shown, **QUIET)
    tab.select(lambda: secrets.token_hex(8), None, asking.click, **QUIET)
    asking.create.click(
        handler(make, studio),
        [session.run, screen.prompts, asking.question, asking.click],
        [*shown, asking.click],
        trigger_mode="once",
        api_name="create_study",
        **PUBLIC,
    )
    screen.stop.click(handler(stop_writing, studio), study, None, **QUIET)
    screen.again.click(handler(go_on_writing, studio), study, screen.timer, **QUIET)
    screen.close.click(handler(ask_first, studio), study, [asking.sure, asking.doubt], **QUIET)
    screen.forward.click(lambda: gr.Tabs(selected="verdict"), None, session.tabs, **QUIET)
    asking.no.click(lambda: gr.Row(visible=False), None, asking.sure, **QUIET)
    asking.yes.click(
        handler(finish, studio), study, [study, session.tabs, asking.sure], api_name="close_study", **PUBLIC
    )


def show(
    studio: Studio, run_id: str | None, study_id: str | None, prompts: float | None, proposed: str | None
) -> list[Any]:
    """The comparisons of a run; the form is made ready once for each run, then it is its reader's.

    `proposed` is the run that the form was made ready for.
    """
    return [*_page(studio, run_id, study_id, arriving=prompts is None or proposed != run_id), run_id]


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
    return study.id, study.state, job.state, job.done, job.seconds_left, job.message, far.rated, far.raters


def _page(studio: Studio, run_id: str | None, study_id: str | None, *, arriving: bool) -> list[Any]:
    if run_id is None:
        return nothing(EMPTY)
    run = train.run(studio, run_id)
    if run.is_live or not train.checkpoints(studio, run_id):
        why = "It is still training." if run.is_live else "It has no checkpoint."
        return nothing(html.empty(f"{run.name} cannot be compared yet.", why))
    try:
        sealed, every = len(compare.sealed_rows(studio, run_id)), compare.studies(studio, run_id)
    except StudioError as error:
        return nothing(told(error))
    chosen = next((found for found in every if found.id == study_id), every[0] if every else None)
    far = compare.progress(studio, chosen.id) if chosen else None
    return view(every, chosen, far, sealed=sealed, name=run.name, arriving=arriving)


def make(studio: Studio, run_id: str, prompts: float | None, question: str, click: str) -> list[Any]:
    """Freeze a comparison; a click that arrives twice makes one."""
    number = int(prompts) if prompts is not None else None
    made = compare.create(studio, run_id, prompts=number, question=question, key=f"study:{run_id}:{click}")
    return [*_page(studio, run_id, made.id, arriving=True), secrets.token_hex(8)]


def stop_writing(studio: Studio, study_id: str) -> None:
    compare.stop_writing(studio, study_id)


def go_on_writing(studio: Studio, study_id: str) -> gr.Timer:
    compare.go_on_writing(studio, study_id)
    return gr.Timer(active=True)


def ask_first(studio: Studio, study_id: str) -> list[Any]:
    """Before the rating is closed for good: what would stay undone."""
    return [gr.Row(visible=True), doubts(compare.progress(studio, study_id))]


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
    return [None, gr.Timer(active=False), None]


def view(
    every: list[Study],
    chosen: Study | None,
    far: StudyProgress | None,
    *,
    sealed: int,
    name: str,
    arriving: bool = False,
) -> list[Any]:
    """The screen for one run: the chosen comparison, and the form for a new one.

    Only on arriving is the form made ready; later it stays as its reader has it.
    """
    proposed = min(sealed, compare.ENOUGH) if arriving else gr.skip()
    if chosen is None or far is None:
        maker = gr.Accordion(visible=True, open=True, label="A new comparison")
        return [
            sealed_words(sealed, name),
            gr.Dropdown(visible=False),
            *_no_study(),
            maker,
            "",
            proposed,
            *_quiet()[1:],
        ]
    fold: dict[str, Any] = {"open": False} if arriving else {}
    return [
        html.reading(situation_of(chosen, far)),
        gr.Dropdown(choices=[_label(study) for study in every], value=chosen.id, visible=len(every) > 1),
        *_study(chosen, far),
        gr.Accordion(visible=True, label="Make another comparison", **fold),
        used_before(every),
        proposed,
        gr.Timer(active=chosen.job.is_live or chosen.state is StudyState.OPEN),
        chosen.id,
    ]


def _study(chosen: Study, far: StudyProgress) -> list[Any]:
    writing, open_now = chosen.state in UNWRITTEN, chosen.state is StudyState.OPEN
    return [
        gr.Column(visible=True),
        progress_bar(chosen, far),
        rate_link(far.invitation, is_done=far.rated == far.total) if open_now else "",
        gr.Button(visible=writing and chosen.job.is_live),
        gr.Button(visible=writing and not chosen.job.is_live),
        gr.Button(visible=open_now and far.rated > 0, variant="primary" if far.rated == far.total else "secondary"),
        gr.Button(visible=chosen.state is StudyState.CLOSED),
        frozen_table(chosen),
    ]


def _label(study: Study) -> tuple[str, str]:
    return f"{study.protocol.cap} prompts, {study.created_at:%d %b %H:%M} · {STATES[study.state]}", study.id


def sealed_words(sealed: int, name: str) -> str:
    """What there is to compare on, before the first comparison."""
    title = f"{html.count(sealed, 'test row')} of {name} {'is' if sealed == 1 else 'are'} sealed."
    said = Reading(Tone.QUIET, title, "They are asked of both models once, before anybody rates.")
    if sealed < FEWEST_DECISIVE:
        fix = f"To ship takes at least {FEWEST_DECISIVE}. Hold out more on Inspect, or bring more examples, and train again."
        said = Reading(Tone.WARNING, f"{title[:-1]}: too few for a verdict.", fix)
    return html.reading(said)


def doubts(far: StudyProgress) -> str:
    """What closing means, and what would stay undone."""
    left = far.total - far.rated
    said = [
        f"{html.count(left, 'prompt')} {'is' if left == 1 else 'are'} not rated." if left else "",
        "Only one person has rated; a second one would show whether others agree." if far.raters == 1 else "",
        "Nobody can rate after this, and the sides become visible. Close it now?",
    ]
    return f'<p class="help">{" ".join(part for part in said if part)}</p>'


def used_before(every: list[Study]) -> str:
    """What a further comparison on the same rows is worth."""
    closed = sum(study.state is StudyState.CLOSED for study in every)
    if not closed:
        return '<p class="help">It draws anew from the same sealed rows.</p>'
    verdicts = html.count(closed, "verdict")
    return f'<p class="help">It draws anew from the same sealed rows, which have given {verdicts} before; the new one will say so.</p>'


def situation_of(study: Study, far: StudyProgress) -> Reading:
    """Where the comparison is, without a word on who leads."""
    if study.state in UNWRITTEN and study.job.is_live:
        return Reading(
            Tone.QUIET,
            "The answers are being written.",
            "Both models answer every prompt beforehand, so that nothing about timing can tell them apart.",
        )
    if study.state in UNWRITTEN:
        return Reading(Tone.BAD, "The answers were not all written.", f"{study.job.message} {study.job.fix}".strip())
    if study.state is StudyState.CLOSED:
        return Reading(Tone.GOOD, "Closed.", "The verdict is there.")
    if far.rated == far.total:
        return Reading(Tone.GOOD, "Everything has been rated.", "Close the rating to see the verdict.")
    return Reading(Tone.QUIET, "Open for rating.", "All scores stay hidden until it is closed, from you too.")


def progress_bar(study: Study, far: StudyProgress) -> str:
    if study.state in UNWRITTEN:
        job = study.job
        left = job.seconds_left
        words = f"about {html.duration(left)} left" if left is not None else job.message
        return html.bar(
            job.done / job.total if job.total else 0.0,
            f"{job.done:,} of {study.protocol.cap:,} prompts answered",
            words,
        )
    return html.bar(
        far.rated / far.total, f"{far.rated:,} of {far.total:,} prompts rated", html.count(far.raters, "rater")
    )


def rate_link(token: str, *, is_done: bool = False) -> str:
    """The address for raters; it holds nothing but an opaque token."""
    look = "" if is_done else ' class="button"'
    address = f"/rate/?t={token}"
    copy = f"navigator.clipboard.writeText(location.origin + '{address}'); this.textContent = 'Copied'; setTimeout(() => this.textContent = '{COPY}', 4000)"
    return (
        f'<a{look} href="{address}" target="_blank" rel="noopener">{"Look at the rating page" if is_done else "Rate now"}</a> '
        f'<button class="copy" type="button" onclick="{copy}">{COPY}</button>'
        '<p class="help">Whoever has the link may rate, on a phone too, and sees nothing else. Other devices reach it only '
        "when the studio was started with --share-on-network.</p>"
    )


def frozen_table(study: Study) -> str:
    """What was fixed before the first rating."""
    sampling = study.protocol.sampling
    way = (
        "the most likely words (no chance)"
        if sampling.temperature == 0
        else f"temperature {sampling.temperature}, seed {sampling.seed}"
    )
    rows = [
        ["Contestants", f"the fine-tuned model (checkpoint of step {study.checkpoint_step:,}) and its base model"],
        ["Prompts", f"{study.protocol.cap:,} sealed test rows"],
        ["Question", study.protocol.criterion],
        ["Answers", f"at most {sampling.max_new_tokens} tokens, {way}; the same for both"],
        [
            "To ship",
            f"preferred in more than {html.percent(0.5 + study.protocol.margin)} of the ratings with a preference, with evidence of at "
            f"least {study.protocol.bar:,.0f} to 1 that this is no luck",
        ],
        ["Protocol", study.fingerprint],
    ]
    return f'<div class="panel"><h3>Frozen before the first rating</h3>{html.table(["What", "As"], rows)}</div>'
