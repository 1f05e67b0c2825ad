"""Compare: "who will judge what?"""

import secrets
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.reading import Reading, Tone
from studio.domain.study import Study, StudyState
from studio.flows import compare, train
from studio.flows.compare import StudyProgress
from studio.ui.errors import friendly, told
from studio.ui.parts import html
from studio.ui.session import QUIET, Session

EMPTY = html.empty("Nothing to compare yet.", "Train a model first; then people judge it blind against its base.")
STATES = {
    StudyState.WRITING: "answers being written",
    StudyState.OPEN: "open for rating",
    StudyState.CLOSED: "closed",
    StudyState.FAILED: "failed",
}
UNWRITTEN = (StudyState.WRITING, StudyState.FAILED)


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    studio = session.studio
    gr.HTML(html.title("Compare", "People judge the fine-tuned model against its base without knowing which is which."))
    situation = gr.HTML(EMPTY)
    with gr.Column(visible=False) as maker:
        with gr.Row():
            prompts = gr.Number(
                label="Prompts", precision=0, minimum=1, info="Sealed test rows that training never saw.", min_width=200
            )
            question = gr.Textbox(
                label="Question to the raters", value=compare.QUESTION, info="What “better” should mean.", min_width=280
            )
        create = gr.Button("Freeze the comparison and write the answers", variant="primary")
    picked = gr.Dropdown(label="Comparison", choices=[], allow_custom_value=True, visible=False, min_width=240)
    with gr.Column(visible=False) as opened:
        progress = gr.HTML()
        with gr.Row(elem_classes="actions"):
            rate = gr.HTML(min_width=200)
            stop = gr.Button("Stop writing", variant="stop", visible=False, min_width=160)
            again = gr.Button("Write the missing answers", visible=False, min_width=200)
            close = gr.Button("Close the rating and reveal", visible=False, min_width=220)
        with gr.Row(visible=False, elem_classes="actions") as sure:
            gr.HTML(
                '<p class="help">Nobody can rate after this, and the sides become visible. Close it now?</p>',
                min_width=260,
                scale=2,
            )
            yes = gr.Button("Yes, close and show the verdict", variant="primary", min_width=230, scale=1)
            no = gr.Button("Not yet", min_width=120, scale=1)
        frozen = gr.HTML()
    timer, click = gr.Timer(1.0, active=False), gr.State("")
    shown = [
        situation,
        maker,
        prompts,
        picked,
        opened,
        progress,
        rate,
        stop,
        again,
        close,
        frozen,
        timer,
        session.study,
    ]

    @friendly
    def show(run_id: str | None, study_id: str | None, asked: float | None = None) -> list[Any]:
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
        return view(every, chosen, far, sealed=sealed, name=run.name, asked=int(asked or 0))

    @friendly
    def make(run_id: str, prompts: float | None, question: str, click: str) -> list[Any]:
        made = compare.create(
            studio, run_id, prompts=int(prompts) if prompts else None, question=question, key=f"study:{run_id}:{click}"
        )
        return [*show(run_id, made.id), secrets.token_hex(8)]

    @friendly
    def finish(study_id: str) -> list[Any]:
        closed = compare.close(studio, study_id)
        return [closed.id, gr.Tabs(selected="verdict"), gr.Row(visible=False)]

    gr.on(
        [tab.select, session.run.change, timer.tick, picked.input],
        lambda run, at, chosen, asked: show(run, chosen or at, asked),
        [session.run, session.study, picked, prompts],
        shown,
        **QUIET,
    )
    tab.select(lambda: secrets.token_hex(8), None, click, **QUIET)
    create.click(
        make,
        [session.run, prompts, question, click],
        [*shown, click],
        trigger_mode="once",
        api_name="create_study",
        show_progress="hidden",
        concurrency_limit=None,
    )
    stop.click(friendly(lambda study: compare.stop_writing(studio, study) and None), session.study, None, **QUIET)
    again.click(
        friendly(lambda study: compare.go_on_writing(studio, study) and gr.Timer(active=True)),
        session.study,
        timer,
        **QUIET,
    )
    close.click(lambda: gr.Row(visible=True), None, sure, **QUIET)
    no.click(lambda: gr.Row(visible=False), None, sure, **QUIET)
    yes.click(
        finish,
        session.study,
        [session.study, session.tabs, sure],
        api_name="close_study",
        show_progress="hidden",
        concurrency_limit=None,
    )
    return timer


