"""Rows: look through them, find some, and pick one to change."""

from typing import Any

import gradio as gr

from studio.domain.finding import TREATMENTS, FindingKind
from studio.domain.split import BIN_TITLES, Bin
from studio.flows import bring, browse
from studio.flows.browse import Listed, Order, Page
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.inspect import editor
from studio.ui.parts import html, talk
from studio.ui.session import DRAWN, QUIET, Session

EVERY, EDITED = "every", "edited"
ORDERS = [
    ("as in the file", Order.LINE.value),
    ("longest first", Order.LONGEST.value),
    ("shortest first", Order.SHORTEST.value),
]
SHOWN_LETTERS = 90


def build(session: Session, look: gr.State) -> None:
    with gr.Accordion("Rows: find, edit, leave out", open=False):
        start, row = gr.State(0), gr.State(None)
        with gr.Row(elem_classes="actions"):
            text = gr.Textbox(label="Find rows that say", placeholder="any words", min_width=220, scale=3)
            among = gr.Dropdown(label="Of", choices=[("all rows", EVERY)], value=EVERY, min_width=200, scale=2)
            order = gr.Dropdown(label="In order", choices=ORDERS, value=ORDERS[0][1], min_width=160, scale=1)
        said = gr.HTML()
        listed = gr.Radio(label="Rows found", choices=[], show_label=False, elem_classes="rows")
        with gr.Row(elem_classes="actions"):
            back, on = gr.Button("← Rows before", size="sm"), gr.Button("Rows after →", size="sm")
        editor.build(session, look, row)
    studio, data = session.studio, session.data
    asked = [data, text, among, order]
    found = [said, listed, back, on, start]
    look.change(handler(filters, studio), [data, among], among, **QUIET)
    gr.on([text.input, among.change, order.change], handler(show_first, studio), [*asked, row], found, **DRAWN)
    look.change(handler(show, studio), [*asked, start, row], found, **DRAWN)
    for button, step in ((back, -browse.PAGE), (on, browse.PAGE)):
        button.click(handler(turn, studio, step), [*asked, start, row], found, **QUIET)
    gr.on([listed.input], lambda number: number, listed, row, **QUIET)


def filters(studio: Studio, data: str | None, chosen: str | None) -> Any:
    """What rows can be looked through: all, those of a finding, of a bin, or those that were edited."""
    if data is None or not bring.dataset(studio, data).is_ready:
        return gr.skip()
    choices = filter_choices(
        browse.kinds(studio, data), edited=bring.dataset(studio, data).edited, sealed=browse.is_sealed(studio, data)
    )
    kept = chosen if chosen in [key for _, key in choices] else EVERY
    return gr.Dropdown(choices=choices, value=kept)


def filter_choices(kinds: dict[FindingKind, int], *, edited: int, sealed: bool) -> list[tuple[str, str]]:
    found = [(f"{TREATMENTS[kind].name} ({count:,})", kind.value) for kind, count in kinds.items()]
    not_here = (Bin.MALFORMED, Bin.TOO_LONG, *([Bin.TEST] if sealed else []))
    bins = [(BIN_TITLES[bin], f"bin:{bin.value}") for bin in Bin if bin not in not_here]
    return [("all rows", EVERY), *([(f"edited by you ({edited:,})", EDITED)] if edited else []), *found, *bins]


def show_first(studio: Studio, data: str | None, text: str, among: str, order: str, row: int | None) -> list[Any]:
    """The first page, as soon as something else is asked for."""
    return show(studio, data, text, among, order, 0, row)


def turn(
    studio: Studio, step: int, data: str | None, text: str, among: str, order: str, first: int, row: int | None
) -> list[Any]:
    return show(studio, data, text, among, order, max(first + step, 0), row)


def show(studio: Studio, data: str | None, text: str, among: str, order: str, first: int, row: int | None) -> list[Any]:
    """A page of the rows that were asked for."""
    if data is None or not bring.dataset(studio, data).is_ready:
        return [gr.skip()] * 5
    page = browse.page(studio, data, text=text or "", among=wanted(among), order=Order(order), start=first)
    return view(page, row)


def wanted(among: str) -> FindingKind | Bin | str | None:
    """What a key of the menu means."""
    if among in (EVERY, ""):
        return None
    if among == EDITED:
        return browse.EDITED
    return Bin(among.removeprefix("bin:")) if among.startswith("bin:") else FindingKind(among)


def view(page: Page, row: int | None) -> list[Any]:
    choices = [(line_of(listed), listed.row.number) for listed in page.listed]
    last = page.start + len(page.listed)
    found = f"{html.count(page.found, 'row')}" + (" and more: say more words to see fewer" if page.more else "")
    said = f"{found}; {page.start + 1:,} to {last:,} are shown." if page.listed else "No row says that."
    return [
        f'<p class="help">{said}</p>',
        gr.Radio(choices=choices, value=row if row in [number for _, number in choices] else None),
        gr.Button(interactive=page.start > 0),
        gr.Button(interactive=last < page.found),
        page.start,
    ]


def line_of(listed: Listed) -> str:
    """A row in one line: where it stands, where it ended, what was asked and what was answered."""
    where = listed.where.split(" (")[0].lower() + (", edited" if listed.is_edited else "")
    return f"line {listed.row.line:,} · {where} · {_short(listed.row.question)} → {_short(listed.row.answer)}"


def _short(text: str) -> str:
    return talk.in_one_line(text, SHOWN_LETTERS)
