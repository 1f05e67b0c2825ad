"""Curves: how training and validation loss go, with the best check marked."""

import plotly.graph_objects as go

from studio.domain.reading import smoothed
from studio.domain.run import Metric, Run
from studio.ui.parts.chart import drawn, laid_out, marked


def loss_curves(run: Run, points: list[Metric]) -> dict[str, str] | None:
    """Training loss raw and smoothed, validation loss, and the best check."""
    raw = [(p.step, p.loss) for p in points if p.loss is not None]
    checks = [(p.step, p.validation_loss) for p in points if p.validation_loss is not None]
    steps, losses = [step for step, _ in raw], [loss for _, loss in raw]
    if not raw:
        return None
    figure = go.Figure()
    figure.add_scatter(x=steps, y=losses, name="training loss", line={"color": "#9db7da", "width": 1}, hoverinfo="skip")
    figure.add_scatter(x=steps, y=smoothed(losses), name="training, smoothed", line={"color": "#3b6fb6", "width": 2.4})
    figure.add_scatter(
        x=[s for s, _ in checks],
        y=[v for _, v in checks],
        name="validation loss",
        mode="lines+markers",
        line={"color": "#d9822b", "width": 2.4},
    )
    for name, title, colour in (("accuracy", "pairs told apart (share)", "#2f7d5b"), ("margin", "margin", "#9a6b1f")):
        held = [(p.step, getattr(p, name)) for p in points if getattr(p, name) is not None]
        if held:
            x, y = zip(*held, strict=True)
            figure.add_scatter(x=x, y=y, name=title, mode="lines+markers", line={"color": colour, "width": 1.6})
    laid_out(figure, keep=run.id, x="optimiser step", y="loss")
    last = max(run.plan.steps, steps[-1])
    figure.update_xaxes(range=[0, last])
    best = min(checks, key=lambda check: check[1], default=None)
    if best and best[0] > 0:
        marked(figure, best[0], f"best, step {best[0]:,}", colour="#2f7d5b", last=last)
    words = (
        f"Training loss over {len(raw):,} steps; validation loss lowest at step {best[0]:,} with {best[1]:.3f}."
        if best
        else "No points yet."
    )
    return drawn(figure, words=words)
