"""Rate: one prompt, two answers, nothing else. A page of its own, so that it holds nothing that could unblind.

The page is handed a Card and nothing more; sides, models and texts of other cards never leave the server. Both answers
arrive in one event, already written, so neither order nor timing tells them apart.

A judgement names its card and its link itself, so that one sent twice is still one, and none is lost or given to another
card when the server has been restarted in between.
"""

import time
from html import escape
from typing import Any, Literal

import gradio as gr

from studio.domain.errors import StudioError, StudyError
from studio.domain.study import Card, Choice
from studio.flows import judge
from studio.flows.studio import Studio
from studio.ui.errors import friendly
from studio.ui.parts import html
from studio.ui.session import QUIET

SPEAKERS = {
    "system": "The instructions were",
    "user": "The request was",
    "assistant": "An earlier answer was",
    "tool": "A tool answered",
}
BUTTONS: tuple[tuple[Choice, str, Literal["primary", "secondary"]], ...] = (
    (Choice.LEFT, "← Left is better", "primary"),
    (Choice.TIE, "Equally good", "secondary"),
    (Choice.BOTH_BAD, "Both bad", "secondary"),
    (Choice.RIGHT, "Right is better →", "primary"),
)
KEYS = "".join(
    f"<span><kbd>{key}</kbd> {words}</span>"
    for key, words in (("←", "left"), ("→", "right"), ("=", "equal"), ("0", "both bad"), ("U", "undo"), ("S", "skip"))
)
STRANGER = StudyError("This page does not know you any more.", fix="Reload it and go on.")
# Nobody reads a card in half a second: what arrives sooner is the second half of a double click, meant for the card before.
HEAD = """
<script>
let judged = -Infinity;
document.addEventListener('click', (event) => {
  if (!event.target.closest('#rate-buttons button, #rate-skip')) return;
  const now = performance.now();
  if (now - judged < 500) { event.preventDefault(); event.stopImmediatePropagation(); } else judged = now;
}, true);
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest('input, textarea, select')) return;
  const keys = {ArrowLeft: 'rate-left', ArrowRight: 'rate-right', '=': 'rate-tie', '0': 'rate-both-bad', u: 'rate-undo', s: 'rate-skip'};
  const id = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const found = id && document.getElementById(id);
  const button = found && (found.tagName === 'BUTTON' ? found : found.querySelector('button'));
  if (button && !button.disabled && button.offsetParent) { event.preventDefault(); button.click(); }
});
</script>
"""


def build(studio: Studio) -> gr.Blocks:
    """The rating page; its address carries the study's link as ?t=…"""
    with gr.Blocks(title="Which answer is better?", analytics_enabled=False) as page:
        rater = gr.BrowserState(None, storage_key="assay-rater", secret="a-rater-and-nothing-else")
        item, shown_at = gr.Textbox(visible=False, label="Card"), gr.State(None)
        progress, card = gr.HTML(), gr.HTML(html.empty("One moment.", "The first card is on its way."))
        with gr.Column(visible=False) as controls:
            with gr.Row(elem_id="rate-buttons") as voting:
                choices = [
                    (
                        choice,
                        gr.Button(
                            words, variant=variant, elem_id=f"rate-{choice.value.replace('_', '-')}", min_width=140
                        ),
                    )
                    for choice, words, variant in BUTTONS
                ]
            with gr.Row(elem_id="rate-small"):
                undo = gr.Button("Undo the last one", size="sm", elem_id="rate-undo", min_width=120)
                skip = gr.Button("Skip: I cannot judge this", size="sm", elem_id="rate-skip", min_width=120)
            gr.HTML(f'<div class="keys">{KEYS}</div>')
            with gr.Accordion("A comment (optional)", open=False) as remark:
                comment = gr.Textbox(
                    label="Why?", lines=2, max_length=judge.LONGEST_COMMENT, placeholder="Kept with your judgement."
                )
        shown = [progress, card, controls, item, shown_at, comment, voting, skip, remark]

        @friendly
        def begin(known: str | None, request: gr.Request) -> list[Any]:
            try:
                own = judge.enter(studio, request.query_params.get("t", ""), known=known).token
                return [own, *view(judge.next_card(studio, own))]
            except StudioError as error:
                return [known, *_closed(error)]

        @friendly
        def undone(own: str | None) -> list[Any]:
            return view(judge.undo(studio, own)) if own else _closed(STRANGER)

        page.load(begin, rater, [rater, *shown], **QUIET)
        for choice, button in [*choices, (Choice.SKIP, skip)]:
            button.click(_rated(studio, choice), [rater, item, shown_at, comment], shown, trigger_mode="once", **QUIET)
        undo.click(undone, rater, shown, trigger_mode="once", **QUIET)
    return page


def _rated(studio: Studio, choice: Choice) -> Any:
    @friendly
    def rated(own: str | None, card_id: str | None, shown_at: float | None, comment: str) -> list[Any]:
        if not own:
            return _closed(STRANGER)
        seconds = None if shown_at is None else time.time() - shown_at
        try:
            if not card_id:
                return view(judge.next_card(studio, own))
            return view(judge.rate(studio, own, card_id, choice, seconds=seconds, comment=comment))
        except StudioError as error:
            return _closed(error)

    return rated


def view(card: Card | None) -> list[Any]:
    """The page for one card, or thanks when there is none left."""
    if card is None:
        done = html.empty(
            "Thank you. You have judged everything here.", "You may close this page, or undo your last judgement."
        )
        return [html.bar(1.0, "All done"), done, gr.Column(visible=True), "", None, "", *_voting(False)]
    left = f" · about {html.duration(card.seconds_left)} left" if card.seconds_left is not None else ""
    return [
        f'<div class="title"><h2>{escape(card.question)}</h2></div>{html.bar(card.rated / card.total, f"{card.position} of {card.total}{left}")}',
        _card(card),
        gr.Column(visible=True),
        card.id,
        time.time(),
        "",
        *_voting(True),
    ]


def _voting(is_open: bool) -> list[Any]:
    """The buttons that judge a card, its skip and its comment; without a card only undo is left."""
    return [gr.Row(visible=is_open), gr.Button(visible=is_open), gr.Accordion(visible=is_open)]


def _card(card: Card) -> str:
    asked = "".join(
        f'<div class="asked-label">{SPEAKERS.get(m.role, "")}</div><div class="asked">{escape(m.text)}</div>'
        for m in card.prompt
    )
    answers = "".join(
        f'<div><div class="asked-label">{name}</div><div class="answer" id="answer-{name.lower()}">{escape(text) or "<i>(no text)</i>"}</div></div>'
        for name, text in (("Left", card.left), ("Right", card.right))
    )
    return f'<div class="rate-card">{asked}<div class="answers">{answers}</div></div>'


def _closed(error: StudioError) -> list[Any]:
    return ["", html.empty(error.message, error.fix), gr.Column(visible=False), "", None, "", *_voting(False)]
