"""Inspect: "what is wrong with it, and what first?"""

from dataclasses import dataclass, fields, replace
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.finding import Finding, FindingKind, Group
from studio.domain.reading import Reading, Tone
from studio.domain.split import BIN_TITLES, Ledger, Split
from studio.flows import bring, inspect, split
from studio.flows.inspect import Inspection
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.parts import html, lengths
from studio.ui.parts.bringing import being_read
from studio.ui.parts.chart import chart
from studio.ui.session import QUIET, Session

COPIES = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)
EMPTY = html.empty("Nothing to inspect yet.", "Bring a file on the Data tab first.")
COLOURS = (
    '<p class="help">Green is what it learns to say, grey is what it only reads, '
    "struck through is what the cut-off would take away.</p>"
)


@dataclass(frozen=True, slots=True)
class Overview:
    """The components that one look at a dataset fills, in the order of `view`."""

    situation: gr.HTML
    again: gr.Button
    timer: gr.Timer
    whole: gr.Column
    findings: gr.HTML
    copies: gr.Column
    pick: gr.Dropdown
    leave: gr.Checkbox
    cut_off: gr.Number
    held_out: gr.Slider
    seed: gr.Number
    token_part: gr.Accordion
    seen_part: gr.Accordion
    split_part: gr.Accordion
    about: gr.State

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class Details:
    """The components that depend on the cut-off, a group or a row."""

    keep: gr.Radio
    group: gr.HTML
    picture: gr.HTML
    facts: gr.HTML
    number: gr.Number
    seen: gr.HTML
    ledger: gr.HTML
    downloads: gr.HTML


def build(session: Session, tab: gr.Tab) -> gr.Timer:
    gr.HTML(html.title("Inspect", "What is in the file, what a model would see of it, and where every line ends up."))
    overview, details, forward = _laid_out()
    _wire(session, tab, overview, details)
    forward.click(lambda: gr.Tabs(selected="recipe"), None, session.tabs, **QUIET)
    return overview.timer


def _laid_out() -> tuple[Overview, Details, gr.Button]:
    situation, timer, about = gr.HTML(EMPTY), gr.Timer(0.7, active=False), gr.State(None)
    again = gr.Button("Measure again", visible=False, min_width=160)
    with gr.Column(visible=False) as whole:
        findings = gr.HTML()
        with gr.Column(visible=False) as copies:
            with gr.Row(elem_classes="actions"):
                pick = gr.Dropdown(label="Group of copies", choices=[], allow_custom_value=True, min_width=220)
                keep = gr.Radio(label="Keep", choices=[], min_width=220)
                leave = gr.Checkbox(label="Keep every copy", info="They then share a side of the split.", min_width=220)
            group = gr.HTML()
        with gr.Accordion("Token lengths with the chosen model", open=True, visible=False) as token_part:
            cut_off = gr.Number(
                label="Cut-off (tokens)",
                precision=0,
                minimum=16,
                step=64,
                info="Rows above it would lose the end of their answer.",
            )
            picture, facts = chart(label="Token lengths"), gr.HTML()
        with gr.Accordion("What the model sees", open=True, visible=False) as seen_part:
            with gr.Row(elem_classes="actions"):
                number = gr.Number(label="Row", value=1, precision=0, minimum=1, step=1, min_width=120, scale=1)
                gr.HTML(COLOURS, min_width=240, scale=4)
            seen = gr.HTML()
        with gr.Accordion("Split, and where every line ended", open=True, visible=False) as split_part:
            with gr.Row():
                held_out = gr.Slider(
                    0.05,
                    0.5,
                    value=0.2,
                    step=0.05,
                    label="Held out",
                    info="Shared by validation and test.",
                    min_width=200,
                )
                seed = gr.Number(
                    label="Seed",
                    value=7,
                    precision=0,
                    minimum=0,
                    info="The same seed deals the same rows.",
                    min_width=160,
                )
            ledger, downloads = gr.HTML(), gr.HTML()
        forward = gr.Button("Continue to the recipe", variant="primary")
    overview = Overview(
        situation, again, timer, whole, findings, copies, pick, leave, cut_off, held_out, seed,
        token_part, seen_part, split_part, about,
    )  # fmt: skip
    return overview, Details(keep, group, picture, facts, number, seen, ledger, downloads), forward


