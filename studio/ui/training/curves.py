"""Curves: whatever a run measures, as it was and smoothed, with its passes and the best check marked."""

from dataclasses import dataclass
from math import ceil

import gradio as gr
import plotly.graph_objects as go

from studio.domain.reading import smoothed
from studio.domain.run import Metric, Run
from studio.ui.parts.chart import Upright, chart, drawn, in_whole_numbers, laid_out, mark, uprights

MOST_PASSES = 5
ROOM = 0.08  # of the height of the curves, for a line of words
BLUE, ORANGE, GREEN, BROWN = "#3b6fb6", "#d9822b", "#2f7d5b", "#9a6b1f"
PALE = "#9db7da"


@dataclass(frozen=True, slots=True)
class Line:
    """One curve: which measure of a point, its name, and `at_checks` where it is measured at checks alone."""

    of: str
    name: str
    colour: str = BLUE
    at_checks: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What one picture shows; values are multiplied by `times`, and `wobbles` says that smoothing means something."""

    unit: str
    lines: tuple[Line, ...]
    times: float = 1.0
    wobbles: bool = True


MEASURES = {
    "Loss": Measure(
        "loss (nats per token)",
        (
            Line("loss", "training loss"),
            Line("validation_loss", "validation loss", ORANGE, at_checks=True),
            Line("accuracy", "pairs told apart (share)", GREEN, at_checks=True),
            Line("margin", "margin", BROWN, at_checks=True),
        ),
    ),
    "Token accuracy": Measure(
        "tokens right (%)",
        (
            Line("token_accuracy", "training rows"),
            Line("validation_token_accuracy", "validation rows", ORANGE, at_checks=True),
        ),
        times=100,
    ),
    "Learning rate": Measure("learning rate", (Line("learning_rate", "learning rate"),), wobbles=False),
    "Gradient norm": Measure("gradient norm", (Line("grad_norm", "gradient norm"),)),
    "Speed": Measure("tokens per second", (Line("tokens_per_second", "tokens per second"),)),
    "Memory": Measure("memory (GB)", (Line("memory", "most held so far"),), times=1e-9, wobbles=False),
}


def build() -> tuple[gr.Radio, gr.Checkbox, gr.HTML]:
    """Which measure is shown, whether it is smoothed, and the picture."""
    with gr.Row(elem_classes="curve-choices"):
        measure = gr.Radio(list(MEASURES), value="Loss", label="Curve", scale=4, min_width=280)
        smooth = gr.Checkbox(True, label="Smoothed", scale=0, min_width=130)
    return measure, smooth, chart(label="Curves")


def curves(run: Run, points: list[Metric], *, measure: str = "Loss", smooth: bool = True) -> dict[str, str] | None:
    """One measure over the steps of a run; nothing before there is a step."""
    if not any(point.loss is not None for point in points):
        return None
    shown, figure = MEASURES[measure], go.Figure()
    for line in shown.lines:
        if held := _held(points, line.of, shown.times):
            _add(figure, line, held, smooth=smooth and shown.wobbles)
    laid_out(figure, keep=run.id, x="optimiser step", y=shown.unit)
    # What was zoomed to in steps stays for every measure; heights and what is hidden belong to one of them.
    figure.update_yaxes(uirevision=f"{run.id} {measure}", autorangeoptions={"include": _below(shown, points)})
    figure.update_layout(legend={"uirevision": f"{run.id} {measure}"})
    last = max(run.plan.steps, points[-1].step)
    # The lines across are where passes end.
    figure.update_xaxes(range=[0, last], showgrid=False, **in_whole_numbers(last))
    best = min((check for check in _held(points, "validation_loss") if check[0] > 0), key=lambda c: c[1], default=None)
    at_best = [mark(best[0], f"best, step {best[0]:,}", colour=GREEN, last=last)] if best else []
    uprights(figure, [*_passes(points, last), *at_best])
    if not figure.data:
        middle = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper"}
        figure.add_annotation(text="Not measured in this run.", showarrow=False, **middle)
    return drawn(figure, words=_words(measure, points, best))


def _held(points: list[Metric], name: str, times: float = 1.0) -> list[tuple[int, float]]:
    """The steps at which something was measured, each with its value."""
    return [(point.step, value * times) for point in points if (value := getattr(point, name)) is not None]


def _add(figure: go.Figure, line: Line, held: list[tuple[int, float]], *, smooth: bool) -> None:
    steps, values = [step for step, _ in held], [value for _, value in held]
    if line.at_checks:
        look = {"color": line.colour, "width": 2.4 if line.colour == ORANGE else 1.6}
        figure.add_scatter(x=steps, y=values, name=line.name, mode="lines+markers", line=look)
    elif smooth:
        figure.add_scatter(x=steps, y=values, name=line.name, line={"color": PALE, "width": 1}, hoverinfo="skip")
        thick = {"color": line.colour, "width": 2.4}
        figure.add_scatter(x=steps, y=smoothed(values), name="smoothed", line=thick)
    else:
        figure.add_scatter(x=steps, y=values, name=line.name, line={"color": line.colour, "width": 1.4})


def _passes(points: list[Metric], last: int) -> list[Upright]:
    """Light lines where a pass over the rows ends, a few at most."""
    far = max(points, key=lambda point: point.epoch)
    if not far.epoch:
        return []
    per_pass = far.step / far.epoch
    whole = int(last / per_pass + 1e-6)
    every = max(1, ceil(whole / MOST_PASSES))
    pale = {"width": 1, "color": "rgba(128,128,128,.28)"}
    return [
        Upright(round(number * per_pass, 2), f"pass {number}", pale, is_top=False)
        for number in range(every, whole + 1, every)
    ]


def _below(shown: Measure, points: list[Metric]) -> float:
    """A place so far below the curves that the names of the passes stand under them."""
    values = [value for line in shown.lines for _, value in _held(points, line.of, shown.times)]
    return min(values) - ROOM * (max(values) - min(values)) if values else 0.0


def _words(measure: str, points: list[Metric], best: tuple[int, float] | None) -> str:
    """What the picture shows, for those who do not see it."""
    if measure != "Loss":
        held = [(line.name, h[-1]) for line in MEASURES[measure].lines if (h := _held(points, line.of))]
        told = "; ".join(
            f"{name} {value * MEASURES[measure].times:,.4g} at step {step:,}" for name, (step, value) in held
        )
        return f"{measure}: {told}." if told else f"{measure} was not measured in this run."
    if best is None:
        return "No points yet."
    steps = len(_held(points, "loss"))
    return f"Training loss over {steps:,} steps; validation loss lowest at step {best[0]:,} with {best[1]:.3f}."
