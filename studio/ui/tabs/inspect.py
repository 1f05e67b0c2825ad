"""Inspect: "what is wrong with it, and what first?"""

from dataclasses import replace
from typing import Any

import gradio as gr

from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.reading import Reading, Tone
from studio.domain.split import BIN_TITLES, Bin, Ledger, Split
from studio.flows import bring, inspect, split
from studio.flows.inspect import Inspection
from studio.ui.errors import friendly
from studio.ui.parts import html, lengths
from studio.ui.parts.chart import chart
from studio.ui.session import Session

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
COPIES = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)
EMPTY = html.empty("Nothing to inspect yet.", "Bring a file on the Data tab first.")


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Inspect", "What is in the file, what a model would see of it, and where every line ends up."))
    situation = gr.HTML(EMPTY)
    timer = gr.Timer(0.7, active=False)
    with gr.Column(visible=False) as whole:
        findings = gr.HTML()
        with gr.Column(visible=False) as copies:
            with gr.Row(elem_classes="actions"):
                pick = gr.Dropdown(label="Group of copies", choices=[], min_width=220)
                keep = gr.Radio(label="Keep", choices=[], min_width=220)
                leave = gr.Checkbox(label="Keep every copy", info="Copies then stay on one side of the split.", min_width=220)
            group = gr.HTML()
        with gr.Accordion("Token lengths with the chosen model", open=True):
            cut_off = gr.Number(label="Cut-off (tokens)", precision=0, minimum=16, step=64, info="Rows above it would lose the end of their answer.")
            picture, facts = chart(label="Token lengths"), gr.HTML()
        with gr.Accordion("What the model sees", open=True):
            with gr.Row(elem_classes="actions"):
                number = gr.Number(label="Row", value=1, precision=0, minimum=1, step=1, min_width=120, scale=1)
                gr.HTML('<p class="help">Green is what it learns to say, grey is what it only reads, struck through is what a cut-off would take away.</p>', min_width=240, scale=4)
            seen = gr.HTML()
        with gr.Accordion("Split, and where every line ended", open=True):
            with gr.Row():
                held_out = gr.Slider(0.05, 0.5, value=0.2, step=0.05, label="Held out", info="Shared by validation and test.", min_width=200)
                seed = gr.Number(label="Seed", value=7, precision=0, minimum=0, info="The same seed deals the same rows.", min_width=160)
            ledger = gr.HTML()
            downloads = gr.HTML()
        forward = gr.Button("Continue to the recipe", variant="primary")

    studio = session.studio
    ids = [session.data, session.model]
    about = gr.State(None)
    shown = [situation, timer, whole, findings, copies, pick, leave, cut_off, held_out, seed, about]

    @friendly
    def show(data: str | None, model: str | None, before: tuple[str, str] | None) -> list[Any]:
        if data is None or model is None or not bring.dataset(studio, data).is_ready:
            return [EMPTY, gr.Timer(active=False), gr.Column(visible=False), *[gr.skip()] * 7, None]
        look = inspect.look(studio, data, model)
        now = (data, model) if look.lengths else None
        return [*view(look, split.current(studio, data), same=now is not None and now == before), now]

    @friendly
    def show_lengths(data: str | None, model: str | None, tokens: float | None) -> list[Any]:
        found = inspect.measured(studio, data, model) if data and model else None
        if data is None or found is None or tokens is None:
            return [gr.skip()] * 5
        dealt = split.current(studio, data)
        counted = split.ledger(studio, data, model_id=model, cut_off=int(tokens))
        return [
            lengths.histogram(found, int(tokens)),
            lengths.facts(found, int(tokens)),
            ledger_table(counted, dealt),
            download_links(counted, data, model or "", int(tokens)),
            int(tokens),
        ]

    @friendly
    def show_seen(data: str | None, model: str | None, tokens: float | None, row: float | None) -> str:
        if data is None or model is None or tokens is None or inspect.measured(studio, data, model) is None:
            return ""
        last = bring.dataset(studio, data).rows
        return lengths.seen(inspect.seen(studio, data, model, min(max(int(row or 1), 1), last) - 1, int(tokens)))

    @friendly
    def show_group(data: str | None, model: str | None, first: int | None) -> tuple[Any, str]:
        found = _group(inspect.look(studio, data, model).findings, first) if data and model and first is not None else None
        if found is None or data is None:
            return gr.Radio(choices=[]), ""
        rows = inspect.group_rows(studio, data, found)
        kept = split.current(studio, data).choices.keep.get(found.rows[0], found.rows[0])
        radio = gr.Radio(choices=[(f"line {line:,}", row) for row, line in zip(found.rows, found.lines, strict=True)], value=kept)
        return radio, f'<div class="beside">{"".join(html.bubbles([row]) for row in rows)}</div>'

    @friendly
    def choose(data: str, first: int | None, kept: int | None, leave: bool, held_out: float, seed: float) -> None:
        choices = split.current(studio, data).choices
        keep = choices.keep | ({first: kept} if first is not None and kept is not None else {})
        keep = {group: row for group, row in keep.items() if group != row}
        split.choose(studio, data, replace(choices, keep=keep, keep_copies=leave, held_out=held_out, seed=int(seed or 0)))

    measured_parts = [picture, facts, ledger, downloads, session.cut_off]
    gr.on([tab.select, *(picker.change for picker in ids), timer.tick], show, [*ids, about], shown, **QUIET)
    gr.on([cut_off.change], show_lengths, [*ids, cut_off], measured_parts, **QUIET)
    gr.on([cut_off.change, number.change], show_seen, [*ids, cut_off, number], seen, **QUIET)
    pick.change(show_group, [*ids, pick], [keep, group], **QUIET)
    gr.on(
        [keep.input, leave.input, held_out.release, seed.input], choose, [session.data, pick, keep, leave, held_out, seed], None, **QUIET
    ).then(show_lengths, [*ids, cut_off], measured_parts, **QUIET)
    forward.click(lambda: gr.Tabs(selected="recipe"), None, session.tabs, **QUIET)
    return timer