def _wire(session: Session, tab: gr.Tab, top: Overview, low: Details) -> None:
    studio, ids = session.studio, [session.data, session.model]
    changed = [picker.change for picker in ids]
    counted = [low.picture, low.facts, low.ledger, low.downloads, session.cut_off]
    gr.on([tab.select, *changed, top.timer.tick], handler(show, studio), [*ids, top.about], top.all(), **QUIET)
    top.again.click(handler(measure_again, studio), [*ids, top.about], top.all(), trigger_mode="once", **QUIET)
    gr.on([top.cut_off.change, top.about.change], handler(show_lengths, studio), [*ids, top.cut_off], counted, **QUIET)
    gr.on(
        [top.cut_off.change, low.number.change, top.about.change],
        handler(show_seen, studio),
        [*ids, top.cut_off, low.number],
        low.seen,
        **QUIET,
    )
    gr.on(
        [top.pick.change, top.about.change],
        handler(show_group, studio),
        [*ids, top.pick],
        [low.keep, low.group],
        **QUIET,
    )
    gr.on(
        [low.keep.input, top.leave.input, top.held_out.release, top.seed.input],
        handler(choose, studio),
        [session.data, top.pick, low.keep, top.leave, top.held_out, top.seed],
        None,
        **QUIET,
    ).then(handler(show_lengths, studio), [*ids, top.cut_off], counted, **QUIET)


def show(studio: Studio, data: str | None, model: str | None, before: tuple[str, str] | None) -> list[Any]:
    """Findings at once, lengths when they are measured; the reader's own choices stay."""
    if data is None or model is None:
        return closed(EMPTY)
    found = bring.dataset(studio, data)
    if not found.is_ready:
        return closed(being_read(found), live=found.is_being_read)
    try:
        look, dealt = inspect.look(studio, data, model), split.current(studio, data)
    except StudioError as error:
        return closed(told(error))
    now = (data, model) if look.lengths else None
    return [*view(look, dealt, same=now is not None and now == before), now]


def measure_again(studio: Studio, data: str, model: str, before: tuple[str, str] | None) -> list[Any]:
    """Try a failed measurement once more, and follow it."""
    failed = inspect.look(studio, data, model).measuring
    if failed is not None and not failed.is_live:
        inspect.measure_again(studio, failed.id)
    return show(studio, data, model, before)


def closed(said: str, *, live: bool = False) -> list[Any]:
    """The screen with one sentence and nothing to do; `live` looks again in a moment."""
    return [said, gr.Button(visible=False), gr.Timer(active=live), gr.Column(visible=False), *[gr.skip()] * 10, None]


def show_lengths(studio: Studio, data: str | None, model: str | None, tokens: float | None) -> list[Any]:
    """Everything that a cut-off decides: the picture, what it costs, the ledger and its downloads."""
    found = inspect.measured(studio, data, model) if data and model else None
    if data is None or model is None or found is None or not tokens:
        return [gr.skip()] * 5
    cut_off = int(tokens)
    counted = split.ledger(studio, data, model_id=model, cut_off=cut_off)
    return [
        lengths.histogram(found, cut_off),
        lengths.facts(found, cut_off),
        ledger_table(counted),
        download_links(counted, data, model, cut_off),
        cut_off,
    ]


def show_seen(studio: Studio, data: str | None, model: str | None, tokens: float | None, row: float | None) -> str:
    """One row as the model sees it; row numbers on screen begin at 1."""
    if data is None or model is None or not tokens or inspect.measured(studio, data, model) is None:
        return ""
    number = min(max(int(row or 1), 1), bring.dataset(studio, data).rows) - 1
    return lengths.seen(inspect.seen(studio, data, model, number, int(tokens)))


def show_group(studio: Studio, data: str | None, model: str | None, first: int | None) -> tuple[Any, str]:
    """The rows of one group of copies side by side, and which is kept."""
    if data is None or model is None or first is None:
        return gr.skip(), ""
    found = _group(inspect.look(studio, data, model).findings, first)
    if found is None:
        return gr.skip(), ""
    rows = inspect.group_rows(studio, data, found)
    kept = split.current(studio, data).choices.keep.get(found.rows[0], found.rows[0])
    choices = [(f"line {line:,}", row) for row, line in zip(found.rows, found.lines, strict=True)]
    return gr.Radio(
        choices=choices, value=kept
    ), f'<div class="beside">{"".join(html.bubbles([row]) for row in rows)}</div>'


def choose(
    studio: Studio, data: str, first: int | None, kept: int | None, leave: bool, held_out: float, seed: float | None
) -> None:
    """Keep what a person decided as a new split."""
    choices = split.current(studio, data).choices
    keep = choices.keep | ({first: kept} if first is not None and kept is not None else {})
    keep = {group: row for group, row in keep.items() if group != row}
    split.choose(studio, data, replace(choices, keep=keep, keep_copies=leave, held_out=held_out, seed=int(seed or 0)))


