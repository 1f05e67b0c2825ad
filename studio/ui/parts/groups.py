"""Groups: what one finding looks like, group by group, and what can be done about it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio as gr

from studio.data.checks.masking import veiled
from studio.domain.finding import TREATMENTS, Finding, FindingKind, Group
from studio.domain.mending import Mending
from studio.domain.row import Row
from studio.ui.parts import html

COPIES = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)
PAIRS = (FindingKind.NEAR_DUPLICATE, FindingKind.FAMILY)
SHOWN_GROUPS, SHOWN_ROWS = 50, 12


def group_choices(findings: tuple[Finding, ...]) -> Iterator[tuple[str, str]]:
    """What can be looked at, with its key: the groups of every finding but the lines that are no rows."""
    for finding in findings:
        for number, group in enumerate(
            finding.groups[:SHOWN_GROUPS] if finding.kind is not FindingKind.MALFORMED else ()
        ):
            many = len(group.lines) > 6
            lines = html.count(len(group.lines), "row") if many else _lines(group)
            reason = f" ({group.reason})" if group.reason and finding.kind not in PAIRS else ""
            yield f"{TREATMENTS[finding.kind].name}{reason}: {lines}", f"{finding.kind.value}:{number}"


def _lines(group: Group) -> str:
    listed = ", ".join(f"{line:,}" for line in group.lines)
    return f"line {listed}" if len(group.lines) == 1 else f"lines {listed}"


def why_left_out(finding: Finding, group: Group) -> str:
    """Why a person left rows out, as the ledger tells it."""
    return TREATMENTS[finding.kind].name.lower() + (
        f", {group.reason}" if group.reason and finding.kind not in PAIRS else ""
    )


def view(finding: Finding, group: Group, rows: list[Row], mending: Mending) -> list[Any]:
    """What can be done about one group, and its rows side by side or one below another."""
    copies, few = finding.kind in COPIES, len(group.rows) <= SHOWN_ROWS
    lines = [(f"line {line:,}", row) for row, line in zip(group.rows, group.lines, strict=True)]
    out = [number for number in group.rows if number in mending.removed]
    about = f'<p class="help">{html.text(group.reason)}</p>' if group.reason else ""
    shown = {row.number for row in rows}
    marks = [mark for mark in finding.marks if mark.row in shown]
    # Whoever looks at the screen need not be one who may see them.
    is_private = finding.kind in (FindingKind.SECRET, FindingKind.PERSONAL)
    cards = "".join(html.bubbles([_veiled(row)] if is_private else [row], marks * (not is_private)) for row in rows)
    rest = len(group.rows) - len(rows)
    more = f'<p class="help">… and {html.count(rest, "row")} more.</p>' if rest > 0 else ""
    if copies:
        keep = gr.Radio(choices=lines, value=mending.keep.get(group.rows[0], group.rows[0]), visible=True)
    else:
        keep = gr.Radio(visible=False)
    return [
        keep,
        gr.CheckboxGroup(choices=lines if few else [], value=out if few else [], visible=few and not copies),
        gr.Button(
            every_words(len(group.rows), out=len(out)), visible=not few and finding.kind is not FindingKind.FAMILY
        ),
        f'{about}<div class="beside">{cards}</div>{more}',
    ]


def _veiled(row: Row) -> Row:
    """The row as a screen may show it, its secrets and personal data without their middle."""
    return replace(row, messages=tuple(replace(m, content=veiled(m.content)) for m in row.messages))


def every_words(rows: int, *, out: int) -> str:
    """What the button for a whole group does next."""
    return f"Take these {rows:,} rows back" if out == rows else f"Leave these {rows:,} rows out"
