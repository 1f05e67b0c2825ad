"""Prompt: the editor of the base model's best prompt, with tries of it on validation rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from studio.data.veiling import veiled
from studio.domain.errors import StudyError
from studio.domain.job import JobState
from studio.domain.protocol import LONGEST_TEXT
from studio.domain.reading import Reading, Tone
from studio.flows import prompting
from studio.flows.prompting import Tried, Try
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.session import QUIET, Session

ABOUT = (
    "What the base model is told before every question, in place of the rows' own instructions. It begins with what your "
    "rows show; try your own words on validation rows, which the verdict never uses."
)
PROPOSED = ("as proposed from the data", "proposed")


@dataclass(frozen=True, slots=True)
class Editor:
    """The components of the editor; those of `shown` are drawn by `view`."""

    fold: gr.Accordion
    text: gr.Textbox
    rows: gr.Number
    start: gr.Button
    stop: gr.Button
    earlier: gr.Dropdown
    said: gr.HTML
    timer: gr.Timer

    @property
    def shown(self) -> list[Any]:
        return [self.start, self.stop, self.earlier, self.said, self.timer]


def build() -> Editor:
    with gr.Accordion("Best prompt: what the base model is told, and tries of it", open=False) as fold:
        gr.HTML(f'<p class="help">{ABOUT}</p>')
        text = gr.Textbox(label="Instructions to the base model", lines=5, max_lines=16, max_length=LONGEST_TEXT)
        with gr.Row(elem_classes="actions"):
            rows = gr.Number(
                label="Validation rows", value=prompting.ROWS, precision=0, minimum=1, maximum=prompting.MOST_ROWS,
                min_width=140, scale=1,
            )  # fmt: skip
            earlier = gr.Dropdown(label="Go back to", choices=[PROPOSED], value=None, min_width=240, scale=3)
        with gr.Row(elem_classes="actions"):
            start = gr.Button("Try this prompt", size="sm", min_width=160, scale=0)
            stop = gr.Button("Stop trying", size="sm", variant="stop", visible=False, min_width=140, scale=0)
        said = gr.HTML()
    return Editor(fold, text, rows, start, stop, earlier, said, gr.Timer(1.0, active=False))


def wire(session: Session, parts: Editor) -> None:
    studio, run = session.studio, session.run
    parts.start.click(handler(begin, studio), [run, parts.text, parts.rows], parts.shown, trigger_mode="once", **QUIET)
    parts.timer.tick(handler(look, studio), run, parts.shown, **QUIET)
    parts.stop.click(handler(give_up, studio), run, parts.shown, **QUIET)


def begin(studio: Studio, run_id: str | None, text: str, rows: float | None) -> list[Any]:
    """Try the prompt on the screen."""
    if run_id is None:
        raise StudyError("There is nothing to try yet.", fix="Train a model first.")
    prompting.start(studio, run_id, text, rows=int(rows or 0))
    return look(studio, run_id)


def look(studio: Studio, run_id: str | None) -> list[Any]:
    """How the newest try is going, or went."""
    return view(prompting.tries(studio, run_id) if run_id else ())


def give_up(studio: Studio, run_id: str | None) -> list[Any]:
    for tried in prompting.tries(studio, run_id) if run_id else ():
        prompting.stop(studio, tried.job.id)
    return look(studio, run_id)


def again(studio: Studio, run_id: str, picked: str | None) -> Any:
    """The words of an earlier version."""
    if picked == PROPOSED[1]:
        return prompting.proposal(studio, run_id)
    return next(
        (tried.instructions for tried in prompting.tries(studio, run_id) if str(tried.number) == picked), gr.skip()
    )


def view(tries: Sequence[Try]) -> list[Any]:
    """The buttons and what was tried, for the newest try."""
    newest = tries[-1] if tries else None
    live = newest is not None and newest.job.is_live
    best = prompting.best(tries)
    return [
        gr.Button(interactive=not live, value="Trying …" if live else "Try this prompt"),
        gr.Button(visible=live, interactive=newest is not None and not newest.job.is_stopping),
        gr.Dropdown(choices=[PROPOSED, *(_label(tried, best) for tried in reversed(tries))], value=None),
        told(tries, best),
        gr.Timer(active=live),
    ]


def _label(tried: Try, best: Try | None) -> tuple[str, str]:
    """A try in a list: its number, how well it did, and how it begins."""
    mark = " ★ best so far" if best and tried.number == best.number else ""
    return f"try {tried.number}: {_score(tried)}{mark} · {tried.instructions[:40]!r}", str(tried.number)


def _score(tried: Try) -> str:
    if not tried.is_whole:
        return tried.job.words
    return f"{tried.equal} of {tried.wanted} equal, {tried.fitting} in form"


def told(tries: Sequence[Try], best: Try | None) -> str:
    """The newest try, beside the best one; nothing where none was made."""
    if not tries:
        return ""
    newest = tries[-1]
    number = html.count(len(tries), "prompt")
    if newest.job.is_live:
        words = "Waiting until the machine is free …" if newest.job.state is JobState.QUEUED else "Trying …"
        job = newest.job
        head = html.bar(job.done / job.total if job.total else 0.0, words, f"{number} tried")
    elif not newest.is_whole:
        head = html.reading(
            Reading(Tone.BAD, "Not tried to the end.", f"{newest.job.message} {newest.job.fix}".strip())
        )
    else:
        head = html.reading(_reading(newest, best, number))
    return head + (_table(newest.rows) if newest.rows else "")


def _reading(newest: Try, best: Try | None, number: str) -> Reading:
    said = (
        f"{newest.equal} of {newest.wanted} answers equal your data's; {newest.fitting} have its form ({newest.form.title}), "
        f"and {newest.fitting_alone} without the prompt. {number} tried so far"
    )
    if best is None or best.number == newest.number:
        tone = Tone.GOOD if newest.equal else Tone.QUIET
        return Reading(tone, f"Try {newest.number}, the best so far:", f"{said}.")
    return Reading(Tone.QUIET, f"Try {newest.number}:", f"{said}; the best is try {best.number}: {_score(best)}.")


def _table(rows: Sequence[Tried]) -> str:
    lines = [
        [
            veiled(row.question).shown,
            _written(row.alone),
            _written(row.prompted),
            _written(row.reference),
            "✓\u00a0equal" if row.equals else "●\u00a0its form" if row.fits else "✕\u00a0neither",
        ]
        for row in rows
    ]
    return html.table(["Question", "Base alone", "With this prompt", "In your data", ""], lines, stacked=True)


def _written(text: str) -> html.Cell:
    return html.Cell(veiled(text).shown, written=True)
