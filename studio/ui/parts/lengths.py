"""Lengths: how long the rows are for a model, and one row as the model sees it."""

from html import escape

import numpy as np
import plotly.graph_objects as go

from studio.data.seen import Seen
from studio.data.veiling import dotted
from studio.domain.answers import DAY
from studio.domain.lengths import Lengths
from studio.ui.parts import html
from studio.ui.parts.chart import drawn, in_whole_numbers, laid_out, mark, uprights

DOTTED = "Secrets and personal data are dotted on this screen alone: the model reads them, unless they are masked."
CANDIDATES = (128, 256, 512, 1024, 2048, 4096, 8192)


def histogram(lengths: Lengths, cut_off: int) -> dict[str, str]:
    """Rows by token count with the cut-off as a line; rows beyond it in another colour."""
    totals = _written(lengths)
    figure = go.Figure()
    edges = np.histogram_bin_edges(totals, bins=min(40, max(8, len(totals) // 8)))
    for name, part, colour in (
        ("fits", totals[totals <= cut_off], "#3b6fb6"),
        ("would lose its end", totals[totals > cut_off], "#b4443a"),
    ):
        counts, _ = np.histogram(part, bins=edges)
        figure.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            width=np.diff(edges),
            name=f"{name} ({len(part):,})",
            marker={"color": colour, "line": {"width": 0}},
        )
    laid_out(figure, keep=lengths.model_id, x="tokens in a row", y="rows", height=300)
    last = max(int(totals.max()), cut_off) * 1.06
    figure.update_layout(barmode="stack", bargap=0.04, xaxis={"range": [0, last]})
    figure.update_yaxes(**in_whole_numbers(int(np.histogram(totals, bins=edges)[0].max())))
    uprights(figure, [mark(cut_off, f"cut-off {cut_off:,}", colour="#9a6b1f", last=last)])
    cut = int((totals > cut_off).sum())
    words = f"Rows have {totals.min():,} to {totals.max():,} tokens, half of them up to {int(np.median(totals)):,}; {cut:,} exceed {cut_off:,}."
    return drawn(figure, words=words)


def facts(lengths: Lengths, cut_off: int) -> str:
    """Percentiles, what each candidate cut-off costs, and the rows that this one would cut."""
    totals = _written(lengths)
    marks = [("half of the rows", 50), ("9 of 10 rows", 90), ("99 of 100 rows", 99), ("every row", 100)]
    short = [
        [f"{name} fit in", html.Cell(f"{int(np.ceil(np.percentile(totals, at))):,}", number=True)] for name, at in marks
    ]
    enough = next((step for step in CANDIDATES if step >= totals.max()), CANDIDATES[-1])
    steps = [step for step in CANDIDATES if step <= enough]
    costs = [
        [html.Cell(f"{step:,}", number=True), html.Cell(f"{len(lengths.cut_rows(step)):,}", number=True)]
        for step in steps
    ]
    cut = lengths.cut_rows(cut_off)
    listed = ", ".join(f"{number + 1:,}" for number in cut[:30]) + (" …" if len(cut) > 30 else "")
    stop = (
        f"The model learns to stop: its end-of-turn token {lengths.stop_token} is among the trained tokens."
        if lengths.stop_token_trained
        else f"Careful: the end-of-turn token {lengths.stop_token} is not trained, so answers may not stop."
    )
    day = f" Its template writes today's date: in training always {DAY:%-d %B %Y}, so that no run changes overnight."
    said = (
        f"This cut-off leaves out {'row' if len(cut) == 1 else 'rows'} {listed}: listed below as too long, and not trained on."
        if cut
        else "This cut-off leaves no row out."
    )
    return (
        f'<div class="beside"><div>{html.table(["Length", "Tokens"], short)}</div>'
        f"<div>{html.table(['Cut-off', 'Rows that would lose their end'], costs)}</div></div>"
        f'<p class="help">{escape(said)} {escape(stop)}{escape(day) if lengths.dated else ""}</p>'
    )


def _written(lengths: Lengths) -> np.ndarray:
    """The tokens of every row that the model's template writes: of another there are none, which is no length."""
    return np.array([total for number, total in enumerate(lengths.total) if number not in lengths.refused])


def seen(found: Seen) -> str:
    """One row's tokens: trained ones coloured, special ones bold, cut ones struck through; their number stays true."""
    pieces = [*found.pieces, *found.cut]
    text = "".join(piece.text for piece in pieces)
    shown = dotted(text + found.beyond)
    drawn, start = "", 0
    for place, piece in enumerate(pieces):
        names = [name for name, on in (("trained", piece.trained), ("special", piece.special)) if on]
        kind = " ".join(names) if place < len(found.pieces) else "cut"
        end = start + len(piece.text)
        drawn += f'<span class="{kind}">{escape(shown[start:end])}</span>'
        start = end
    tokens = found.total - found.cut_tokens
    trained = sum(piece.tokens for piece in found.pieces if piece.trained)
    hidden = "" if shown.startswith(text) else f" {DOTTED}"
    words = f"{html.count(tokens, 'token')}, {trained:,} of them trained.{hidden}"
    return f'<div class="panel"><div class="seen">{drawn}</div><p class="help">{words}</p></div>'
