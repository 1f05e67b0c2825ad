"""Editor: one row, whole, to change, to mask or to leave out; what somebody is typing is not overwritten."""

from typing import Any, NamedTuple

import gradio as gr

from studio.domain.dataset import Dataset
from studio.domain.row import Row
from studio.flows import bring, mend
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.parts import talk
from studio.ui.parts.pickers import data_picker
from studio.ui.session import DRAWN, QUIET, Session

OUTPUTS = 7
WRITTEN_OUT = "Written out for you to change, also what is hidden above."


class Held(NamedTuple):
    """What the editor was opened with: a message of a row of an upload, and the text that it had."""

    root: str
    row: int
    place: int
    text: str


def build(session: Session, look: gr.State, row: gr.State) -> None:
    """Lay out the editor of `row`, the number of the row that was picked."""
    held = gr.State(None)
    with gr.Column(visible=False) as editor:
        shown = gr.HTML()
        with gr.Row(elem_classes="actions"):
            message = gr.Radio(label="Message", choices=[], min_width=220)
        words = gr.Textbox(label="Its text", info=WRITTEN_OUT, lines=4, max_lines=16)
        with gr.Row(elem_classes="actions"):
            save = gr.Button("Save as a new version", min_width=180)
            out = gr.Button("Leave this row out", min_width=180)
            masks = gr.Button("Mask secrets and personal data in it", min_width=220)
    studio, data = session.studio, session.data
    drawn = [editor, shown, message, words, out, held, row]
    gr.on([row.change, look.change, message.input], handler(show, studio), [data, row, message, held], drawn, **DRAWN)
    for button, act, given in (
        (save, edit, [data, row, message, words]),
        (out, leave_out_or_take_back, [data, row]),
        (masks, mask, [data, row]),
    ):
        button.click(handler(act, studio), given, data, trigger_mode="once", **QUIET)


def show(studio: Studio, data: str | None, number: int | None, place: int | None, held: Held | None) -> list[Any]:
    """The row that was picked; a row of another upload is none that anybody picked here."""
    found = _row(studio, data, number)
    if found is None or (held and held.root != found[0].root):
        return [gr.Column(visible=False), *[gr.skip()] * (OUTPUTS - 3), None, None]
    return view(*found, place=place, held=held)


def view(dataset: Dataset, row: Row, *, place: int | None, held: Held | None) -> list[Any]:
    """The row with its messages to choose from; its text is only written anew where it is another than before."""
    is_same = held is not None and (held.root, held.row) == (dataset.root, row.number)
    last = len(row.messages) - 1
    chosen = place if is_same and place is not None and place <= last else last
    now = Held(dataset.root, row.number, chosen, row.messages[chosen].content)
    choices = [(f"{n} {talk.SPEAKERS.get(m.role, m.role)}", n - 1) for n, m in enumerate(row.messages, start=1)]
    return [
        gr.Column(visible=True),
        talk.bubbles([row]),
        gr.Radio(choices=choices, value=chosen),
        gr.skip() if now == held else now.text,
        gr.Button("Take this row back" if row.number in dataset.mending.removed else "Leave this row out"),
        now,
        gr.skip(),  # what was picked since must not be taken back by a row that is drawn late
    ]


def edit(studio: Studio, data: str, number: int | None, place: int | None, text: str) -> Any:
    if number is None or place is None:
        return gr.skip()
    made = mend.edit(studio, data, number, {place: text})
    if made.id == data:
        gr.Info("The text is what it was, so there is nothing to save.", title="Nothing was changed")
    return data_picker(studio, made.id)


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
