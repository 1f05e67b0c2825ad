"""Prompts: somebody's own prompts, one on each line as plain text or JSON, or the first line that is none and why."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from studio.data.problem import Problem
from studio.data.sniffing import HEAD_BYTES, unicode_of
from studio.data.texts import Refused, joined, text
from studio.data.turns import Turn, check_order, turn_of, turns_of
from studio.domain.errors import StudyError
from studio.domain.halves import HALF
from studio.domain.row import Message

LONGEST = 20_000  # characters of a prompt
MOST = 500
LARGEST_FILE = 4_000_000  # bytes
HOW = 'Write plain text, or {"prompt": "…"}, or {"messages": […]}.'
_LINE_END = re.compile(r"\r\n|\r|\n")  # no other: a text may hold any other separator of Unicode


@dataclass(frozen=True, slots=True)
class OwnPrompt:
    """What is asked, up to the last that the user says, and the line on which it stands."""

    line: int
    turns: tuple[Message, ...]


def read_prompts(written: str) -> list[OwnPrompt]:
    """Every line that is not blank; StudyError for the first that cannot be asked, with its number and the reason."""
    lines = [(number, line.strip()) for number, line in enumerate(_LINE_END.split(written.lstrip("\ufeff")), start=1)]
    filled = [(number, line) for number, line in lines if line]
    if len(filled) > MOST:
        raise StudyError(
            f"These are {len(filled):,} prompts of your own.",
            fix=f"Give at most {MOST}: people have to rate every one of them.",
            field="own",
        )
    if filled and filled[0][1] == "[":
        raise StudyError(
            f"Line {filled[0][0]} of your own prompts begins a list of JSON over several lines.",
            fix="Write each prompt on a line of its own (JSONL).",
            field="own",
        )
    return list(_read(filled))


def text_of(path: Path) -> str:
    """What a file of prompts says, in UTF-8 or UTF-16; StudyError where it is too large or no text."""
    if path.stat().st_size > LARGEST_FILE:
        raise StudyError(
            f"This file has {path.stat().st_size / 1e6:,.1f} MB, and prompts that people rate are far fewer.",
            fix=f"Give a file of at most {MOST} prompts.",
            field="own",
        )
    content = path.read_bytes()
    wide = unicode_of(content[:HEAD_BYTES])
    try:
        text = content[wide.skipped :].decode(wide.codec) if wide else content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError("This file is no text in UTF-8.", fix="Save it as UTF-8.", field="own") from error
    if "\0" in text:
        raise StudyError("This file is no text.", fix="Save the prompts as plain text or JSONL.", field="own")
    return text


def _read(lines: list[tuple[int, str]]) -> Iterator[OwnPrompt]:
    for number, line in lines:
        try:
            yield OwnPrompt(number, _turns(line))
        except Refused as refused:
            fix = refused.problem.fix.replace("leave the row out", "leave the prompt out")
            reason = f"Line {number} of your own prompts cannot be asked: {refused.problem.reason}"
            raise StudyError(reason, fix=fix, field="own") from refused


def _turns(line: str) -> tuple[Message, ...]:
    if HALF.search(line):
        raise Refused(Problem("It holds half of a character.", "Type that character again."))
    turns = _told(line) if line.startswith("{") else [Turn(Message("user", line))]
    while turns and turns[-1].message.role != "user":  # what comes after would be the answer
        turns.pop()
    if not turns:
        raise Refused(Problem("Nobody asks anything in it.", "Let it end with what a user says."))
    if any(turn.message.calls or turn.message.role == "tool" for turn in turns):
        raise Refused(Problem("It calls tools.", "Leave the prompt out: your own prompts are asked without tools."))
    check_order([*turns, Turn(Message("assistant", "…"))], field="messages")
    said = [turn.message for turn in turns]
    if sum(len(message.content) for message in said) > LONGEST:
        raise Refused(Problem("It is too long.", f"Shorten it to at most {LONGEST:,} characters."))
    return tuple(said)


def _told(line: str) -> list[Turn]:
    """The turns of a line of JSON; beside the messages or the prompt, nothing of it is used."""
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise Refused(Problem("It begins with { and is no JSON.", HOW)) from error
    if not isinstance(told, Mapping) or not {"messages", "prompt"} & told.keys():
        raise Refused(Problem("It has neither “messages” nor a “prompt”.", HOW))
    held: dict[str, Any] = dict(told)
    if "messages" in held:
        return turns_of(held, "messages", {})
    prompt = held["prompt"]
    if not isinstance(prompt, list):
        return [Turn(Message("user", text(held, "prompt")))]
    if prompt and isinstance(prompt[0], dict) and {"role", "from"} & prompt[0].keys():
        return [turn_of(turn, f"prompt[{place}]", {}) for place, turn in enumerate(prompt)]
    return [Turn(Message("user", joined(prompt, path="prompt")))]
