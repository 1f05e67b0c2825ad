"""Deliver: "how do I use it?"""

from typing import Any

import gradio as gr

from studio.domain.reading import Reading, Tone
from studio.domain.run import Checkpoint, Run
from studio.domain.study import StudyState
from studio.flows import ask, compare, train
from studio.ui.errors import friendly
from studio.ui.parts import html
from studio.ui.session import QUIET, Session

EMPTY = html.empty("Nothing to deliver yet.", "Train a model first.")
CONTENTS = (
    ("adapter_model.safetensors", "what was learned"),
    ("adapter_config.json", "how it attaches to its base model"),
    ("README.md", "the model card: data, method, figures"),
    ("recipe.json", "the exact recipe"),
    ("run_adapter.py", "ten lines that ask it a question"),
)
USE = 'pip install torch transformers peft\npython run_adapter.py PATH_TO_THE_BASE_MODEL "your question"'


def build(session: Session, tab: gr.Tab) -> None:
    studio = session.studio
    gr.HTML(html.title("Deliver", "The adapter as a folder that works without the studio."))
    page = gr.HTML(EMPTY)
    with gr.Column(visible=False) as whole:
        with gr.Row(elem_classes="actions"):
            question = gr.Textbox(
                label="Try it once: ask both models", placeholder="Type what a user would write", min_width=280, scale=4
            )
            send = gr.Button("Ask", min_width=120, scale=1)
        said = gr.HTML()

    @friendly
    def show(run_id: str | None) -> list[Any]:
        kept = train.checkpoints(studio, run_id) if run_id else []
        if run_id is None or not kept:
            return [EMPTY, gr.Column(visible=False)]
        run = train.run(studio, run_id)
        judged = [s for s in compare.studies(studio, run_id) if s.state is StudyState.CLOSED]
        return [
            view(run, train.best_checkpoint(studio, run_id), judged=bool(judged)),
            gr.Column(visible=not run.is_live),
        ]

    @friendly
    def try_it(run_id: str, question: str) -> str:
        if not question.strip():
            return ""
        both = ask.ask(studio, run_id, question)
        parts = (("Fine-tuned", both.tuned), ("Base", both.base))
        answers = "".join(f"<div><em>{name}</em>{html.text(text)}</div>" for name, text in parts)
        return f'<div class="example"><div class="beside">{answers}</div><p class="help">Not blind, so it counts for no verdict.</p></div>'

    gr.on([tab.select, session.run.change], show, session.run, [page, whole], **QUIET)
    gr.on(
        [send.click, question.submit],
        try_it,
        [session.run, question],
        said,
        api_visibility="private",
        show_progress="minimal",
        concurrency_limit=None,
    )


def view(run: Run, best: Checkpoint, *, judged: bool) -> str:
    """What is delivered, a link to it, and how to run it."""
    warning = (
        ""
        if judged
        else html.reading(
            Reading(
                Tone.WARNING,
                "Nobody has judged it blind yet.",
                "You can deliver it, but there is no verdict to show with it.",
            )
        )
        + "<br>"
    )
    link = f'<a class="button" href="/download/adapter/{run.id}" download>Download the adapter</a>'
    contents = html.table(["File", "What it is"], [list(row) for row in CONTENTS])
    return (
        f"{warning}<div class='panel'><h3>{html.text(run.name)}, checkpoint of step {best.step:,}</h3>"
        f"<p class='help'>Validation loss {best.validation_loss:.3f} · {html.size(best.bytes)} on disk · sha256 {best.sha256[:16]}…</p>{link}<br><br>{contents}</div><br>"
        f"<div class='panel'><h3>Run it anywhere</h3><pre class='log'>{html.text(USE)}</pre></div>"
    )
