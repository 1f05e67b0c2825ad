"""Rate: one prompt, two answers, nothing else. A page of its own, so that it holds nothing that could unblind.

The page is handed a Turn and nothing more; sides, models and texts of other cards never leave the server. Both answers
arrive in one event, already written, so neither order nor timing tells them apart.

A judgement names its card and its link itself, so that one sent twice is still one, and none is lost or given to another
card when the server has been restarted in between.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import gradio as gr

from studio.domain.access import Right
from studio.domain.errors import StillWriting, StudioError, StudyError
from studio.domain.study import Choice, Criterion, Guessed, Side, Turn
from studio.flows import judge
from studio.flows.studio import Studio
from studio.ui.errors import friendly
from studio.ui.parts import carried, copying, html
from studio.ui.rating import card as shown
from studio.ui.rating.keys import GUESSING, JUDGING, UNDOING, listed
from studio.ui.rating.keys import HEAD as KEYS
from studio.ui.rating.page import RatingPage
from studio.ui.session import QUIET

HEAD = KEYS + copying.HEAD + carried.HEAD
# A press and what comes of it are one request; it counts once, whoever asks for it again meanwhile.
PRESS: dict[str, Any] = QUIET | {"trigger_mode": "once", "queue": False}
# An undo says what it takes back, so that one sent twice counts once; the next may follow as soon as a card is there.
AGAIN: dict[str, Any] = PRESS | {"trigger_mode": "multiple"}

BUTTONS: tuple[tuple[Choice, str, Literal["primary", "secondary"]], ...] = (
    (Choice.LEFT, "← Left is better", "primary"),
    (Choice.TIE, "Equally good", "secondary"),
    (Choice.BOTH_BAD, "Both bad", "secondary"),
    (Choice.RIGHT, "Right is better →", "primary"),
)
GUESSES: tuple[tuple[Guessed | None, str, str], ...] = (
    (Guessed.LEFT, "← Left", "guess-left"),
    (Guessed.UNSURE, "No idea", "guess-unsure"),
    (Guessed.RIGHT, "Right →", "guess-right"),
    (None, "Do not say", "guess-none"),
)
MARKED = tuple((side, criterion) for side in Side for criterion in Criterion)
NO_MARK = "–"
REMEMBERED = 20  # links of a browser, the newest last
STRANGER = StudyError("This page does not know you any more.", fix="Reload it and go on.")
THANKS = "Thank you. You have judged all that can come to you."
WAITING = "Everything is judged or in somebody's hands."
EARLY = "This page goes on by itself as soon as they are there."
LOOK_EVERY = 10.0  # seconds, while the answers are still being written


@dataclass(frozen=True, slots=True)
class Screen:
    """What changes from card to card, in the order of `view`; `item` is the card that a judgement is about."""

    progress: gr.HTML
    card: gr.HTML
    controls: gr.Column
    item: gr.Textbox
    shown_at: gr.State
    voting: gr.Row
    guessing: gr.Column
    skip: gr.Button
    remark: gr.Accordion
    you: gr.Accordion
    comment: gr.Textbox
    undo: gr.Button
    keys: gr.HTML
    again: gr.Button
    timer: gr.Timer
    last: gr.Textbox

    def all(self) -> list[Any]:
        return [getattr(self, field.name) for field in fields(self)]


@dataclass(frozen=True, slots=True)
class You:
    """Who judges: their own link on this page, those that the browser knows, and what they may say of themselves."""

    known: gr.BrowserState
    own: gr.Textbox
    name: gr.Textbox
    call: gr.Button
    device: gr.HTML


def build(studio: Studio) -> RatingPage:
    """The rating page; its address carries the study's link as ?t=…"""
    titled = {"title": "Which answer is better?", "analytics_enabled": False}
    with RatingPage(right=lambda _handler: Right.RATE, writing=Right.RATE, **titled) as page:
        known = gr.BrowserState([], storage_key="assay-rater", secret="a-rater-and-nothing-else")
        own = gr.Textbox(visible=False, label="You")
        item, shown_at = gr.Textbox(visible=False, label="Card"), gr.State(None)
        last = gr.Textbox(visible=False, label="Judged last")
        progress, card = gr.HTML(), gr.HTML(html.empty("One moment.", "The first card is on its way."))
        again, timer = gr.Button("Look again", visible=False, elem_id="rate-again"), gr.Timer(LOOK_EVERY, active=False)
        with gr.Column(visible=False, elem_id="rate-controls") as controls:
            voting, choices = _voting()
            guessing, guesses = _guessing()
            with gr.Row(elem_id="rate-small"):
                undo = gr.Button("Undo the last one", size="sm", elem_id="rate-undo", min_width=120)
                skip = gr.Button("Skip: I cannot judge this", size="sm", elem_id="rate-skip", min_width=120)
            keys = gr.HTML()
        with gr.Accordion("Marks and a comment (optional)", open=False, visible=False) as remark:
            marks = _marks()
            comment = gr.Textbox(
                label="Why?", lines=2, max_length=judge.LONGEST_COMMENT, placeholder="Kept with your judgement."
            )
        with gr.Accordion("You, and going on on another device", open=False, visible=False) as fold:
            with gr.Row(elem_classes="ends"):
                name = gr.Textbox(
                    label="Your name (optional)", max_length=judge.LONGEST_NAME, info="Seen by whoever invited you."
                )
                call = gr.Button("Keep this name", elem_id="rate-name", min_width=140)
            device = gr.HTML()
        below = (undo, keys, again, timer, last)
        screen = Screen(progress, card, controls, item, shown_at, voting, guessing, skip, remark, fold, comment, *below)
        you = You(known, own, name, call, device)
        _wire(studio, page, screen, you, marks)
        drawn = [*screen.all(), *marks]
        for button, choice in [*choices, (skip, Choice.SKIP)]:
            button.click(_rated(studio, choice), [own, item, shown_at, comment, *marks], drawn, **PRESS)
        for button, guessed in guesses:
            button.click(_suspected(studio, guessed), [own, item], drawn, **PRESS)
        undo.click(_undone(studio), [own, last], drawn, **AGAIN)
        again.click(_looked(studio), own, drawn, **PRESS)
        timer.tick(_looked(studio), own, drawn, **PRESS)
    return page


