"""Band: how often the fine-tuned answer is preferred, with the range that stays valid under any number of looks."""

import plotly.graph_objects as go

from studio.domain.verdict import Decision, Verdict
from studio.ui.parts.chart import drawn, laid_out

COLOURS = {Decision.SHIP: "#2f7d5b", Decision.DONT_SHIP: "#b4443a", Decision.NOT_YET: "#b8842f"}


def picture(verdict: Verdict, *, keep: str) -> dict[str, str]:
    """One bar on a line from 0 to 100 %, and the line of no difference."""
    share, band = verdict.tally.tuned_share, verdict.evidence.band
    figure = go.Figure()
    figure.add_scatter(
        x=[band.low * 100, band.high * 100], y=[0, 0], mode="lines", line={"width": 14, "color": COLOURS[verdict.decision]},
        hoverinfo="skip",
    )  # fmt: skip
    if share is not None:
        figure.add_scatter(
            x=[share * 100],
            y=[0],
            mode="markers",
            marker={"size": 17, "color": "#1c2430", "line": {"width": 2, "color": "#ffffff"}},
            hoverinfo="skip",
            cliponaxis=False,
        )
    laid_out(figure, keep=keep, x="how often the fine-tuned answer is preferred", y="", height=170)
    figure.add_vline(
        x=50, line_dash="dot", line_color="#5b6472", annotation_text="no difference", annotation_position="top"
    )
    figure.update_layout(
        showlegend=False, hovermode=False, margin={"l": 28, "r": 28, "t": 30, "b": 52},
        xaxis={"range": [0, 100], "ticksuffix": " %", "fixedrange": True, "showgrid": False, "showline": True},
        yaxis={"visible": False, "range": [-1, 1], "fixedrange": True},
    )  # fmt: skip
    words = f"Preferred in {100 * share:.0f} % of the ratings with a preference; " if share is not None else ""
    return drawn(
        figure, words=f"{words}the true preference lies between {100 * band.low:.0f} % and {100 * band.high:.0f} %."
    )