def view(look: Inspection, dealt: Split, *, same: bool) -> list[Any]:
    """The screen for one inspection; `same` leaves the reader's own choices as they are."""
    groups = [group for finding in look.findings if finding.kind in COPIES for group in finding.groups]
    choices = [(f"lines {', '.join(f'{line:,}' for line in group.lines)}", group.rows[0]) for group in groups]
    fresh = not same
    return [
        situation_of(look),
        gr.Button(visible=look.measuring is not None and not look.measuring.is_live),
        gr.Timer(active=look.measuring is not None and look.measuring.is_live),
        gr.Column(visible=True),
        findings_table(look.findings),
        gr.Column(visible=bool(groups)),
        gr.Dropdown(choices=choices, value=choices[0][1] if choices else None) if fresh else gr.skip(),
        gr.Checkbox(value=dealt.choices.keep_copies),
        look.cut_off.tokens if fresh and look.cut_off else gr.skip(),
        gr.Slider(value=dealt.choices.held_out) if fresh else gr.skip(),
        dealt.choices.seed if fresh else gr.skip(),
        *[gr.Accordion(visible=look.lengths is not None)] * 3,
    ]


def situation_of(look: Inspection) -> str:
    """How ready the file is, or how far the measuring has come."""
    job = look.measuring
    if job is not None and job.is_live:
        share = job.done / job.total if job.total else 0.0
        return html.bar(share, "Measuring token lengths with the chosen model …", html.count(look.dataset.rows, "row"))
    if job is not None:
        return html.reading(Reading(Tone.BAD, "The lengths could not be measured.", f"{job.message} {job.fix}"))
    copies = sum(finding.count for finding in look.findings if finding.kind in COPIES)
    conflicts = sum(finding.count for finding in look.findings if finding.kind is FindingKind.CONFLICT)
    cut = len(look.lengths.cut_rows(look.cut_off.tokens)) if look.lengths and look.cut_off else 0
    refused = look.dataset.rejects
    said = [
        f"{html.count(refused, 'line was', 'lines were')} refused." if refused else "",
        f"{html.count(copies, 'row is a copy', 'rows are copies')} of another." if copies else "",
        f"{html.count(conflicts, 'row contradicts', 'rows contradict')} another." if conflicts else "",
        f"{html.count(cut, 'row is', 'rows are')} longer than the recommended cut-off." if cut else "",
        look.cut_off.reason if look.cut_off else "",
    ]
    found = bool(refused or copies or conflicts or cut)
    title = "Usable, with a few things to look at." if found else "Ready to train on."
    return html.reading(Reading(Tone.WARNING if found else Tone.GOOD, title, " ".join(part for part in said if part)))


def findings_table(findings: tuple[Finding, ...]) -> str:
    """What was found, how many rows it touches and why it matters."""
    if not findings:
        return html.reading(
            Reading(Tone.GOOD, "No copies and no contradictions.", "Every row asks something of its own.")
        )
    rows = [
        [f.title, html.Cell(f"{f.count:,}", number=True), html.count(len(f.groups), "group"), f.why] for f in findings
    ]
    return f'<div class="panel">{html.table(["Finding", "Rows", "Groups", "Why it matters"], rows, stacked=True)}</div>'


def ledger_table(ledger: Ledger) -> str:
    """Every line of the file in exactly one place, and the sum."""
    whole = max(ledger.lines, 1)
    rows = [
        [BIN_TITLES[bin], html.Cell(f"{count:,}", number=True), html.Cell(html.percent(count / whole), number=True)]
        for bin, count in ledger.counts.items()
    ]
    title = f"Lines with something in them ({'adds up' if ledger.adds_up else 'does not add up'})"
    rows.append([title, html.Cell(f"{ledger.lines:,}", number=True), html.Cell("100 %", number=True)])
    return html.table(["Where", "Lines", "Share"], rows, total_last=True)


def download_links(ledger: Ledger, data: str, model: str, cut_off: int) -> str:
    """A download for each bin that holds anything."""
    links = [
        html.link(BIN_TITLES[bin], f"/download/bin/{data}/{bin.value}?model={model}&cut_off={cut_off}")
        for bin, count in ledger.counts.items()
        if count
    ]
    return f'<p class="help">Download with source line and reason: {" · ".join(links)}</p>'


def _group(findings: tuple[Finding, ...], first: int) -> Group | None:
    return next((group for f in findings if f.kind in COPIES for group in f.groups if group.rows[0] == first), None)
