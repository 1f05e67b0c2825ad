"""Lengths: what a cut-off costs, and one row as the model sees it."""

from typing import Any

import gradio as gr

from studio.domain.reading import Reading, Tone
from studio.flows import bring, inspect
from studio.flows.studio import Studio
from studio.ui.errors import handler
from studio.ui.inspect.looking import Look
from studio.ui.parts import html, lengths
from studio.ui.parts.chart import chart
from studio.ui.session import QUIET, Session

COLOURS = (
    '<p class="help">Green is what it learns to say, grey is what it only reads, '
    "struck through is what the cut-off would take away.</p>"
)


def build(session: Session, look: gr.State) -> None:
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
    studio, ids = session.studio, [session.data, session.model]
    about = gr.State(None)  # the file and the model that the cut-off was chosen for
    look.change(handler(show, studio), [look, about], [token_part, seen_part, cut_off, about], **QUIET)
    gr.on(
        [cut_off.change, look.change],
        handler(show_lengths, studio),
        [*ids, cut_off],
        [picture, facts, session.cut_off],
        **QUIET,
    )
    gr.on(
        [session.cut_off.change, number.change, look.change],
        handler(show_seen, studio),
        [*ids, cut_off, number],
        seen,
        **QUIET,
    )


def show(studio: Studio, look: Look | None, about: tuple[str, str] | None) -> list[Any]:
    """Nothing before the lengths are measured; then the cut-off that is advised, unless one was chosen for this upload."""
    if look is None or not look[2]:
        return [gr.Accordion(visible=False), gr.Accordion(visible=False), gr.skip(), gr.skip()]
    found = inspect.look(studio, look[0], look[1])
    now = (bring.dataset(studio, look[0]).root, look[1])
    stays = about is not None and tuple(about) == now
    advised = gr.skip() if stays or found.cut_off is None else found.cut_off.tokens
    return [gr.Accordion(visible=True), gr.Accordion(visible=True), advised, now]


def show_lengths(studio: Studio, data: str | None, model: str | None, tokens: float | None) -> list[Any]:
    """The picture of a cut-off and what it costs."""
    found = inspect.measured(studio, data, model) if data and model else None
    if found is None or not tokens:
        return [gr.skip()] * 3
    return [lengths.histogram(found, int(tokens)), lengths.facts(found, int(tokens)), int(tokens)]


def show_seen(studio: Studio, data: str | None, model: str | None, tokens: float | None, row: float | None) -> str:
    """One row as the model sees it, or why it does not; row numbers on screen begin at 1."""
    measured = inspect.measured(studio, data, model) if data and model else None
    if data is None or model is None or not tokens or measured is None:
        return ""
    number = min(max(int(row or 1), 1), bring.dataset(studio, data).rows) - 1
    if why := measured.refused.get(number):
        return html.reading(Reading(Tone.WARNING, "This row cannot be trained on with this model.", why))
    return lengths.seen(inspect.seen(studio, data, model, number, int(tokens)))
