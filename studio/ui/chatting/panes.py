"""Panes: every message once, and below it what each of those who were asked says to it, side by side."""

from collections.abc import Sequence
from dataclasses import replace

from studio.domain.talk import Answer, End, Exchange, Pane, Turn, end_words, mistaken
from studio.ui.parts import copying, html

IDLE = "This adapter changes nothing: with it and without it, the model computes the same."


def talk_page(exchanges: Sequence[Exchange], *, is_alive: bool) -> str:
    """The whole talk, the newest turn last; what is written at the moment grows at its end."""
    turns = "".join(_turn(each, is_alive=is_alive) for each in exchanges)
    return f'<div class="talk" role="log" aria-label="Talk" tabindex="0"><div>{turns}</div></div>'


def files(talk: str) -> str:
    """The talk to take along."""
    links = (("Markdown", f"/download/chat/{talk}.md"), ("JSONL", f"/download/chat/{talk}.jsonl"))
    named = "".join(f" &nbsp;{html.link(*each)}" for each in links)
    return f'<p class="help">Take the talk along:{named}</p>'


def _turn(exchange: Exchange, *, is_alive: bool) -> str:
    """One message with its answers; those that nobody is writing any more are told as not finished."""
    turn, is_alive = exchange.turn, is_alive and exchange.is_open
    sides = "".join(
        _said(pane, turn, answer, is_alive=is_alive) for pane, answer in zip(turn.panes, exchange.answers, strict=True)
    )
    return (
        f'<div class="turn"><div class="bubble user"><em>You</em>{html.text(turn.text)}</div>'
        f'<div class="beside">{sides}</div></div>'
    )


def _said(pane: Pane, turn: Turn, answer: Answer, *, is_alive: bool) -> str:
    """One answer under the name of who gives it; a sign where that is not who was asked."""
    if answer.end is None and not is_alive:
        answer = replace(answer, end=End.CUT)
    wrong = mistaken(pane, turn, answer)
    notes = [(wrong, "✕"), (IDLE if answer.idle else "", "▲"), (end_words(answer, turn.settings), "")]
    told = "".join(
        f'<p class="note{" wrong" if sign == "✕" else ""}">{sign} {html.text(words)}</p>'
        for words, sign in notes
        if words
    )
    waits = is_alive and answer.end is None
    text = html.text(answer.text) + ('<i class="writing" aria-hidden="true">…</i>' if waits else "")
    copy = copying.answer_button("Copy") if answer.counts else ""
    by = (
        f' <small title="{html.text(answer.identity.words)}">{_by(answer, sign="✕" if wrong else "✓")}</small>'
        if answer.identity
        else ""
    )
    kind = "base" if pane.who.is_base else "learned"  # the rating page has the same style sheet
    return (
        f'<div class="said {kind}"><em>{html.text(pane.who.title)}{by}</em>'
        f'<div class="words">{text}</div>{told}{copy}</div>'
    )


def _by(answer: Answer, *, sign: str) -> str:
    """What the worker says of itself, in short: which adapter was on, and how fast it wrote."""
    who = answer.identity
    adapter = f"adapter {who.sha256[:8]} on" if who and who.sha256 else "adapter off"
    pace = f" · {html.count(answer.tokens, 'token')} in {html.duration(answer.seconds)}" if answer.seconds >= 1 else ""
    return f"{sign} {adapter}{pace}"
