"""Raters: the links of one comparison, who has judged how many by each, and how to give one or take it back.

Nothing here tells who leads, so whoever owns the comparison may look at any time and judge as well.
"""

from dataclasses import dataclass, fields
from html import escape
from typing import Any

import gradio as gr

from studio.domain.access import Right
from studio.domain.study import Link, StudyState
from studio.flows import compare, invite
from studio.flows.invite import Seat
from studio.flows.judge import LONGEST_NAME
from studio.flows.studio import Studio
from studio.store.acting import may
from studio.ui.errors import handler
from studio.ui.parts import copying, html
from studio.ui.session import DRAWN, QUIET, Session

NOTE = f'<p class="help">Send each their own link: “Copy” takes it whole. {html.REACH}</p>'
NOT_YOURS = "shown to editors and owners"  # whoever has a link judges in the name on it
FOLD = "Raters and their links"
HEADINGS = ("Who", "Judged", "Skipped", "Last", "Link")


@dataclass(frozen=True, slots=True)
class Panel:
    """The components of the panel, in the order of `view`."""

    fold: gr.Accordion
    listed: gr.HTML
    name: gr.Textbox
    giving: gr.Row
    which: gr.Dropdown
    taking: gr.Row
    sure: gr.Column

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


def build(session: Session, moved: gr.State) -> Panel:
    """The folded panel of the comparison that is open on the screen; it draws itself, again whenever `moved` changes."""
    with gr.Accordion(FOLD, open=False, visible=False) as fold:
        listed = gr.HTML()
        with gr.Row(elem_classes="ends") as giving:
            name = gr.Textbox(
                label="Whose link?", max_length=LONGEST_NAME, min_width=220,
                info="Empty: a link by which anybody who has it may join.",
            )  # fmt: skip
            give = gr.Button("Make a link", min_width=140, elem_id="make-link")
        with gr.Row(elem_classes="ends") as taking:
            which = gr.Dropdown(label="A link to take back", choices=[], min_width=220)
            take = gr.Button("Take it back", variant="stop", min_width=140)
        with gr.Column(visible=False) as sure:
            doubt = gr.HTML()
            with gr.Row(elem_classes="actions"):
                yes = gr.Button("Yes, take it back", variant="stop", min_width=160)
                no = gr.Button("Keep it", min_width=120)
    panel = Panel(fold, listed, name, giving, which, taking, sure)
    studio, study, drawn = session.studio, session.study, panel.all()
    gr.on([study.change, moved.change, fold.expand], handler(show, studio), study, drawn, **DRAWN)
    give.click(handler(make, studio), [study, name], drawn, trigger_mode="once", **QUIET)
    take.click(handler(ask_first, studio), [study, which], [sure, doubt], **QUIET)
    yes.click(handler(take_back, studio), [study, which], drawn, trigger_mode="once", **QUIET)
    no.click(lambda: gr.Column(visible=False), None, sure, **QUIET)
    return panel


def show(studio: Studio, study_id: str | None) -> list[Any]:
    """The links of the comparison, without what is being typed."""
    if not study_id:
        return [gr.Accordion(visible=False), *[gr.skip()] * (len(fields(Panel)) - 1)]
    state = compare.study(studio, study_id).state
    return view(invite.seats(studio, study_id), is_closed=state is StudyState.CLOSED)


def make(studio: Studio, study_id: str, name: str) -> list[Any]:
    """Give a link to somebody by name, or to anybody."""
    invite.invite(studio, study_id, name or "")
    drawn = show(studio, study_id)
    return [*drawn[:2], "", *drawn[3:]]


def ask_first(studio: Studio, study_id: str, link_id: str | None) -> list[Any]:
    """Before a link is taken back: what that means."""
    found = [seat for seat in invite.seats(studio, study_id) if seat.link.id == link_id]
    return [gr.Column(visible=bool(found)), doubts(found[0]) if found else ""]


def take_back(studio: Studio, study_id: str, link_id: str | None) -> list[Any]:
    """Take a link back; what was judged by it stays."""
    invite.revoke(studio, study_id, link_id or "")
    return show(studio, study_id)


def view(seats: list[Seat], *, is_closed: bool = False) -> list[Any]:
    """The panel for these links; of a closed comparison there is nothing to give or to take any more."""
    valid = [seat for seat in seats if not seat.link.is_revoked]
    return [
        gr.Accordion(visible=True, label=f"{FOLD} · {summary(seats)}"),
        table(seats) + ("" if is_closed else NOTE),
        gr.skip(),
        gr.Row(visible=not is_closed),
        gr.Dropdown(choices=[(who(seat.link), seat.link.id) for seat in valid], value=None),
        gr.Row(visible=bool(valid) and not is_closed),
        gr.Column(visible=False),
    ]


def summary(seats: list[Seat]) -> str:
    """How many links there are, and how many people have judged by them."""
    valid, people = sum(not seat.link.is_revoked for seat in seats), sum(seat.judged > 0 for seat in seats)
    judged = f"{html.count(people, 'person has', 'people have')} judged" if people else "nobody has judged yet"
    return f"{html.count(valid, 'link')}, {judged}"


def table(seats: list[Seat]) -> str:
    """Every link, to copy, and how far it is; on a phone one below the other."""
    rows = "".join(_row(seat) for seat in seats)
    head = "".join(f'<th scope="col">{name}</th>' for name in HEADINGS)
    return (
        f'<div class="scroll"><table class="plain stacked"><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(seat: Seat) -> str:
    judged, skipped = ("", "") if seat.is_open else (f"{seat.judged:,}", f"{seat.skipped:,}")
    last = f"{seat.last:%-d %b %H:%M} UTC" if seat.last else ""
    link = "taken back" if seat.link.is_revoked else _copy(seat.link) if may(Right.CHANGE) else NOT_YOURS
    told = zip(HEADINGS, (escape(who(seat.link)), judged, skipped, last, link), strict=True)
    cells = "".join(f'<td data-label="{name}">{cell}</td>' for name, cell in told)
    return f"<tr>{cells}</tr>"


def who(link: Link) -> str:
    """Whose link it is, as its owner knows them."""
    if link.kind == "invitation":
        return f"Anybody who has the link (made {link.created_at:%-d %b %H:%M})"
    return link.label or f"Somebody who joined {link.created_at:%-d %b %H:%M}"


def doubts(seat: Seat) -> str:
    """What taking this link back means."""
    judged = f"What was judged by it ({html.count(seat.judged, 'card')}) stays and counts. " if seat.judged else ""
    opened = "Whoever has joined by it goes on by a link of their own. " if seat.is_open else ""
    return f'<p class="help">It will lead nowhere. {judged}{opened}Take it back?</p>'


def _copy(link: Link) -> str:
    address = f"/rate/?t={escape(link.token)}"
    return f"<code>{address}</code> {copying.address_button('Copy', address)}"
