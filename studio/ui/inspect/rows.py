"""Rows: look through them, find some, and change one at a time."""

from typing import Any

import gradio as gr

from studio.domain.dataset import Dataset
from studio.domain.finding import TREATMENTS, FindingKind
from studio.domain.row import Row
from studio.domain.split import BIN_TITLES, Bin
from studio.flows import bring, browse, mend
from studio.flows.browse import Listed, Order, Page
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import html, talk
from studio.ui.parts.pickers import data_picker
from studio.ui.session import QUIET, Session

EVERY, EDITED = "every", "edited"
ORDERS = [
    ("as in the file", Order.LINE.value),
    ("longest first", Order.LONGEST.value),
    ("shortest first", Order.SHORTEST.value),
]
SHOWN_WORDS = 90


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
        with gr.Column(visible=False) as editor:
            shown = gr.HTML()
            with gr.Row(elem_classes="actions"):
                message = gr.Radio(label="Message", choices=[], min_width=220)
            words = gr.Textbox(label="Its text", lines=4, max_lines=16)
            with gr.Row(elem_classes="actions"):
                save = gr.Button("Save as a new version", min_width=180)
                out = gr.Button("Leave this row out", min_width=180)
                masks = gr.Button("Mask secrets and personal data in it", min_width=220)
    studio, data = session.studio, session.data
    asked = [data, text, among, order, start]
    found = [said, listed, back, on, start]
    look.change(handler(filters, studio), [data, among], among, **QUIET)
    gr.on([text.submit, text.blur, among.change, order.change], lambda: 0, None, start, **QUIET).then(
        handler(show, studio), [*asked, row], found, **QUIET
    )
    look.change(handler(show, studio), [*asked, row], found, **QUIET)
    for button, step in ((back, -browse.PAGE), (on, browse.PAGE)):
        button.click(lambda first, step=step: max(first + step, 0), start, start, **QUIET).then(
            handler(show, studio), [*asked, row], found, **QUIET
        )
    gr.on([listed.input], lambda number: number, listed, row, **QUIET)
    gr.on([row.change, look.change], handler(show_row, studio), [data, row], [editor, shown, message, out], **QUIET)
    gr.on([message.change, row.change, look.change], handler(show_text, studio), [data, row, message], words, **QUIET)
    for button, act, given in (
        (save, edit, [data, row, message, words]),
        (out, leave_out_or_take_back, [data, row]),
        (masks, mask, [data, row]),
    ):
        button.click(handler(act, studio), given, data, trigger_mode="once", **QUIET)


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
    return f"line {listed.row.line:,} · {where} · {short(listed.row.question)} → {short(listed.row.answer)}"


def short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN_WORDS else plain[: SHOWN_WORDS - 1] + "…"


def show_row(studio: Studio, data: str | None, number: int | None) -> list[Any]:
    """The row that was picked, whole, with its messages to choose from."""
    found = _row(studio, data, number)
    if found is None:
        return [gr.Column(visible=False), "", gr.skip(), gr.skip()]
    dataset, row = found
    choices = [(f"{place + 1} {talk.SPEAKERS.get(m.role, m.role)}", place) for place, m in enumerate(row.messages)]
    is_out = row.number in dataset.mending.removed
    return [
        gr.Column(visible=True),
        talk.bubbles([row]),
        gr.Radio(choices=choices, value=len(choices) - 1),
        gr.Button("Take this row back" if is_out else "Leave this row out"),
    ]


def show_text(studio: Studio, data: str | None, number: int | None, place: int | None) -> Any:
    found = _row(studio, data, number)
    if found is None or place is None or place >= len(found[1].messages):
        return gr.skip()
    return found[1].messages[place].content


def edit(studio: Studio, data: str, number: int | None, place: int | None, text: str) -> Any:
    if number is None or place is None:
        return gr.skip()
    return data_picker(studio, mend.edit(studio, data, number, {place: text}).id)


def leave_out_or_take_back(studio: Studio, data: str, number: int | None) -> Any:
    if number is None:
        return gr.skip()
    if number in bring.dataset(studio, data).mending.removed:
        return data_picker(studio, mend.restore(studio, data, [number]).id)
    return data_picker(studio, mend.drop(studio, data, [number], why="by hand").id)


def mask(studio: Studio, data: str, number: int | None) -> Any:
    return gr.skip() if number is None else data_picker(studio, mend.mask(studio, data, [number]).id)


def _row(studio: Studio, data: str | None, number: int | None) -> tuple[Dataset, Row] | None:
    """The row of the very dataset that is looked at; None where that has no such row."""
    if data is None or number is None:
        return None
    dataset = bring.dataset(studio, data)
    rows = bring.preview(studio, data, start=number, count=1) if dataset.is_ready and number < dataset.rows else []
    return (dataset, rows[0]) if rows else None
