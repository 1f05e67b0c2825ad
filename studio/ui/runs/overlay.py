"""Overlay: the loss of several runs in one picture."""

from collections.abc import Sequence

import plotly.graph_objects as go

from studio.domain.reading import best_check, smoothed
from studio.domain.run import Metric, Run
from studio.ui.parts import html
from studio.ui.parts.chart import drawn, in_whole_numbers, laid_out

COLOURS = ("#3b6fb6", "#d9822b", "#2f7d5b", "#8a4f9e", "#b4443a", "#5b6472", "#9a6b1f", "#2a8a9d")
APART = 0.015  # of the picture's height, about the width of a line
Found = Sequence[tuple[Run, list[Metric]]]


def overlay(found: Found) -> dict[str, str] | None:
    """Validation loss of each run in its colour, over its training loss, smoothed and dotted; nothing without a point.

    The legend names each run once, so that it leaves room for the picture on a phone. A curve that lies on one below it is
    dashed, so that both are seen.
    """
    figure, told, lying = go.Figure(), [], on_others(found)
    for number, (run, points) in enumerate(found):
        colour = COLOURS[number % len(COLOURS)]
        trained = [(p.step, p.loss) for p in points if p.loss is not None]
        checks = _checks(points)
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
            steps, losses = list(checks), list(checks.values())
            is_whole = number < len(COLOURS) and number not in lying
            line = {"color": colour, "width": 2.4, "dash": "solid" if is_whole else "dash"}
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
    figure.update_xaxes(**in_whole_numbers(max(point.step for _, points in found for point in points)))
    return drawn(figure, words=". ".join(told) or "No checks yet.")


def on_others(found: Found) -> dict[int, int]:
    """Which curve lies on which one below it, so that below it nothing would be seen: each by its place in `found`."""
    drawn = [_checks(points) for _, points in found]
    losses = [loss for checks in drawn for loss in checks.values()]
    near = APART * (max(losses, default=0.0) - min(losses, default=0.0))
    pairs = [(upper, lower) for upper in range(len(drawn)) for lower in range(upper)]
    return {upper: lower for upper, lower in pairs if _is_on(drawn[upper], drawn[lower], near=near)}


def _is_on(upper: dict[int, float], lower: dict[int, float], *, near: float) -> bool:
    """Whether the shorter of two curves has no place of its own; before training all of them begin alike."""
    both = upper.keys() & lower.keys()
    is_whole = len(both) > 1 and len(both) == min(len(upper), len(lower))
    return is_whole and all(abs(upper[step] - lower[step]) <= near for step in both)


def _checks(points: list[Metric]) -> dict[int, float]:
    """The validation loss by step."""
    return {point.step: point.validation_loss for point in points if point.validation_loss is not None}


def lying_words(found: Found) -> str:
    """Which curves are dashed, and why."""
    told = [
        f"The curve of {found[upper][0].name} lies on that of {found[lower][0].name}; it is dashed, so that both are seen."
        for upper, lower in on_others(found).items()
    ]
    return f'<p class="help">{html.text(" ".join(told))}</p>' if told else ""