def _voting() -> tuple[gr.Row, list[tuple[gr.Button, Choice]]]:
    with gr.Row(elem_id="rate-buttons") as row:
        buttons = [
            (gr.Button(words, variant=variant, elem_id=f"rate-{choice.replace('_', '-')}", min_width=140), choice)
            for choice, words, variant in BUTTONS
        ]
    return row, buttons


def _guessing() -> tuple[gr.Column, list[tuple[gr.Button, Guessed | None]]]:
    with gr.Column(visible=False, elem_id="rate-guess") as column:
        gr.HTML(f'<p class="guess">{shown.ASKED}</p>')
        with gr.Row(elem_id="guess-buttons"):
            buttons = [(gr.Button(words, elem_id=id, min_width=100), guessed) for guessed, words, id in GUESSES]
    return column, buttons


def _marks() -> list[gr.Radio]:
    """One row of 1 to 5 for each criterion of each side; the same on both."""
    made = []
    with gr.Row(elem_id="rate-marks"):
        for side in Side:
            with gr.Column(min_width=260):
                made += [
                    gr.Radio(
                        [NO_MARK, "1", "2", "3", "4", "5"], value=NO_MARK, label=f"{side.title()}: {each}",
                        elem_id=f"mark-{side}-{each}",
                    )
                    for each in Criterion
                ]  # fmt: skip
    return made


def _wire(studio: Studio, page: gr.Blocks, screen: Screen, you: You, marks: list[gr.Radio]) -> None:
    drawn = [*screen.all(), *marks]
    # What somebody fills in is empty on a page that opens; an answer that comes late must not empty it again.
    opened = [at for at, part in enumerate(drawn) if part is not screen.comment and part not in marks]

    @friendly
    def begin(known: list[str] | None, request: gr.Request) -> list[Any]:
        listed = known if isinstance(known, list) else []
        try:
            link = judge.enter(studio, request.query_params.get("t", ""), known=listed)
        except StudioError as error:
            told = _closed(error)
            return [known, "", *_called(""), "", *(told[at] for at in opened)]
        now = [*[each for each in listed if each != link.token][1 - REMEMBERED :], link.token]
        told = _turn(studio, link.token)
        return [now, link.token, *_called(link.label), shown.device(link.token), *(told[at] for at in opened)]

    @friendly
    def call(own: str, name: str) -> list[Any]:
        return _called(judge.call(studio, own, name).label)

    about = [you.known, you.own, you.name, you.call, you.device]
    page.load(begin, you.known, [*about, *(drawn[at] for at in opened)], **QUIET)
    you.call.click(call, [you.own, you.name], [you.name, you.call], trigger_mode="once", **QUIET)


def _turn(studio: Studio, own: str) -> list[Any]:
    try:
        return view(judge.turn(studio, own))
    except StudioError as error:
        return _closed(error)


def _called(label: str) -> list[Any]:
    """The name is asked for once, and then stands as it was given."""
    return [gr.Textbox(value=label, interactive=not label), gr.Button(visible=not label)]