def view(look: Inspection, dealt: Split, *, same: bool) -> list[Any]:
    """The screen for one inspection; `same` leaves the reader's own choices as they are."""
    groups = [group for finding in look.findings if finding.kind in COPIES for group in finding.groups]
    choices = [(f"lines {', '.join(f'{line:,}' for line in group.lines)}", group.rows[0]) for group in groups]
    fresh = not same
    return [
        situation_of(look),
        gr.Timer(active=look.measuring is not None and look.measuring.is_live),
        gr.Column(visible=True),
        findings_table(look.findings),
        gr.Column(visible=bool(groups)),
        gr.Dropdown(choices=choices, value=choices[0][1] if choices else None) if fresh else gr.skip(),
        gr.Checkbox(value=dealt.choices.keep_copies),
        look.cut_off.tokens if fresh and look.cut_off else gr.skip(),
        gr.Slider(value=dealt.choices.held_out) if fresh else gr.skip(),
        dealt.choices.seed if fresh else gr.skip(),
    ]


def situation_of(look: Inspection) -> str:
    """How ready the file is, or how far the measuring has come."""
    if look.measuring is not None and look.measuring.is_live:
        job = look.measuring
        share = job.done / job.total if job.total else 0.0
        return html.bar(share, "Measuring token lengths with the chosen model …", f"{look.dataset.rows:,} rows")
    if look.measuring is not None:
        return html.reading(Reading(Tone.BAD, "The lengths could not be measured.", f"{look.measuring.message} {look.measuring.fix}"))
    copies = sum(finding.count for finding in look.findings if finding.kind in COPIES)
    conflicts = sum(finding.count for finding in look.findings if finding.kind is FindingKind.CONFLICT)
    cut = len(look.lengths.cut_rows(look.cut_off.tokens)) if look.lengths and look.cut_off else 0
    said = [
        f"{html.count(look.dataset.rejects, 'line was', 'lines were')} refused." if look.dataset.rejects else "",
        f"{html.count(copies, 'row is a copy', 'rows are copies')} of another." if copies else "",
        f"{html.count(conflicts, 'row contradicts', 'rows contradict')} another." if conflicts else "",
        f"{html.count(cut, 'row is', 'rows are')} longer than the recommended cut-off." if cut else "",
        look.cut_off.reason if look.cut_off else "",
    ]
    found = bool(look.dataset.rejects or copies or conflicts or cut)
    title = "Usable, with a few things to look at." if found else "Ready to train on."
    return html.reading(Reading(Tone.WARNING if found else Tone.GOOD, title, " ".join(part for part in said if part)))


def findings_table(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return html.reading(Reading(Tone.GOOD, "No copies and no contradictions.", "Every row asks something of its own."))
    rows = [
        [f.title, html.Cell(f"{f.count:,}", number=True), html.count(len(f.groups), "group"), f.why] for f in findings
    ]
    return f'<div class="panel">{html.table(["Finding", "Rows", "Groups", "Why it matters"], rows)}</div>'


def ledger_table(ledger: Ledger, dealt: Split) -> str:
    """Every line of the file in exactly one place, and the sum."""
    share = max(ledger.lines, 1)
    rows = [
        [BIN_TITLES[bin], html.Cell(f"{count:,}", number=True), html.Cell(f"{count / share:.0%}", number=True)]
        for bin, count in ledger.counts.items()
    ]
    adds = "adds up" if ledger.adds_up else "does not add up"
    rows.append([f"Lines with something in them ({adds})", html.Cell(f"{ledger.lines:,}", number=True), html.Cell("100%", number=True)])
    return html.table(["Where", "Lines", "Share"], rows, total_last=True)


def download_links(ledger: Ledger, data: str, model: str, tokens: int) -> str:
    """A download for each bin that holds anything."""
    links = [
        html.link(BIN_TITLES[bin], f"/download/bin/{data}/{bin.value}?model={model}&cut_off={tokens}")
        for bin, count in ledger.counts.items()
        if count
    ]
    return f'<p class="help">Download with source line and reason: {" · ".join(links)}</p>'


def _group(findings: tuple[Finding, ...], first: int) -> Group | None:
    return next(
        (group for f in findings if f.kind in COPIES for group in f.groups if group.rows[0] == first), None
    )
