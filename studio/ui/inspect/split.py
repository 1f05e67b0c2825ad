"""Split: how the rows are dealt, and where every line of the file ended."""

from dataclasses import replace
from typing import Any

import gradio as gr

from studio.domain.errors import StudioError
from studio.domain.split import BIN_TITLES, Bin, Ledger
from studio.flows import bring, inspect, split
from studio.flows.studio import Studio
from studio.ui.errors import handler, told
from studio.ui.inspect.looking import Look
from studio.ui.parts import html
from studio.ui.session import DRAWN, QUIET, Session


def build(session: Session, look: gr.State) -> None:
    with gr.Accordion("Split, and where every line ended", open=True, visible=False) as part:
        with gr.Row():
            held_out = gr.Slider(
                0.05, 0.5, value=0.2, step=0.05, label="Held out", info="Shared by validation and test.", min_width=200
            )
            seed = gr.Number(
                label="Seed", value=7, precision=0, minimum=0, info="The same seed deals the same rows.", min_width=160
            )
        ledger, downloads = gr.HTML(), gr.HTML()
    studio, ids = session.studio, [session.data, session.model]
    look.change(handler(show, studio), look, [part, held_out, seed], **QUIET)
    gr.on(
        [look.change, session.cut_off.change, session.dealt.change],
        handler(show_ledger, studio),
        [*ids, session.cut_off],
        [ledger, downloads],
        **QUIET,
    )
    gr.on(
        [held_out.release, seed.input], handler(choose, studio), [session.data, held_out, seed], session.dealt, **DRAWN
    )


def show(studio: Studio, look: Look | None) -> list[Any]:
    """The choices that the rows were dealt with."""
    if look is None:
        return [gr.skip()] * 3
    try:
        choices = split.current(studio, look[0]).choices
    except StudioError:  # the ledger below says why nothing can be dealt
        return [gr.Accordion(visible=True), gr.skip(), gr.skip()]
    return [gr.Accordion(visible=True), gr.Slider(value=choices.held_out), choices.seed]


def show_ledger(studio: Studio, data: str | None, model: str | None, cut_off: int | None) -> list[Any]:
    """Where every line ended; with a cut-off, rows that are too long for it are counted apart."""
    if data is None or model is None or not bring.dataset(studio, data).is_ready:
        return [gr.skip()] * 2
    within = cut_off if inspect.measured(studio, data, model) is not None else None
    try:
        counted = split.ledger(studio, data, model_id=model, cut_off=within)
    except StudioError as error:
        return [told(error), ""]
    sealed = split.is_sealed(studio, split.current(studio, data))
    return [ledger_table(counted), download_links(counted, data, model, within, sealed=sealed)]


def choose(studio: Studio, data: str, held_out: float, seed: float | None) -> str:
    """Deal the rows anew with these choices; what was decided about single rows stays."""
    choices = split.current(studio, data).choices
    return split.choose(studio, data, replace(choices, held_out=held_out, seed=int(seed or 0))).id


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


def download_links(ledger: Ledger, data: str, model: str, cut_off: int | None, *, sealed: bool) -> str:
    """A download for each bin that holds anything; not of the test while it is sealed."""
    at = f"&cut_off={cut_off}" if cut_off else ""
    links = [
        html.link(BIN_TITLES[bin], f"/download/bin/{data}/{bin.value}?model={model}{at}")
        for bin, count in ledger.counts.items()
        if count and not (sealed and bin is Bin.TEST)
    ]
    why = f" {html.text(split.SEALED)}" if sealed and ledger.counts.get(Bin.TEST) else ""
    return f'<p class="help">Download with source line and reason: {" · ".join(links)}.{why}</p>'
