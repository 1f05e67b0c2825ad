"""Data: "did it understand my file?"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.dataset import LAYOUT_TITLES, PARTS, Dataset, Layout, Mapping, Reject
from studio.domain.reading import Reading, Tone
from studio.flows import bring
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.parts.bringing import being_read
from studio.ui.parts.pickers import data_picker
from studio.ui.parts.repairs import offered
from studio.ui.session import DRAWN, PUBLIC, QUIET, Session

PAGE = 4
READ = [".jsonl", ".json", ".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".gz", ".zip"]
LAYOUTS = [(words, value.value) for value, words in LAYOUT_TITLES.items()]
NOTHING = html.empty("Nothing here yet.", "Drop a file above, or pick a sample.")


@dataclass(frozen=True, slots=True)
class Page:
    """The components that one dataset fills, in the order of `view`."""

    state: gr.HTML
    cancel: gr.Button
    timer: gr.Timer
    whole: gr.Column
    preview: gr.HTML
    guess: gr.HTML
    layout: gr.Dropdown
    asked: gr.Dropdown
    answered: gr.Dropdown
    refused_part: gr.Accordion
    refused: gr.HTML
    pager: gr.Row
    back: gr.Button
    on: gr.Button
    forward: gr.Button

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Repairs:
    """The components for what could be repaired, in the order of `repairs_view`."""

    whole: gr.Column
    offers: gr.HTML
    ticked: gr.CheckboxGroup

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Data", "A file of examples: what was asked, and what should have been answered."))
    start = gr.State(0)
    _bring(session, start)
    state = gr.HTML(NOTHING)
    cancel = gr.Button("Stop reading", variant="stop", visible=False)
    timer = gr.Timer(0.5, active=False)
    with gr.Column(visible=False) as whole:
        preview = gr.HTML()
        with gr.Row(elem_classes="actions") as pager:
            back, on = gr.Button("← Earlier rows", size="sm"), gr.Button("Later rows →", size="sm")
        with gr.Accordion("How the file was read", open=False):
            guess = gr.HTML()
            with gr.Row():
                layout = gr.Dropdown(label="Layout", choices=LAYOUTS, min_width=200)
                asked = gr.Dropdown(label="What was asked is in", choices=[], min_width=200)
                answered = gr.Dropdown(label="The answer is in", choices=[], min_width=200)
            again = gr.Button("Read the file again this way", size="sm")
        with gr.Accordion("Lines that were refused", open=True, visible=False) as refused_part:
            repairs = _repairs(session, start)
            refused = gr.HTML()
        forward = gr.Button("Continue to Inspect", variant="primary")
    page = Page(
        state, cancel, timer, whole, preview, guess, layout, asked, answered, refused_part, refused, pager, back, on,
        forward,
    )  # fmt: skip
    _wire(session, tab, page, repairs, start)
    studio, data = session.studio, session.data
    back.click(handler(turn, studio, -PAGE), [data, start], start, **QUIET)
    on.click(handler(turn, studio, PAGE), [data, start], start, **QUIET)
    again.click(handler(read_again, studio), [data, layout, asked, answered], [data, start], **QUIET)
    forward.click(lambda: gr.Tabs(selected="inspect"), None, session.tabs, **QUIET)
    return timer


def _bring(session: Session, start: gr.State) -> None:
    """The drop zone with the samples beside it."""
    with gr.Row(equal_height=True):
        with gr.Column(scale=3, min_width=300):
            upload = gr.File(
                label="Drop a JSONL, CSV, Excel or Parquet file here",
                file_types=READ,
                height=170,
            )
        with gr.Column(scale=2, min_width=300):
            gr.HTML('<div class="help"><b>No file at hand?</b> Try the whole journey on a sample.</div>')
            for sample in bring.samples(session.studio):
                button = gr.Button(sample.title, size="sm")
                gr.HTML(f'<p class="help sample">{html.text(sample.about)}</p>')
                use = handler(use_sample, session.studio, sample.id)
                button.click(use, None, [session.data, start], trigger_mode="once", **QUIET)
    use = handler(use_file, session.studio)
    upload.upload(use, upload, [session.data, start, upload], api_name="bring_file", **PUBLIC)


def _repairs(session: Session, start: gr.State) -> Repairs:
    """What could be repaired, before and after, and one button for what stays ticked."""
    with gr.Column(visible=False) as whole:
        offers = gr.HTML()
        ticked = gr.CheckboxGroup(label="Repair", choices=[])
        mend = gr.Button("Repair these lines")
    use = handler(repair, session.studio)
    mend.click(use, [session.data, ticked], [session.data, start], trigger_mode="once", **QUIET)
    return Repairs(whole, offers, ticked)


def _wire(session: Session, tab: gr.Tab, page: Page, repairs: Repairs, start: gr.State) -> None:
    studio, data = session.studio, session.data
    gr.on(
        [tab.select, data.change, start.change, page.timer.tick],
        handler(show_with_repairs, studio),
        [data, start],
        page.all() + repairs.all(),
        **DRAWN,
    )
    page.layout.input(handler(fields_of), page.layout, [page.asked, page.answered], **QUIET)
    page.cancel.click(handler(cancel_reading, studio), data, None, **QUIET)


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


def show_with_repairs(studio: Studio, data: str | None, first: int) -> list[Any]:
    """Both in one answer, the repairs looked up last: once the first stops the timer, nothing would draw them."""
    return [*show(studio, data, first), *show_repairs(studio, data)]


def show(studio: Studio, data: str | None, first: int) -> list[Any]:
    if data is None:  # the page opens empty; an answer that comes late must not empty it again
        return [gr.skip()] * len(fields(Page))
    found = bring.dataset(studio, data)
    rows = bring.preview(studio, data, start=first, count=PAGE) if found.is_ready else []
    rejects = [] if found.is_being_read else bring.rejects(studio, data)
    repaired = bring.repaired(studio, data).sentence
    preview = html.bubbles(rows) if rows else ""
    return view(found, preview, refused_table(data, rejects), repaired=repaired, first=first)


def show_repairs(studio: Studio, data: str | None) -> list[Any]:
    return repairs_view(bring.repairs(studio, data)) if data else [gr.skip()] * len(fields(Repairs))


def turn(studio: Studio, step: int, data: str | None, first: int) -> int:
    """The first row of the next or the previous page."""
    last = max(bring.dataset(studio, data).rows - 1, 0) if data else 0
    return min(max(first + step, 0), last // PAGE * PAGE)


def read_again(studio: Studio, data: str, layout: str, asked: str, answered: str) -> list[Any]:
    parts = PARTS[Layout(layout)].required
    mapping = Mapping(Layout(layout), dict(zip(parts, (asked, answered), strict=False)))
    return [data_picker(studio, bring.reread(studio, data, mapping).id), 0]


def repair(studio: Studio, data: str, kinds: list[str]) -> list[Any]:
    return [data_picker(studio, bring.repair(studio, data, kinds).id), 0]


def fields_of(layout: str) -> list[Any]:
    """Conversations are in one field, the other layouts in two."""
    one = layout == Layout.MESSAGES
    return [
        gr.Dropdown(label="The conversation is in" if one else "What was asked is in"),
        gr.Dropdown(visible=not one),
    ]


def cancel_reading(studio: Studio, data: str) -> None:
    bring.cancel(studio, data)


def repairs_view(offers: Sequence[bring.Offer]) -> list[Any]:
    """Every offer with its first lines, all of them ticked."""
    choices = [(offer.title.removesuffix("."), offer.kind.value) for offer in offers]
    return [
        gr.Column(visible=bool(offers)),
        offered(offers),
        gr.CheckboxGroup(choices=choices, value=[kind for _, kind in choices]),
    ]


def view(found: Dataset, preview: str, refused: str, *, repaired: str = "", first: int = 0) -> list[Any]:
    """The screen for one dataset, `first` being the first row that is shown: being read, failed, or there."""
    live = found.is_being_read
    guess = found.guess
    columns = list(guess.columns) if guess else []
    named = list(guess.mapping.fields.values()) if guess else []
    return [
        situation(found, repaired=repaired),
        gr.Button(visible=live),
        gr.Timer(active=live),
        gr.Column(visible=not live and bool(found.rows or found.rejects or refused)),
        preview,
        f'<p class="help">{html.text(guess.reason) if guess else ""}</p>',
        gr.Dropdown(choices=LAYOUTS, value=guess.mapping.layout.value if guess else None),
        gr.Dropdown(choices=columns, value=named[0] if named else None),
        gr.Dropdown(choices=columns, value=named[-1] if len(named) > 1 else None, visible=len(named) > 1),
        gr.Accordion(visible=bool(found.rejects or refused)),
        refused,
        gr.Row(visible=found.rows > PAGE),
        gr.Button(interactive=first > 0),
        gr.Button(interactive=first + PAGE < found.rows),
        gr.Button(visible=bool(found.rows)),
    ]


def situation(found: Dataset, *, repaired: str = "") -> str:
    """What is known of the file in one sentence and four figures."""
    if found.is_being_read:
        return being_read(found)
    if not found.rows:
        said = Reading(
            Tone.BAD, "No row could be used.", found.problem or "Every line was refused; the reasons are below."
        )
        return html.reading(said)
    refused = html.count(found.rejects, "line")
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
            html.size(found.bytes),
        ),
        html.Figure("Fingerprint", found.fingerprint[:8], "names exactly these rows"),
    ]
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
    said = Reading(said.tone, said.title, said.text + blank)
    return (
        html.title(found.name, f"{html.count(found.lines, 'line')} in the file")
        + html.cards(figures)
        + "<br>"
        + html.reading(said)
    )


def refused_table(data: str, rejects: list[Reject]) -> str:
    """Refused lines with place, reason, next step and the text itself."""
    rows = [
        [
            html.Cell(f"{r.line:,}", number=True),
            f"column {r.column}" if r.column else r.field or "",
            f"{r.reason} {r.fix}",
            html.Cell(r.text[:240], written=True),
        ]
        for r in rejects
    ]
    if not rows:
        return ""
    link = html.link("Download all refused lines", f"/download/refused/{data}")
    return (
        html.table(["Line", "Place", "Reason and next step", "As written"], rows, stacked=True)
        + f'<p class="help">{link}</p>'
    )
