"""Verdict: "should we ship?"""

from typing import Any

import gradio as gr

from studio.domain.study import StudyState
from studio.domain.verdict import Verdict
from studio.flows import compare, decide
from studio.flows.decide import Decided, Example
from studio.ui.errors import friendly
from studio.ui.parts import band, html
from studio.ui.parts.chart import chart
from studio.ui.session import DRAWN, QUIET, Session
from studio.verdict.picture import dots

# The style sheet is shared with the rating page, so it names no side.
DOTS = {"tuned": "won", "equal": "even", "base": "lost"}
EMPTY = html.empty("No verdict yet.", "It appears here when a comparison has been rated and closed.")
SECTIONS = (
    ("Where the fine-tuned answer won", "wins"),
    ("Where the base answer won", "losses"),
    ("Where both were bad", "both_bad"),
)


def build(session: Session, tab: gr.Tab) -> None:
    studio = session.studio
    picked = gr.Dropdown(label="Comparison", choices=[], allow_custom_value=True, visible=False, min_width=240)
    page = gr.HTML(EMPTY)
    with gr.Column(visible=False) as whole:
        picture = chart(label="How often the fine-tuned answer is preferred")
        figures = gr.HTML()
        with gr.Accordion("Examples to read", open=True):
            examples = gr.HTML()
        with gr.Accordion("Details for those who want to check", open=False):
            details = gr.HTML()
        forward = gr.Button("Continue to Deliver", variant="primary")
    shown = [picked, page, whole, picture, figures, examples, details]

    @friendly
    def show(run_id: str | None, study_id: str | None) -> list[Any]:
        closed = [s for s in compare.studies(studio, run_id) if s.state is StudyState.CLOSED] if run_id else []
        if not closed:
            return [gr.Dropdown(visible=False), EMPTY, gr.Column(visible=False), *[gr.skip()] * 4]
        chosen = next((s for s in closed if s.id == study_id), closed[0])
        labels = [(f"{s.protocol.cap} prompts, closed {s.closed_at:%d %b %H:%M}", s.id) for s in closed]
        picker = gr.Dropdown(choices=labels, value=chosen.id, visible=len(closed) > 1)
        return [picker, *view(decide.verdict(studio, chosen.id))]

    gr.on([tab.select, session.followed.change], show, [session.run, session.study], shown, **DRAWN)
    picked.input(show, [session.run, picked], shown, **QUIET)
    forward.click(lambda: gr.Tabs(selected="deliver"), None, session.tabs, **QUIET)


def view(decided: Decided) -> list[Any]:
    """The verdict in reading order: headline, picture, figures, examples, details."""
    return [
        headline(decided),
        gr.Column(visible=True),
        band.picture(decided.verdict, keep=decided.study.id),
        figures_of(decided),
        "".join(section(title, getattr(decided, name)) for title, name in SECTIONS)
        or '<p class="help">There is nothing to show.</p>',
        details_table(decided),
    ]


def headline(decided: Decided) -> str:
    """The decision in words, with one dot per rated prompt."""
    said, tally = decided.verdict, decided.verdict.tally
    drawn = "".join(f'<i class="{DOTS[dot]}"></i>' for dot in dots(tally))
    legend = (
        f'<span><i class="won"></i>fine-tuned better {tally.tuned:,}</span><span><i></i>equal {tally.equal:,}</span>'
        f'<span><i class="lost"></i>base better {tally.base:,}</span>'
    )
    caveats = "".join(f"<li>{html.text(caveat)}</li>" for caveat in said.caveats)
    closed = f"{decided.study.closed_at:%-d %B %Y}" if decided.study.closed_at else ""
    about = f"{decided.run.name} against its base model · {closed}"
    links = " · ".join(
        (
            html.link("Open the one-page report", f"/report/{decided.study.id}", download=False),
            html.link("Download the report", f"/download/report/{decided.study.id}"),
            html.link("Ratings as CSV", f"/download/ratings/{decided.study.id}.csv"),
            html.link("Ratings as JSONL", f"/download/ratings/{decided.study.id}.jsonl"),
        )
    )
    return (
        f'{html.title("Verdict", about)}<div class="panel verdict {said.decision.value}"><h1>{html.text(said.headline)}</h1>'
        f'<div class="said">{html.text(said.sentence)}</div><p class="next"><b>Next:</b> {html.text(said.next_step)}</p><div class="dots" role="img" aria-label="One dot per rated prompt">{drawn}</div>'
        f'<div class="legend">{legend}</div>{f"<ul class=help>{caveats}</ul>" if caveats else ""}<p class="help">{links}</p></div>'
    )


def figures_of(decided: Decided) -> str:
    said, exact = decided.verdict, decided.exact
    ratio = f"{said.length_ratio:.1f} ×" if said.length_ratio is not None else "–"
    return html.cards(
        [
            html.Figure(
                "Exactly the reference answer",
                f"{exact.tuned:,} of {exact.total:,}",
                f"base {exact.base:,} of {exact.total:,}",
            ),
            html.Figure("Both bad", f"{said.tally.both_bad:,} of {said.tally.rated:,}", "neither answer would do"),
            html.Figure("Length", ratio, "median fine-tuned answer against base"),
            html.Figure(
                "Side chosen", f"{said.side_bias.left:,} left, {said.side_bias.right:,} right", said.side_bias.sentence
            ),
        ]
    )


def section(title: str, examples: tuple[Example, ...]) -> str:
    """Examples with one outcome, both answers beside the reference."""
    if not examples:
        return ""
    return f"<h3>{title}</h3>" + "".join(_example(example) for example in examples)


def _example(example: Example) -> str:
    comment = f'<p class="help">A rater wrote: {html.text(example.comment)}</p>' if example.comment else ""
    parts = (("Fine-tuned", example.tuned), ("Base", example.base), ("Reference from the data", example.reference))
    answers = "".join(f"<div><em>{name}</em>{html.text(text)}</div>" for name, text in parts)
    return (
        f'<div class="example"><p>{html.text(example.question)}</p><div class="beside">{answers}</div>{comment}</div>'
    )


def details_table(decided: Decided) -> str:
    """The figures behind the words."""
    said, evidence = decided.verdict, decided.verdict.evidence

    def span(interval: Any) -> str:
        return f"{100 * interval.low:.1f} % to {100 * interval.high:.1f} %"

    rows = [
        ["Evidence that the fine-tuned model is better (20 to 1 settles it)", f"{evidence.e_better:,.2f} to 1"],
        ["Evidence that it is worse", f"{evidence.e_worse:,.2f} to 1"],
        ["True preference, 95 % band that stays valid however often one looks", span(evidence.band)],
        ["The same at one look only (Wilson, Clopper–Pearson)", f"{span(evidence.wilson)}; {span(evidence.exact)}"],
        [
            "Chance of such a lopsided result if both were equal, at one look (sign test; trinomial with ties)",
            f"{evidence.sign_test_p:.4f}; {evidence.trinomial_p:.4f}",
        ],
        ["Raters and rated prompts", f"{said.raters}, {said.prompts}"],
        ["Skipped", f"{said.tally.skipped}"],
        ["Prompts on which both models said the same", f"{decided.identical}"],
        ["Protocol fingerprint", decided.study.fingerprint],
    ]
    return html.table(["Figure", "Value"], rows) + agreement(said)


def agreement(said: Verdict) -> str:
    if said.agreement is None:
        return ""
    both = said.agreement
    return (
        f'<p class="help">{both.same} of {both.prompts} prompts that more than one person rated were judged alike.</p>'
    )
