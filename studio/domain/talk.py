"""Talk: several turns with one or two models beside each other, and what each of them said."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from studio.domain.sampling import Sampling

BASE = "base"


class AnswerSettings(BaseModel):
    """How answers are drawn; the same for both panes. Labels, help and bounds of the controls are these fields'."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(
        0.0,
        ge=0,
        le=2,
        title="Temperature",
        description="0 takes the likeliest word every time, as comparisons do; 0.7 varies, above 1 wanders off.",
    )
    top_p: float = Field(
        1.0,
        gt=0,
        le=1,
        title="Top-p",
        description="Draws from the likeliest words that together have this share; 1 leaves none out. Not used at 0.",
    )
    max_new_tokens: int = Field(
        160,
        ge=1,
        le=8192,
        title="Longest answer (tokens)",
        description="An answer that has not ended by then is cut there, and says so.",
    )
    seed: int = Field(
        7,
        ge=0,
        le=2**31 - 1,
        title="Seed",
        description="The same seed draws the same answer again. Both panes begin from it. Not used at 0.",
    )

    def sampling(self) -> Sampling:
        return Sampling(**self.model_dump())


class Contestant(BaseModel):
    """Who answers in a pane: the base model, or a checkpoint of a run, known by the fingerprint of its weights."""

    model_config = ConfigDict(frozen=True)

    run_id: str | None = None
    run: str = ""
    step: int | None = None
    sha256: str | None = None
    is_best: bool = False

    @property
    def is_base(self) -> bool:
        return self.run_id is None

    @property
    def key(self) -> str:
        """What stands for it in a picker."""
        return BASE if self.is_base else f"{self.run_id}:{self.step}"

    @property
    def title(self) -> str:
        return "Base model" if self.is_base else f"{self.run}, step {self.step:,}{' (best)' if self.is_best else ''}"


class Pane(BaseModel):
    """One side of a turn: who is asked, where its weights lie (nowhere for the base), and all that it has to read.

    `history` are roles and texts, the instructions first where there are any, the new message last.
    """

    model_config = ConfigDict(frozen=True)

    who: Contestant
    weights: str | None = None
    history: tuple[tuple[str, str], ...]


class Turn(BaseModel):
    """One message to both panes, as it is handed to the worker; `model` is the folder of the base."""

    model_config = ConfigDict(frozen=True)

    number: int
    text: str
    at: float
    model: str
    model_id: str
    model_title: str
    settings: AnswerSettings
    panes: tuple[Pane, ...]


class End(StrEnum):
    """How an answer ended; CUT where the worker went before it could say so."""

    WHOLE = "whole"
    LENGTH = "length"
    CONTEXT = "context"
    STOPPED = "stopped"
    LEFT = "left"
    TOO_LONG = "too_long"
    FAILED = "failed"
    CUT = "cut"


