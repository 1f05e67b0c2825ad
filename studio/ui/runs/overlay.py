"""Overlay: the loss of several runs in one picture."""

from collections.abc import Sequence

import plotly.graph_objects as go

from studio.domain.reading import best_check, smoothed
from studio.domain.run import Metric, Run
from studio.ui.parts.chart import drawn, laid_out

COLOURS = ("#3b6fb6", "#d9822b", "#2f7d5b", "#8a4f9e", "#b5403d", "#5c6470", "#9a6b1f", "#2a8a9d")


def overlay(found: Sequence[tuple[Run, list[Metric]]]) -> dict[str, str] | None:
    """Validation loss of each run in its colour, over its training loss, smoothed and dotted; nothing without a point.

    The legend names each run once, so that it leaves room for the picture on a phone.
    """
    figure, told = go.Figure(), []
    for number, (run, points) in enumerate(found):
        colour = COLOURS[number % len(COLOURS)]
        trained = [(p.step, p.loss) for p in points if p.loss is not None]
        checks = [(p.step, p.validation_loss) for p in points if p.validation_loss is not None]
        if trained:
            steps, losses = zip(*trained, strict=True)
            dots = {"color": colour, "width": 1.2, "dash": "dot"}
            figure.add_scatter(
                x=steps,
                y=smoothed(losses),
                mode="lines",
                name=f"{run.name}, training",
                line=dots,
                legendgroup=run.id,
                showlegend=False,
            )
        if checks:
            steps, losses = zip(*checks, strict=True)
            line = {"color": colour, "width": 2.4, "dash": "solid" if number < len(COLOURS) else "dash"}
            figure.add_scatter(x=steps, y=losses, name=run.name, mode="lines+markers", line=line, legendgroup=run.id)
        if best := best_check(points):
            told.append(f"{run.name}: lowest validation loss {best.loss:.3f} at step {best.step:,}")
    if not figure.data:
        return None
    laid_out(
        figure,
        keep=" ".join(run.id for run, _ in found),
        x="optimiser step (dotted: training)",
        y="loss (nats per token)",
    )
    return drawn(figure, words=". ".join(told) or "No checks yet.")
