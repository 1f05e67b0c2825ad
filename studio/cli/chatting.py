"""Chatting: the verb that talks with the base and a checkpoint, in a terminal or message by message."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from studio.cli.importing import pair
from studio.cli.output import Json, answer, say, verb
from studio.cli.running import RunId
from studio.cli.workspace import opened
from studio.domain.errors import RunError
from studio.domain.excerpt import visible
from studio.domain.job import JobState
from studio.domain.talk import BASE, Exchange, end_words, mistaken
from studio.flows import chat as flow
from studio.flows import train
from studio.flows.chat import Look, Setup
from studio.flows.studio import Studio

PATIENCE = 180.0  # seconds that a message may wait before anybody is there to answer it
LOOK_EVERY = 0.1
Seen = Callable[[Look], None]


@verb
def chat(
    run: RunId,
    message: Annotated[
        list[str] | None,
        typer.Option("--message", "--say", help="What to say, once for each turn."),
    ] = None,
    checkpoint: Annotated[
        int | None, typer.Option("--checkpoint", "--step", help="The step of a checkpoint; the best one if left out.")
    ] = None,
    base: Annotated[bool, typer.Option("--base", help="Talk with the base model alone.")] = False,
    instructions: Annotated[
        str | None, typer.Option(help="What both read first; if left out, what most rows of the dataset begin with.")
    ] = None,
    set: Annotated[
        list[str] | None, typer.Option("--set", help="One setting: temperature, top_p, max_new_tokens or seed.")
    ] = None,
    json: Json = False,
) -> None:
    """Talk with the base and a checkpoint of a run beside each other; it counts for no verdict."""
    studio = opened(working=True)
    found = train.run(studio, run)
    panes = (BASE,) if base else (BASE, f"{run}:{train.checkpoint_at(studio, run, checkpoint).step}")
    told = flow.usual_instructions(studio, found.dataset_id) if instructions is None else instructions
    setup = Setup(found.model_id, panes, told, flow.settings_of(dict(pair(each) for each in set or [])))
    with _talk(studio) as talk:
        if message or json or not sys.stdin.isatty():
            _one_after_the_other(studio, talk, setup, run, message or _lines(), json=json)
        else:
            _by_hand(studio, talk, setup)


@contextmanager
def _talk(studio: Studio) -> Iterator[str]:
    """A talk of its own, of which nothing is left afterwards."""
    talk = flow.new_talk()
    try:
        yield talk
    finally:
        flow.clear(studio, talk)


def _lines() -> list[str]:
    return [line.rstrip("\n") for line in sys.stdin if line.strip()]


def _one_after_the_other(studio: Studio, talk: str, setup: Setup, run: str, messages: list[str], *, json: bool) -> None:
    if not messages:
        raise RunError("There is no message.", fix="Say --message, or write one a line to the standard input.")
    said = [_answered(studio, talk, text, setup) for text in messages]
    values: dict[str, Any] = {"run": run, "model": setup.model_id, "instructions": setup.instructions}
    values |= {"settings": setup.settings, "turns": [_values(each) for each in said]}
    for who, last in zip(("base", "tuned"), said[-1].answers, strict=False):
        values[who] = last.text
    answer(json, values, "\n\n".join(map(_words, said)))


def _by_hand(studio: Studio, talk: str, setup: Setup) -> None:
    """A talk in a terminal: answers appear as they are written, Ctrl-C stops one, an empty line ends it all."""
    say("An empty line ends the talk; Ctrl-C stops an answer. Not blind, so it counts for no verdict.")
    while text := typer.prompt("You", default="", show_default=False).strip():
        try:
            say(_notes(_answered(studio, talk, text, setup, seen=_printed())))
        except KeyboardInterrupt:
            flow.stop(studio, talk)
            _until_free(studio, talk)
            say("\nStopped.")


def _answered(studio: Studio, talk: str, text: str, setup: Setup, *, seen: Seen = lambda look: None) -> Exchange:
    """The turn once every pane has ended; RunError where nobody is there to answer any more, or for a long time yet."""
    flow.ask(studio, talk, text, setup)
    return _until_free(studio, talk, seen=seen)


def _until_free(studio: Studio, talk: str, *, seen: Seen = lambda look: None) -> Exchange:
    began = time.monotonic()
    while (look := flow.look(studio, talk)).is_open:
        seen(look)
        job = look.job
        if job is None or not job.is_live:
            raise RunError(job.message if job else "Nobody answers.", fix=job.fix if job else "Ask again.")
        if job.state is JobState.QUEUED and time.monotonic() - began > PATIENCE:
            raise RunError("The machine is busy with other work.", fix="Ask again when that has ended.")
        time.sleep(LOOK_EVERY)
    seen(look)
    assert look.last is not None
    return look.last


def _printed() -> Seen:
    """Prints what is new: one pane after the other, since lines of two at once could not be read."""
    printed = [""] * 2
    at = -1

    def seen(look: Look) -> None:
        nonlocal at
        if look.last is None:
            return
        for place, (pane, said) in enumerate(zip(look.last.turn.panes, look.last.answers, strict=True)):
            if place > at and said.text:
                at = place
                typer.secho(f"\n{visible(pane.who.title)}:", bold=True)
            if place == at:
                same = len(printed[place]) if said.text.startswith(printed[place]) else 0
                say(said.text[same:], nl=False)
                printed[place] = said.text
            if said.end is None:
                return

    return seen


def _notes(exchange: Exchange) -> str:
    """What is to be said of the answers beside what they say."""
    told = [
        f"({pane.who.title}: {words})"
        for pane, said in zip(exchange.turn.panes, exchange.answers, strict=True)
        for words in (mistaken(pane, exchange.turn, said), end_words(said, exchange.turn.settings))
        if words
    ]
    return "\n".join(["", *told])


def _words(exchange: Exchange) -> str:
    names = ("base: ", "tuned:")
    lines = [f"{name} {said.text}" for name, said in zip(names, exchange.answers, strict=False)]
    return "\n".join(lines) + _notes(exchange)


def _values(exchange: Exchange) -> dict[str, Any]:
    settings = exchange.turn.settings
    answers = [
        {"answered_by": pane.who.title, "step": pane.who.step, "as_asked": not mistaken(pane, exchange.turn, said)}
        | {"text": said.text, "end": said.end, "note": end_words(said, settings), "tokens": said.tokens}
        | {"seconds": said.seconds, "identity": said.identity}
        for pane, said in zip(exchange.turn.panes, exchange.answers, strict=True)
    ]
    return {"message": exchange.turn.text, "answers": answers}