class Identity(BaseModel):
    """Who really answered: the model, and the adapter that was on while it did; None where none was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model_id: str
    sha256: str | None
    quantisation: str

    @property
    def words(self) -> str:
        bits = "4-bit weights" if self.quantisation == "nf4" else "weights as they are"
        return f"{self.model_id}, {bits}, {f'adapter {self.sha256[:12]} on' if self.sha256 else 'no adapter on'}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a pane says to one message, so far or (with an `end`) for good; `tokens` counts those it wrote.

    `read` are the tokens it had to read and `context` those that the model can hold, where that was the trouble.
    """

    text: str = ""
    end: End | None = None
    tokens: int = 0
    seconds: float = 0.0
    identity: Identity | None = None
    read: int = 0
    context: int = 0
    idle: bool = False
    message: str = ""
    fix: str = ""

    @property
    def counts(self) -> bool:
        """Whether there is something to go on from in the next turn."""
        return bool(self.text) and self.end is not None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A turn with its answers, one for each pane; `is_open` while more of them may come."""

    turn: Turn
    answers: tuple[Answer, ...]
    is_open: bool = False


def heard(lines: Iterable[dict[str, Any]], panes: int) -> tuple[Answer, ...]:
    """The answers from what the worker wrote: pieces that replace the text from a place on, and how it ended."""
    answers = [Answer() for _ in range(panes)]
    for line in lines:
        place = line["pane"]
        if "end" in line:
            told = {name: value for name, value in line.items() if name not in ("pane", "end", "identity")}
            identity = Identity.model_validate(line["identity"]) if line.get("identity") else None
            answers[place] = Answer(end=End(line["end"]), identity=identity, **told)
        else:
            answers[place] = Answer(text=answers[place].text[: line["from"]] + line["text"])
    return tuple(answers)


def history(exchanges: Sequence[Exchange], pane: int, *, instructions: str, text: str) -> tuple[tuple[str, str], ...]:
    """All that one pane has to read for a new message: a turn that it has not answered is left out."""
    said = [("system", instructions)] if instructions.strip() else []
    for exchange in exchanges:
        if pane < len(exchange.answers) and exchange.answers[pane].counts:
            said += [("user", exchange.turn.text), ("assistant", exchange.answers[pane].text)]
    return (*said, ("user", text))


def end_words(answer: Answer, settings: AnswerSettings) -> str:
    """How an answer ended, in words; nothing where it ended by itself."""
    match answer.end:
        case End.LENGTH:
            return (
                f"Cut at the longest answer of {settings.max_new_tokens:,} tokens. Raise it under Settings to read on."
            )
        case End.CONTEXT:
            return (
                f"Cut because the model can hold no more than {answer.context:,} tokens with all that was said before. "
                "Clear the talk, or ask something shorter."
            )
        case End.TOO_LONG:
            return (
                f"Not asked: with all that was said before, this message makes {answer.read:,} tokens, and the model "
                f"can hold {answer.context:,}. Shorten the message, or clear the talk and begin anew."
            )
        case End.STOPPED:
            return "Stopped by you." if answer.text else "Stopped by you before it said anything."
        case End.LEFT | End.CUT:
            return "Not finished: the chat ended before it was. Ask it again to have it whole."
        case End.FAILED:
            return f"{answer.message} {answer.fix}".strip()
        case _:
            return ""


def mistaken(pane: Pane, turn: Turn, answer: Answer) -> str:
    """What is wrong where somebody else answered than was asked; empty where all is as it should be."""
    who = answer.identity
    if who is None or (who.model_id, who.sha256) == (turn.model_id, pane.who.sha256):
        return ""
    return f"This was not answered by {pane.who.title}, but by {who.words}."


def as_lines(exchanges: Sequence[Exchange]) -> str:
    """The talk as JSONL: one object for each turn and pane, with who answered and how."""
    lines = [
        {
            "turn": exchange.turn.number,
            "pane": place + 1,
            "answered_by": pane.who.title,
            "run": pane.who.run_id,
            "step": pane.who.step,
            "identity": answer.identity.model_dump() if answer.identity else None,
            "messages": [{"role": role, "content": text} for role, text in pane.history]
            + ([{"role": "assistant", "content": answer.text}] if answer.text else []),
            "end": answer.end,
            "tokens": answer.tokens,
            "settings": exchange.turn.settings.model_dump(),
        }
        for exchange in exchanges
        for place, (pane, answer) in enumerate(zip(exchange.turn.panes, exchange.answers, strict=True))
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def as_markdown(exchanges: Sequence[Exchange]) -> str:
    """The talk to be read: every message once, and below it what each pane said."""
    if not exchanges:
        return ""
    parts = [f"# Chat with {exchanges[-1].turn.model_title}\n\nNot blind, so it counts for no verdict.\n"]
    told = ""
    for exchange in exchanges:
        turn = exchange.turn
        given = turn.panes[0].history[0]
        if given[0] == "system" and given[1] != told:
            told = given[1]
            parts.append(f"## Instructions\n\n{_quoted(told)}\n")
        parts.append(f"## {turn.number}. You\n\n{_quoted(turn.text)}\n")
        for pane, answer in zip(turn.panes, exchange.answers, strict=True):
            notes = [mistaken(pane, turn, answer), end_words(answer, turn.settings)]
            note = "".join(f"\n*{words}*\n" for words in notes if words)
            parts.append(f"### {pane.who.title}\n\n{_quoted(answer.text)}\n{note}")
    return "\n".join(parts)


def _quoted(text: str) -> str:
    """Text as a quotation, so that nothing in it becomes a heading."""
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))
