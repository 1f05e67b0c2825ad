"""Space: what takes how much of the disk, what may be deleted, and what is in the bin."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import gradio as gr

from studio.domain.deleted import Deleted, Thing
from studio.domain.space import SHARE_TITLES, Space
from studio.flows import deleted, space, things
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html
from studio.ui.parts.html import Cell
from studio.ui.session import QUIET, Session

MOST = 200  # things to choose from, the largest first
NO_LIMIT = "no limit but the disk"


@dataclass(frozen=True, slots=True)
class Panel:
    """The components in the order of `show`."""

    shares: gr.HTML
    budget: gr.Textbox
    days: gr.Number
    kept: gr.Column
    things: gr.Dropdown
    bin: gr.HTML
    hidden: gr.Dropdown
    empty: gr.Button


def build(session: Session) -> gr.State:
    """Lay the panel out and wire it; what it gives changes whenever something went or came back."""
    with gr.Accordion("Space and bin: what takes how much, and what was deleted", open=False) as opened:
        shares = gr.HTML(html.waiting())
        with gr.Row(elem_classes="actions"):
            budget = gr.Textbox(label="The workspace may take", placeholder=NO_LIMIT, info="For one: 50 GB", min_width=200, scale=1)  # fmt: skip
            days = gr.Number(label="Days in the bin", precision=0, minimum=1, info="Then it goes for good", min_width=140, scale=1)  # fmt: skip
            keep = gr.Button("Save", size="sm", min_width=110, scale=0)
        found = gr.Dropdown(label="Delete", choices=[], value=[], multiselect=True, info="The largest first; it can be brought back from the bin.")  # fmt: skip
        put = gr.Button("Move to the bin", size="sm", min_width=170, scale=0)
        bin = gr.HTML()
        with gr.Column(visible=False) as kept:
            hidden = gr.Dropdown(label="In the bin", choices=[], value=[], multiselect=True, info="What to bring back, or to remove for good.")  # fmt: skip
            with gr.Row(elem_classes="actions"):
                back = gr.Button("Bring back", size="sm", min_width=130, scale=0)
                remove = gr.Button("Remove for good", size="sm", variant="stop", min_width=170, scale=0)
                empty = gr.Button("Empty the bin", size="sm", variant="stop", min_width=150, scale=0)
    panel = Panel(shares, budget, days, kept, found, bin, hidden, empty)
    shown, changed, studio = [getattr(panel, field.name) for field in fields(panel)], gr.State(0), session.studio
    opened.expand(handler(show, studio), [found, hidden], shown, **QUIET)
    keep.click(handler(limit, studio), [budget, days, found, hidden], shown, **QUIET)
    after = [*shown, changed]
    put.click(handler(put_away, studio), [found, hidden, changed], after, **QUIET)
    back.click(handler(bring_back, studio), [found, hidden, changed], after, **QUIET)
    remove.click(handler(remove_for_good, studio), [found, hidden, changed], after, **QUIET)
    empty.click(handler(empty_all, studio), [found, hidden, changed], after, **QUIET)
    return changed


def show(studio: Studio, chosen: list[str], hidden: list[str]) -> list[Any]:
    """What takes how much now; what is chosen stays as long as it is there."""
    now, every, gone = space.space(studio), things.every(studio)[:MOST], deleted.listed(studio)
    offered = [(_named(thing), thing.id) for thing in every]
    bin = [(_named(each.thing), each.thing.id) for each in gone]
    there, lost = ({id for _, id in each} for each in (offered, bin))
    return [
        shares_table(now),
        "" if now.budget is None else html.size(now.budget),
        deleted.days(studio),
        gr.Column(visible=bool(gone)),
        gr.Dropdown(choices=offered, multiselect=True, value=[id for id in chosen if id in there]),
        bin_table(gone, deleted.days(studio)),
        gr.Dropdown(choices=bin, multiselect=True, value=[id for id in hidden if id in lost]),
        gr.Button(interactive=bool(gone)),
    ]


def limit(studio: Studio, budget: str, days: float | None, chosen: list[str], hidden: list[str]) -> list[Any]:
    """Keep how much the workspace may take, and for how long the bin keeps things."""
    now = space.budget(studio)
    if budget.strip() != ("" if now is None else html.size(now)):
        space.set_budget(studio, budget)
    deleted.set_days(studio, round(days or 0))
    return show(studio, chosen, hidden)


def put_away(studio: Studio, chosen: list[str], hidden: list[str], changes: int) -> list[Any]:
    deleted.delete(studio, chosen)
    return [*show(studio, [], hidden), changes + 1]


def bring_back(studio: Studio, chosen: list[str], hidden: list[str], changes: int) -> list[Any]:
    deleted.restore(studio, hidden)
    return [*show(studio, chosen, []), changes + 1]


def remove_for_good(studio: Studio, chosen: list[str], hidden: list[str], changes: int) -> list[Any]:
    """What is chosen of the bin goes for good."""
    if hidden:
        _say(deleted.empty(studio, hidden))
    return [*show(studio, chosen, []), changes + 1]


def empty_all(studio: Studio, chosen: list[str], hidden: list[str], changes: int) -> list[Any]:
    """All of the bin goes for good, but what something uses again."""
    _say(deleted.empty(studio))
    return [*show(studio, chosen, []), changes + 1]


def shares_table(now: Space) -> str:
    """What takes how much, the most first, and how much is left."""
    shares = sorted(now.taken.items(), key=lambda each: -each[1])
    rows = [(SHARE_TITLES[share], html.size(size)) for share, size in shares]
    whole = NO_LIMIT if now.budget is None else f"{html.size(now.budget)} at most"
    rows += [
        ("In all", f"{html.size(now.used)}, {whole}"),
        ("May still be written by what waits and runs", html.size(now.promised)),
        ("Left for more", html.size(max(now.left, 0))),
    ]
    return html.facts(rows)


def bin_table(found: Sequence[Deleted], days: int) -> str:
    if not found:
        return '<p class="help">The bin is empty.</p>'
    rows: list[list[str | Cell]] = [
        [each.thing.title, f"{each.at:%d %b, %H:%M} UTC", Cell(html.size(each.thing.bytes), number=True), f"{each.goes_at(days):%d %b}"]
        for each in found
    ]  # fmt: skip
    return html.table(["In the bin", "Deleted", "Size", "Goes for good"], rows, stacked=True)


def _named(thing: Thing) -> str:
    return f"{thing.title} · {html.size(thing.bytes)}"


def _say(freed: int) -> None:
    gr.Info(f"{html.size(freed)} are free again.", title="Removed for good")
