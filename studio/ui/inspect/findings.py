"""Findings: what was found, by kind, and what can be done about each group of rows."""

from typing import Any

import gradio as gr

from studio.domain.finding import Finding, Group
from studio.domain.mending import Rule, Which
from studio.domain.reading import Reading, Tone
from studio.flows import bring, inspect, mend
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.inspect.looking import Look
from studio.ui.parts import groups, html
from studio.ui.parts.pickers import data_picker
from studio.ui.session import QUIET, Session


def build(session: Session, look: gr.State) -> None:
    table = gr.HTML()
    with gr.Column(visible=False) as whole:
        with gr.Row(elem_classes="actions"):
            pick = gr.Dropdown(label="Look at", choices=[], allow_custom_value=True, min_width=260, scale=2)
            keep = gr.Radio(label="Keep", choices=[], visible=False, min_width=220)
            out = gr.CheckboxGroup(label="Leave out", choices=[], visible=False, min_width=220)
            every = gr.Button("Leave these rows out", visible=False, min_width=220)
            leave = gr.Checkbox(label="Keep every copy", info="They then share a side of the split.", min_width=220)
        group = gr.HTML()
    studio, ids = session.studio, [session.data, session.model]
    shown = [keep, out, every, group]
    look.change(handler(show, studio), [look, pick], [table, whole, pick, leave], **QUIET)
    gr.on([pick.change, look.change], handler(show_group, studio), [*ids, pick], shown, **QUIET)
    # Each of these makes a new version, which the picker then shows and with it every part of the screen.
    for event, act, given in (
        (out.input, leave_out, [*ids, pick, out]),
        (every.click, leave_out_or_take_back, [*ids, pick]),
        (keep.input, keep_one, [session.data, keep]),
        (leave.input, keep_every, [session.data, leave]),
    ):
        event(handler(act, studio), given, session.data, trigger_mode="once", **QUIET)


def show(studio: Studio, look: Look | None, picked: str | None) -> list[Any]:
    """The table of findings and what can be picked from it; what was picked before stays."""
    if look is None:
        return [gr.skip()] * 4
    found = inspect.findings(studio, look[0])
    return view(found, picked, keep_copies=bring.dataset(studio, look[0]).mending.keep_copies)


def view(findings: tuple[Finding, ...], picked: str | None, *, keep_copies: bool) -> list[Any]:
    choices = list(groups.group_choices(findings))
    keys = [key for _, key in choices]
    return [
        findings_table(findings),
        gr.Column(visible=bool(choices)),
        gr.Dropdown(choices=choices, value=picked if picked in keys else next(iter(keys), None)),
        gr.Checkbox(value=keep_copies),
    ]


def show_group(studio: Studio, data: str | None, model: str | None, picked: str | None) -> list[Any]:
    """The rows of one group with what can be done about them."""
    found = _picked(studio, data, model, picked)
    if data is None or found is None:
        return [gr.Radio(visible=False), gr.CheckboxGroup(visible=False), gr.Button(visible=False), ""]
    finding, group = found
    shown = inspect.group_rows(studio, data, group, limit=groups.SHOWN_ROWS)
    return groups.view(finding, group, shown, bring.dataset(studio, data).mending)


def leave_out(studio: Studio, data: str, model: str, picked: str | None, out: list[int]) -> Any:
    """Leave the ticked rows of a group out and take the others back."""
    found = _picked(studio, data, model, picked)
    if found is None:
        return gr.skip()
    removed = bring.dataset(studio, data).mending.removed
    back = [number for number in found[1].rows if number in removed and number not in out]
    if back:
        return data_picker(studio, mend.restore(studio, data, back).id)
    return data_picker(studio, mend.drop(studio, data, out, why=groups.why_left_out(*found)).id)


def leave_out_or_take_back(studio: Studio, data: str, model: str, picked: str | None) -> Any:
    """Leave every row of a group out, or take all of them back where that was done before."""
    found = _picked(studio, data, model, picked)
    if found is None:
        return gr.skip()
    finding, group = found
    removed = bring.dataset(studio, data).mending.removed
    if all(number in removed for number in group.rows):
        return data_picker(studio, mend.restore(studio, data, group.rows).id)
    rule = Rule(finding.kind, group.reason)
    made = mend.drop(studio, data, group.rows, why=groups.why_left_out(finding, group), rule=rule)
    return data_picker(studio, made.id)


def keep_one(studio: Studio, data: str, kept: int | None) -> Any:
    """Of the copies that are looked at, keep this one."""
    if kept is None:
        return gr.skip()
    return data_picker(studio, mend.keep(studio, data, Which.CHOSEN, row=kept).id)


def keep_every(studio: Studio, data: str, every: bool) -> Any:
    """Keep every copy, or of each group the first."""
    return data_picker(studio, mend.keep(studio, data, Which.EVERY if every else Which.FIRST).id)


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


def _picked(studio: Studio, data: str | None, model: str | None, picked: str | None) -> tuple[Finding, Group] | None:
    """The finding and the group that a key of `group_choices` means."""
    if data is None or model is None or picked is None or not bring.dataset(studio, data).is_ready:
        return None
    kind, _, number = picked.partition(":")
    for finding in inspect.findings(studio, data):
        if finding.kind.value == kind and number.isdigit() and int(number) < len(finding.groups):
            return finding, finding.groups[int(number)]
    return None