def nothing(empty: str) -> list[Any]:
    """The screen with nothing to compare."""
    hidden = gr.Column(visible=False)
    return [
        empty,
        hidden,
        gr.skip(),
        gr.Dropdown(visible=False),
        hidden,
        "",
        "",
        *[gr.Button(visible=False)] * 3,
        "",
        gr.Timer(active=False),
        None,
    ]


def view(
    every: list[Study], chosen: Study | None, far: StudyProgress | None, *, sealed: int, name: str, asked: int = 0
) -> list[Any]:
    """The screen for one run: a comparison to make, or those that were made."""
    if chosen is None or far is None:
        said = html.reading(
            Reading(
                Tone.QUIET,
                f"{sealed:,} test rows of {name} are sealed.",
                "They are asked of both models once, before anybody rates.",
            )
        )
        return [
            said,
            gr.Column(visible=True),
            min(sealed, asked or compare.ENOUGH),
            gr.Dropdown(visible=False),
            gr.Column(visible=False),
            "",
            "",
            *[gr.Button(visible=False)] * 3,
            "",
            gr.Timer(active=False),
            None,
        ]
    writing, open_now = chosen.state in UNWRITTEN, chosen.state is StudyState.OPEN
    halted = writing and not chosen.job.is_live
    labels = [
        (f"{study.prompts} prompts, {study.created_at:%d %b %H:%M} · {STATES[study.state]}", study.id)
        for study in every
    ]
    return [
        html.reading(situation_of(chosen, far)),
        gr.Column(visible=False),
        gr.skip(),
        gr.Dropdown(choices=labels, value=chosen.id, visible=len(every) > 1),
        gr.Column(visible=True),
        progress_bar(chosen, far),
        rate_link(chosen) if open_now else "",
        gr.Button(visible=writing and chosen.job.is_live),
        gr.Button(visible=halted),
        gr.Button(visible=open_now and far.rated > 0),
        frozen_table(chosen),
        gr.Timer(active=chosen.job.is_live or open_now),
        chosen.id,
    ]


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
        return Reading(Tone.GOOD, "Closed.", "The verdict is on the next tab.")
    if far.rated == far.total:
        return Reading(Tone.GOOD, "Everything has been rated.", "Close the rating to see the verdict.")
    return Reading(
        Tone.QUIET, "Open for rating.", "Nobody sees a score before it is closed, and you should not either."
    )


def progress_bar(study: Study, far: StudyProgress) -> str:
    if study.state in UNWRITTEN:
        job = study.job
        left = job.seconds_left
        words = f"about {html.duration(left)} left" if left is not None else job.message
        return html.bar(
            job.done / job.total if job.total else 0.0, f"{job.done:,} of {study.prompts:,} prompts answered", words
        )
    return html.bar(
        far.rated / far.total, f"{far.rated:,} of {far.total:,} prompts rated", html.count(far.raters, "rater")
    )


def rate_link(study: Study) -> str:
    """The address for raters; it holds nothing but an opaque token."""
    address = f"/rate/?t={study.rating_token}"
    copy = f"navigator.clipboard.writeText(location.origin + '{address}'); this.textContent = 'Copied'"
    return (
        f'<a class="button" href="{address}" target="_blank" rel="noopener">Rate now</a> '
        f'<button class="copy" type="button" onclick="{copy}">Copy the link for others</button>'
        '<p class="help">Whoever has the link may rate and see nothing else; it works on a phone.</p>'
    )


def frozen_table(study: Study) -> str:
    """What was fixed before the first rating."""
    sampling = study.sampling
    way = (
        "the most likely words (no chance)"
        if sampling.temperature == 0
        else f"temperature {sampling.temperature}, seed {sampling.seed}"
    )
    rows = [
        ["Contestants", f"the fine-tuned model (checkpoint of step {study.checkpoint_step:,}) and its base model"],
        ["Prompts", f"{study.prompts:,} sealed test rows"],
        ["Question", study.question],
        ["Answers", f"at most {sampling.max_new_tokens} tokens, {way}; the same for both"],
        [
            "To ship",
            f"preferred in more than {0.5 + study.margin:.0%} of the decisive ratings, with evidence of at least 20",
        ],
        ["Protocol", study.protocol],
    ]
    return f'<div class="panel"><h3>Frozen before the first rating</h3>{html.table(["What", "As"], rows)}</div>'
