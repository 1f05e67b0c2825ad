"""Chart: plotly pictures that keep the reader's zoom while their data grow.

Gradio's own plot is made anew at every change and loses the zoom, so this draws into one element that stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import plotly.graph_objects as go

DRAW = """
const COLOURS = {
  '#3b6fb6': '--train', '#d9822b': '--validation', '#2f7d5b': '--good', '#9a6b1f': '--accent', '#b4443a': '--bad',
  '#8a4f9e': '--plum', '#2a8a9d': '--teal', '#5b6472': '--quiet',
};
const place = document.createElement('div');
place.className = 'chart';
element.appendChild(place);
const draw = () => {
  const value = props.value;
  if (!value || !value.figure) { place.style.display = 'none'; return; }
  if (!window.Plotly) { setTimeout(draw, 60); return; }
  place.style.display = '';
  place.setAttribute('role', 'group');  // there are things to press in it
  place.setAttribute('aria-label', value.words);
  const style = getComputedStyle(document.body);
  const figure = JSON.parse(value.figure.replace(new RegExp(Object.keys(COLOURS).join('|'), 'g'), (c) => style.getPropertyValue(COLOURS[c])));
  const ink = style.getPropertyValue('--ink').trim() || '#1c2430', line = style.getPropertyValue('--line').trim() || '#e4e4df';
  // Plotly measures the place when it fits the picture to a new width, so the height is the place's, not the layout's.
  place.style.height = figure.layout.height + 'px';
  delete figure.layout.height;
  figure.layout.font = {...figure.layout.font, color: ink};
  for (const axis of ['xaxis', 'yaxis']) figure.layout[axis] = {...figure.layout[axis], gridcolor: line, linecolor: line};
  if (!element.contains(place)) element.appendChild(place);
  Plotly.react(place, figure.data, figure.layout, {responsive: true, displaylogo: false, showSendToCloud: false, modeBarButtonsToRemove: ['lasso2d', 'select2d']});
};
watch('value', draw);
draw();
new MutationObserver(draw).observe(document.body, {attributeFilter: ['class']});  // light or dark
let width = 0;
new ResizeObserver(() => {
  if (!window.Plotly || !place.data || !place.offsetWidth || place.offsetWidth === width) return;
  width = place.offsetWidth;
  Plotly.Plots.resize(place).then(draw);  // drawn once more, since the legend is put where the margin was before
}).observe(element);
"""

SHORT = 5

HEAD = '<script src="/static/plotly.min.js" defer></script>'


def chart(*, label: str) -> gr.HTML:
    """An empty chart; hand it `drawn(figure, words)`."""
    return gr.HTML(
        None,
        label=label,
        html_template="",
        js_on_load=DRAW,
        head=HEAD,
        apply_default_css=False,
        elem_classes="chart-block",
    )


def drawn(figure: go.Figure, *, words: str) -> dict[str, str]:
    """The value of a chart: the picture, and its summary for those who do not see it."""
    return {"figure": figure.to_json() or "", "words": words}


def laid_out(figure: go.Figure, *, keep: str, x: str, y: str, height: int = 340) -> go.Figure:
    """The studio's layout; while `keep` stays the same, so does the reader's zoom."""
    figure.update_layout(
        uirevision=keep,
        height=height,
        margin={"l": 56, "r": 20, "t": 36, "b": 48},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, Segoe UI, Roboto, DejaVu Sans, sans-serif", "size": 13},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        xaxis={"title": {"text": x, "font": {"size": 13}}, "zeroline": False},
        yaxis={"title": {"text": y, "font": {"size": 13}}, "zeroline": False},
    )
    return figure


def in_whole_numbers(last: int) -> dict[str, Any]:
    """For an axis of what can be counted, from 0 to `last`: only on a short one would Plotly put halves between."""
    return {"dtick": 1} if last <= SHORT else {}


@dataclass(frozen=True, slots=True)
class Upright:
    """A line from bottom to top at `x`, with its name beside it at the top or, small, at the bottom."""

    x: float
    words: str
    line: dict[str, Any]
    is_left: bool = True
    is_top: bool = True

    @property
    def shape(self) -> dict[str, Any]:
        place = {"x0": self.x, "x1": self.x, "y0": 0, "y1": 1, "yref": "y domain"}
        return {"type": "line", "line": self.line, "layer": "above" if self.is_top else "below", **place}

    @property
    def name(self) -> dict[str, Any]:
        side, gap = ("right", -4) if self.is_left else ("left", 4)
        place = {"x": self.x, "y": int(self.is_top), "yref": "y domain", "xanchor": side, "xshift": gap}
        look = {"yanchor": "top" if self.is_top else "bottom", "font": {} if self.is_top else {"size": 11}}
        return {"text": self.words, "showarrow": False, **place, **look}


def uprights(figure: go.Figure, lines: Sequence[Upright]) -> go.Figure:
    """The picture with these lines and no others; all at once, since plotly takes 10 ms for each that it is told of."""
    return figure.update_layout(shapes=[line.shape for line in lines], annotations=[line.name for line in lines])


def mark(x: float, words: str, *, colour: str, last: float) -> Upright:
    """A dotted line at `x` with its name on the side that has room, on an axis from 0 to `last`."""
    return Upright(x, words, {"dash": "dot", "color": colour}, is_left=x > last / 2)
