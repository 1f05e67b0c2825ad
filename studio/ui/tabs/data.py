"""Data: "did it understand my file?"""

from pathlib import Path
from typing import Any

import gradio as gr

from studio.domain.dataset import LAYOUT_TITLES, Dataset, Layout, Mapping, Reject
from studio.domain.reading import Reading, Tone
from studio.flows import bring
from studio.ui.errors import friendly
from studio.ui.parts import html
from studio.ui.parts.pickers import data_picker
from studio.ui.session import Session

PAGE = 4
PARTS: dict[Layout, tuple[str, ...]] = {
    Layout.MESSAGES: ("messages",),
    Layout.PROMPT_COMPLETION: ("prompt", "completion"),
    Layout.INSTRUCTION_RESPONSE: ("instruction", "response"),
}
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    heading = gr.HTML(html.title("Data", "A file of examples: what was asked, and what should have been answered."))
    with gr.Row(equal_height=True):
        with gr.Column(scale=3, min_width=300):
            upload = gr.File(label="Drop a JSONL file here, or click to choose one", file_types=[".jsonl", ".json"], height=190)
        with gr.Column(scale=2, min_width=300):
            gr.HTML('<div class="help"><b>No file at hand?</b> Try the whole journey on a sample.</div>')
            samples = [(sample, gr.Button(sample.title, size="sm")) for sample in bring.samples(session.studio)]
    state = gr.HTML(html.empty("Nothing here yet.", "Drop a file above, or pick a sample."))
    cancel = gr.Button("Stop reading", variant="stop", visible=False)
    timer = gr.Timer(0.5, active=False)
    with gr.Column(visible=False) as whole:
        preview = gr.HTML()
        with gr.Row(elem_classes="actions"):
            back, on = gr.Button("← Earlier rows", size="sm"), gr.Button("Later rows →", size="sm")
        with gr.Accordion("How the file was read", open=False):
            guess = gr.HTML()
            with gr.Row():
                layout = gr.Dropdown(
                    label="Layout", choices=[(words, value.value) for value, words in LAYOUT_TITLES.items()], min_width=200
                )
                asked = gr.Dropdown(label="What was asked is in", choices=[], min_width=200)
                answered = gr.Dropdown(label="The answer is in", choices=[], min_width=200)
            again = gr.Button("Read the file again this way", size="sm")
        with gr.Accordion("Lines that were refused", open=True, visible=False) as refused_part:
            refused = gr.HTML()
        forward = gr.Button("Continue to Inspect", variant="primary")
    start = gr.State(0)

    shown = [state, cancel, timer, whole, preview, guess, layout, asked, answered, refused_part, refused]

    @friendly
    def show(data: str | None, first: int) -> list[Any]:
        if data is None:
            return nothing()
        found = bring.dataset(session.studio, data)
        rows = bring.preview(session.studio, data, start=first, count=PAGE) if found.is_ready else []
        rejects = bring.rejects(session.studio, data) if found.rejects else []
        return view(found, html.bubbles(rows), refused_table(data, rejects))

    @friendly
    def bring_upload(path: str | None) -> tuple[Any, int]:
        if path is None:
            return gr.skip(), 0
        return data_picker(session.studio, bring.bring_file(session.studio, Path(path)).id), 0

    @friendly
    def turn(data: str | None, first: int, step: int) -> int:
        last = max(bring.dataset(session.studio, data).rows - 1, 0) if data else 0
        return min(max(first + step, 0), last // PAGE * PAGE)

    @friendly
    def read_again(data: str, layout: str, asked: str, answered: str) -> Any:
        parts = PARTS[Layout(layout)]
        mapping = Mapping(Layout(layout), dict(zip(parts, (asked, answered), strict=False)))
        return data_picker(session.studio, bring.reread(session.studio, data, mapping).id)

    upload.upload(bring_upload, upload, [session.data, start], api_name="bring_file", show_progress="minimal")
    for sample, button in samples:
        button.click(
            friendly(lambda sample_id=sample.id: (data_picker(session.studio, bring.bring_sample(session.studio, sample_id).id), 0)),
            None,
            [session.data, start],
            **QUIET,
        )
    gr.on([tab.select, session.data.change, start.change, timer.tick], show, [session.data, start], shown, **QUIET)
    back.click(lambda data, first: turn(data, first, -PAGE), [session.data, start], start, **QUIET)
    on.click(lambda data, first: turn(data, first, PAGE), [session.data, start], start, **QUIET)
    layout.change(lambda chosen: gr.Dropdown(visible=chosen != "messages"), layout, answered, **QUIET)
    again.click(read_again, [session.data, layout, asked, answered], session.data, **QUIET)
    cancel.click(friendly(lambda data: bring.cancel(session.studio, data) and None), session.data, None, **QUIET)
    forward.click(lambda: gr.Tabs(selected="inspect"), None, session.tabs, **QUIET)
    return timer


def nothing() -> list[Any]:
    """The empty screen."""
    empty = html.empty("Nothing here yet.", "Drop a file above, or pick a sample.")
    return [empty, gr.Button(visible=False), gr.Timer(active=False), gr.Column(visible=False), *[gr.skip()] * 7]


def view(found: Dataset, preview: str, refused: str) -> list[Any]:
    """The screen for one dataset: being read, failed, or there."""
    live = found.state in ("queued", "running")
    guess = found.guess
    columns = list(guess.columns) if guess else []
    fields = list(guess.mapping.fields.values()) if guess else []
    return [
        situation(found),
        gr.Button(visible=live),
        gr.Timer(active=live),
        gr.Column(visible=not live and bool(found.rows or found.rejects)),
        preview,
        f'<p class="help">{guess.reason if guess else ""}</p>',
        gr.Dropdown(value=guess.mapping.layout.value if guess else None),
        gr.Dropdown(choices=columns, value=fields[0] if fields else None),
        gr.Dropdown(choices=columns, value=fields[-1] if len(fields) > 1 else None, visible=len(fields) > 1),
        gr.Accordion(visible=bool(found.rejects)),
        refused,
    ]


def situation(found: Dataset) -> str:
    """What is known of the file in one sentence and four figures."""
    if found.state in ("queued", "running"):
        return html.bar(found.share_read, f"Reading {found.source_name} …", html.size(found.bytes))
    if not found.rows:
        said = Reading(Tone.BAD, "No row could be used.", found.problem or "Every line was refused; the reasons are below.")
        return html.reading(said)
    refused = html.count(found.rejects, "line")
    figures = [
        html.Figure("Rows read", f"{found.rows:,}", f"from {found.source_name}"),
        html.Figure("Lines refused", f"{found.rejects:,}", "listed below with the reason" if found.rejects else "nothing to mend"),
        html.Figure("Layout", LAYOUT_TITLES[found.guess.mapping.layout].split(" (")[0] if found.guess else "", html.size(found.bytes)),
        html.Figure("Fingerprint", found.fingerprint[:8], "names exactly these rows"),
    ]
    said = (
        Reading(Tone.WARNING, f"{found.rows:,} rows are in, {refused} could not be used.", "Nothing was repaired or dropped in silence.")
        if found.rejects
        else Reading(Tone.GOOD, f"All {found.rows:,} rows were understood.", "Look at a few below, then inspect them.")
    )
    blank = f" {html.count(found.blank_lines, 'blank line')} passed over." if found.blank_lines else ""
    said = Reading(said.tone, said.title, said.text + blank)
    return html.title(found.name, f"{html.count(found.lines, 'line')} in the file") + html.cards(figures) + "<br>" + html.reading(said)


def refused_table(data: str, rejects: list[Reject]) -> str:
    """Refused lines with place, reason, next step and the text itself."""
    rows = [
        [html.Cell(f"{r.line:,}", number=True), f"column {r.column}" if r.column else r.field or "", f"{r.reason} {r.fix}", html.Cell(r.text[:240], written=True)]
        for r in rejects
    ]
    if not rows:
        return ""
    link = html.link("Download all refused lines", f"/download/refused/{data}")
    return html.table(["Line", "Place", "Reason and next step", "As written"], rows) + f'<p class="help">{link}</p>'
