"""Data: "did it understand my file?"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.dataset import LAYOUT_TITLES, TEXT_TRAINING, Dataset, Guess
from studio.domain.reading import Reading, Tone
from studio.flows import bring, understand
from studio.flows.studio import Studio
from studio.flows.understand import FirstRows
from studio.ui.bringing import fields as fields_part
from studio.ui.bringing import refused
from studio.ui.errors import handler
from studio.ui.parts import html, talk
from studio.ui.parts.bringing import being_read
from studio.ui.parts.pickers import data_picker
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session

PAGE = 4
READ = [".jsonl", ".json", ".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".gz", ".zip"]
JOURNEY = (
    (
        "Inspect",
        "What is wrong with the examples, and what to mend first. Every line ends in one place that you can see.",
    ),
    ("Train", "The model learns from them in the background; what it costs, how it goes and what went wrong in words."),
    ("Compare", "People judge its answers against what would be cheaper, without knowing which is which."),
    ("Verdict", "Ship, don't ship, or not yet: a page to show, with its evidence."),
)


@dataclass(frozen=True, slots=True)
class Page:
    """The components that one dataset fills, in the order of `view`.

    `look` is what is looked at and how far it has been read: the parts below redraw when it changes.
    """

    state: gr.HTML
    cancel: gr.Button
    timer: gr.Timer
    preview: gr.HTML
    whole: gr.Column
    pager: gr.Row
    back: gr.Button
    on: gr.Button
    forward: gr.Button
    look: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Data", "A file of examples: what was asked, and what should have been answered."))
    start, look = gr.State(0), gr.State(None)
    _bring(session, start)
    state = gr.HTML(html.waiting(), elem_classes="brought")
    cancel = gr.Button("Stop reading", variant="stop", visible=False)
    timer = gr.Timer(0.5, active=False)
    preview = gr.HTML()
    with gr.Column(visible=False) as whole:
        with gr.Row(elem_classes="actions") as pager:
            back, on = gr.Button("← Earlier rows", size="sm"), gr.Button("Later rows →", size="sm")
        refused.build(session, look, start)
        fields_part.build(session, look, start)
        forward = gr.Button("Continue to Inspect", variant="primary")
    page = Page(state, cancel, timer, preview, whole, pager, back, on, forward, look)
    studio, data = session.studio, session.data
    gr.on(
        [tab.select, session.shown.change, start.change, timer.tick],
        handler(show, studio),
        [data, start, session.shown],
        page.all(),
        **DRAWN,
    )
    cancel.click(handler(cancel_reading, studio), data, None, **QUIET)
    back.click(handler(turn, studio, -PAGE), [data, start], start, **QUIET)
    on.click(handler(turn, studio, PAGE), [data, start], start, **QUIET)
    forward.click(lambda: gr.Tabs(selected="inspect"), None, session.tabs, **QUIET)
    return timer


def _bring(session: Session, start: gr.State) -> None:
    """The drop zone with the samples beside it."""
    with gr.Row(equal_height=True, elem_classes="bring"):
        with gr.Column(scale=3, min_width=300):
            upload = gr.File(
                label="Drop a JSONL, CSV, Excel or Parquet file here",
                file_types=READ,
                height=170,
            )
        with gr.Column(scale=2, min_width=300, elem_classes="samples"):
            gr.HTML('<div class="help"><b>No file at hand?</b> Try the whole journey on a sample.</div>')
            for sample in bring.samples(session.studio):
                with gr.Column(elem_classes="sample-card"):
                    button = gr.Button(sample.title, size="sm")
                    gr.HTML(f'<p class="help">{html.text(sample.about)}</p>')
                use = handler(use_sample, session.studio, sample.id)
                button.click(use, None, [session.data, start], trigger_mode="once", **QUIET)
    use = handler(use_file, session.studio)
    upload.upload(use, upload, [session.data, start, upload], api_name="bring_file", **PUBLIC)


def nothing() -> str:
    """The screen before the first file: what to do, and what comes of it."""
    steps = "".join(f"<li><b>{name}</b>{html.text(about)}</li>" for name, about in JOURNEY)
    said = "<b>Nothing here yet.</b> <span>Drop a file above, or pick a sample. What follows:</span>"
    return f'<div class="first-steps">{said}<ol>{steps}</ol></div>'


def use_sample(studio: Studio, sample_id: str) -> list[Any]:
    return [data_picker(studio, bring.bring_sample(studio, sample_id).id), 0]


def use_file(studio: Studio, path: str | None) -> list[Any]:
    """Take the file into the workspace and empty the drop zone for the next."""
    if path is None:
        return [gr.skip(), gr.skip(), gr.skip()]
    uploaded = Path(path)
    try:
        brought = bring.bring_file(studio, uploaded, is_ours=True)
    finally:
        uploaded.unlink(missing_ok=True)
    return [data_picker(studio, brought.id), 0, None]


def show(studio: Studio, data: str | None, first: int, shown: Any = None) -> list[Any]:
    """The screen of what is picked; `shown` is nothing before the page has heard what there is to pick."""
    if data is None and shown is None:
        return [gr.skip()] * len(fields(Page))
    if data is None:
        return [
            nothing(),
            gr.Button(visible=False),
            gr.Timer(active=False),
            "",
            gr.Column(visible=False),
            *[gr.skip()] * 5,
        ]
    found = bring.dataset(studio, data)
    if found.is_being_read:
        return view(found, first_rows(understand.first_rows(studio, data)))
    rows = bring.preview(studio, data, start=first, count=PAGE) if found.is_ready else []
    repaired = bring.repaired(studio, data).sentence
    return view(found, talk.bubbles(rows) if rows else "", repaired=repaired, first=first)


def turn(studio: Studio, step: int, data: str | None, first: int) -> int:
    """The first row of the next or the previous page."""
    last = max(bring.dataset(studio, data).rows - 1, 0) if data else 0
    return min(max(first + step, 0), last // PAGE * PAGE)


def cancel_reading(studio: Studio, data: str) -> None:
    bring.cancel(studio, data)


def first_rows(found: FirstRows | None) -> str:
    """The first rows while the rest is still being read, said to be no more than that."""
    if found is None:
        return ""
    said = (
        f"<b>The first rows, as understood so far.</b> {html.text(found.guess.reason)} That may change with the rest."
    )
    return f'<p class="help">{said}</p>{talk.bubbles(found.rows)}'


def view(found: Dataset, preview: str, *, repaired: str = "", first: int = 0) -> list[Any]:
    """The screen for one dataset, `first` being the first row that is shown: being read, failed, or there."""
    live = found.is_being_read
    return [
        situation(found, repaired=repaired),
        gr.Button(visible=live),
        gr.Timer(active=live),
        preview,
        gr.Column(visible=not live and bool(found.rows or found.rejects or found.columns)),
        gr.Row(visible=found.rows > PAGE),
        gr.Button(interactive=first > 0),
        gr.Button(interactive=first + PAGE < found.rows),
        gr.Button(visible=bool(found.rows)),
        (found.id, found.state),
    ]


def situation(found: Dataset, *, repaired: str = "") -> str:
    """What is known of the file in one sentence and four figures."""
    if found.is_being_read:
        return being_read(found)
    if not found.rows:
        said = Reading(
            Tone.BAD, "No row could be used.", found.problem or "Every line was refused; the reasons are below."
        )
        return html.title(found.name, f"a file of {html.size(found.bytes)}") + html.reading(said)
    figures = [
        html.Figure("Rows read", f"{found.rows:,}", f"from {found.source_name}"),
        html.Figure(
            "Lines refused",
            f"{found.rejects:,}",
            "listed below with the reason" if found.rejects else "nothing to mend",
        ),
        html.Figure(
            "Layout",
            LAYOUT_TITLES[found.guess.mapping.layout].split(" (")[0] if found.guess else "",
            f"in {', '.join(found.guess.mapping.fields.values())}" if found.guess else "",
        ),
        html.Figure("Fingerprint", found.fingerprint[:8], "names exactly these rows"),
    ]
    said, kind = _understood(found, repaired), "line" if found.rejects else "row"
    how = (
        f'<p class="help how"><b>How it was read.</b> {html.text(_how(found, found.guess))}</p>' if found.guess else ""
    )
    return (
        html.title(found.name, f"{html.count(found.lines, kind)} in a file of {html.size(found.bytes)}")
        + html.cards(figures)
        + "<br>"
        + html.reading(said)
        + how
    )


def _how(found: Dataset, guess: Guess) -> str:
    """By what it was taken for this layout; what fits it may be refused all the same."""
    others = guess.fits - found.rows
    refused = (
        f" {others:,} of them {'was' if others == 1 else 'were'} refused for another reason." if others > 0 else ""
    )
    return guess.reason + refused


def _understood(found: Dataset, repaired: str) -> Reading:
    """How much of the file could be used, and what was passed over."""
    refused = html.count(found.rejects, "line")
    said = (
        Reading(
            Tone.WARNING,
            f"{html.count(found.rows, 'row is', 'rows are')} in, {refused} could not be used.",
            repaired or "Nothing was repaired or dropped in silence.",
        )
        if found.rejects
        else Reading(
            Tone.GOOD,
            f"All {found.rows:,} rows were understood." if found.rows > 1 else "The one row was understood.",
            f"{repaired} Look at a few below, then inspect them.".lstrip(),
        )
    )
    blank = f" {html.count(found.blank_lines, 'blank line')} passed over." if found.blank_lines else ""
    later = f" {TEXT_TRAINING}" if found.is_text else ""
    return Reading(said.tone, said.title, said.text + blank + later)
