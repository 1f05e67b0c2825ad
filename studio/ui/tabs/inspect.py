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
from studio.ui.parts import groups, html, lengths
from studio.ui.parts.bringing import being_read
from studio.ui.parts.chart import chart
from studio.ui.session import QUIET, Session

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
    groups: gr.Column
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
    out: gr.CheckboxGroup
    every: gr.Button
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
        with gr.Column(visible=False) as groups:
            with gr.Row(elem_classes="actions"):
                pick = gr.Dropdown(label="Look at", choices=[], allow_custom_value=True, min_width=260, scale=2)
                keep = gr.Radio(label="Keep", choices=[], visible=False, min_width=220)
                out = gr.CheckboxGroup(label="Leave out", choices=[], visible=False, min_width=220)
                every = gr.Button("Leave these rows out", visible=False, min_width=220)
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
        situation, again, timer, whole, findings, groups, pick, leave, cut_off, held_out, seed,
        token_part, seen_part, split_part, about,
    )  # fmt: skip
    return overview, Details(keep, out, every, group, picture, facts, number, seen, ledger, downloads), forward


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
        [low.keep, low.out, low.every, low.group],
        **QUIET,
    )
    for event, act, given in (
        (low.out.input, leave_out, [*ids, top.pick, low.out]),
        (low.every.click, leave_out_or_take_back, [*ids, top.pick]),
    ):
        event(handler(act, studio), given, [low.keep, low.out, low.every, low.group], **QUIET).then(
            handler(show_lengths, studio), [*ids, top.cut_off], counted, **QUIET
        )
    gr.on(
        [low.keep.input, top.leave.input, top.held_out.release, top.seed.input],
        handler(choose, studio),
        [*ids, top.pick, low.keep, top.leave, top.held_out, top.seed],
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


def show_group(studio: Studio, data: str | None, model: str | None, picked: str | None) -> list[Any]:
    """The rows of one group with what can be done about them."""
    found = _picked(studio, data, model, picked)
    if data is None or found is None:
        return [gr.Radio(visible=False), gr.CheckboxGroup(visible=False), gr.Button(visible=False), ""]
    finding, group = found
    choices = split.current(studio, data).choices
    shown = inspect.group_rows(studio, data, group, limit=groups.SHOWN_ROWS)
    return groups.view(finding, group, shown, choices)


def leave_out(studio: Studio, data: str, model: str, picked: str | None, lines: list[int]) -> list[Any]:
    """Leave the ticked rows of a group out and take the others back."""
    found = _picked(studio, data, model, picked)
    if found is not None:
        split.leave_out(studio, data, found[1].rows, out=lines, why=groups.why_left_out(*found))
    return show_group(studio, data, model, picked)


def leave_out_or_take_back(studio: Studio, data: str, model: str, picked: str | None) -> list[Any]:
    """Leave every row of a group out, or take all of them back where that was done before."""
    found = _picked(studio, data, model, picked)
    if found is not None:
        rows = found[1].rows
        removed = split.current(studio, data).choices.removed
        out = () if all(number in removed for number in rows) else rows
        split.leave_out(studio, data, rows, out=out, why=groups.why_left_out(*found))
    return show_group(studio, data, model, picked)


def choose(
    studio: Studio,
    data: str,
    model: str,
    picked: str | None,
    kept: int | None,
    leave: bool,
    held_out: float,
    seed: float | None,
) -> None:
    """Keep what a person decided as a new split."""
    choices = split.current(studio, data).choices
    found = _picked(studio, data, model, picked)
    is_copy = found is not None and found[0].kind in groups.COPIES
    keep = choices.keep | ({found[1].rows[0]: kept} if found and is_copy and kept is not None else {})
    keep = {group: row for group, row in keep.items() if group != row}
    split.choose(studio, data, replace(choices, keep=keep, keep_copies=leave, held_out=held_out, seed=int(seed or 0)))


def view(look: Inspection, dealt: Split, *, same: bool) -> list[Any]:
    """The screen for one inspection; `same` leaves the reader's own choices as they are."""
    choices = list(groups.group_choices(look.findings))
    fresh = not same
    return [
        situation_of(look),
        gr.Button(visible=look.measuring is not None and not look.measuring.is_live),
        gr.Timer(active=look.measuring is not None and look.measuring.is_live),
        gr.Column(visible=True),
        findings_table(look.findings),
        gr.Column(visible=bool(choices)),
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
    copies = sum(finding.count for finding in look.findings if finding.kind in groups.COPIES)
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
        [f.title, html.Cell(f"{f.count:,}", number=True), html.Cell(f"{len(f.groups):,}", number=True), f.why]
        for f in findings
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


def _picked(studio: Studio, data: str | None, model: str | None, picked: str | None) -> tuple[Finding, Group] | None:
    """The finding and the group that a key of `group_choices` means."""
    if data is None or model is None or picked is None:
        return None
    kind, _, number = picked.partition(":")
    for finding in inspect.look(studio, data, model).findings:
        if finding.kind.value == kind and number.isdigit() and int(number) < len(finding.groups):
            return finding, finding.groups[int(number)]
    return None