def _rated(studio: Studio, choice: Choice) -> Any:
    def rated(own: str, card_id: str, shown_at: float | None, comment: str, *marks: str) -> Turn:
        if not card_id:
            return judge.turn(studio, own)
        seconds = None if shown_at is None else max(0.0, time.time() - shown_at)
        return judge.rate(studio, own, card_id, choice, seconds=seconds, comment=comment, marks=_given(marks))

    return _step(rated)


def _suspected(studio: Studio, guessed: Guessed | None) -> Any:
    return _step(lambda own, card_id: judge.suspect(studio, own, card_id, guessed))


def _undone(studio: Studio) -> Any:
    return _step(lambda own, last: judge.undo(studio, own, last))


def _looked(studio: Studio) -> Any:
    return _step(lambda own: judge.turn(studio, own))


def _step(act: Callable[..., Turn]) -> Any:
    """A press as an event: what comes next, or the one sentence that says why nothing does."""

    @friendly
    def stepped(own: str | None, *told: Any) -> list[Any]:
        if not own:
            return _closed(STRANGER)
        try:
            return view(act(own, *told))
        except StudioError as error:
            return _closed(error)

    return stepped


def _given(marks: tuple[str, ...]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (side, criterion), mark in zip(MARKED, marks, strict=True):
        if mark and mark.isdecimal():
            found.setdefault(side, {})[criterion] = int(mark)
    return found


def view(turn: Turn) -> list[Any]:
    """The page for one turn: a card, the question about the one before it, or a sentence when there is none."""
    if turn.asked_about:
        return _question(turn)
    if turn.card is None:
        title = WAITING if turn.is_waiting else THANKS
        far = shown.bar(f"You have judged {turn.rated:,}", turn.together, turn.needed)
        said = [far, html.empty(title, _what_now(turn)), gr.update(visible=True), "", None]
        return [*said, *_offered(), "", *_below(turn, can_look=turn.is_waiting), *_unmarked()]
    return [
        shown.head(turn.card),
        shown.body(turn.card),
        gr.update(visible=True),
        turn.card.id,
        time.time(),
        *_offered(voting=True),
        "",
        *_below(turn, JUDGING),
        *_unmarked(),
    ]


def _what_now(turn: Turn) -> str:
    """What there is to do for a rater who has no card, and what is left for others."""
    if turn.is_waiting:
        return "Come back in half an hour, or close this page. Thank you."
    left, close = turn.needed - turn.together, "You may close this page, or undo your last judgement."
    missing = "The one that is missing is" if left == 1 else f"The {left:,} that are missing are"
    others = f"{missing} for other people: second opinions, or what was skipped. "
    return f"{others if left else ''}{close}"


def _question(turn: Turn) -> list[Any]:
    """The card stays as it is, with a question below it in place of the buttons."""
    far = shown.bar(f"You have judged {turn.rated:,}", turn.together, turn.needed)
    return [
        f'<div class="title"><h2>One question in between</h2></div>{far}',
        gr.skip(),
        gr.update(visible=True),
        turn.asked_about,
        None,
        *_offered(guessing=True),
        "",
        *_below(turn, GUESSING),
        *_unmarked(),
    ]


def _offered(*, voting: bool = False, guessing: bool = False, is_closed: bool = False) -> list[Any]:
    """The buttons that judge a card with its skip, its marks and its comment, or those of the question, or undo alone."""
    return [
        gr.update(visible=voting),
        gr.update(visible=guessing),
        gr.update(visible=voting),
        gr.update(visible=voting),
        gr.update(visible=not is_closed),
    ]


def _below(
    turn: Turn, keys: Sequence[tuple[str, str]] = UNDOING, *, can_look: bool = False, is_early: bool = False
) -> list[Any]:
    """Undo where there is something to take back, the keys that work, looking again by hand or by itself, and which
    card undo would take back."""
    return [
        gr.update(interactive=turn.rated > 0),
        listed(keys if turn.rated else [key for key in keys if key not in UNDOING]),
        gr.update(visible=can_look or is_early),
        gr.update(active=is_early),
        turn.last,
    ]


def _unmarked() -> list[str]:
    return [NO_MARK] * len(MARKED)


def _closed(error: StudioError) -> list[Any]:
    """One sentence that says why there is nothing to judge; while answers are being written, the page looks again."""
    is_early = isinstance(error, StillWriting)
    said = html.empty(error.message, EARLY if is_early else error.fix)
    hidden = [gr.update(visible=False), "", None, *_offered(is_closed=True), ""]
    return ["", said, *hidden, *_below(Turn(), is_early=is_early), *_unmarked()]
