"""Canonical: one row as written becomes messages, or the reason why it cannot. Nothing is repaired."""

import json
import re
from typing import Any, NamedTuple

from studio.data.calls import tools_text
from studio.data.problem import Problem
from studio.data.texts import LARGEST_EXACT, Refused, optional_text, text
from studio.data.turns import ANSWER_FIX, Turn, as_text, check_order, turn_of, turns_of
from studio.domain.dataset import Layout, Mapping
from studio.domain.row import TEXT, Message, record_of

LONG_NUMBER = re.compile(rb"\d{17}")
CHOSEN_FIX = "These look like preference pairs: choose that layout for the file, or add the chosen answer at the end."


class Canonical(NamedTuple):
    """The messages of a row, its other fields as text, the tools that it describes and the answer that it rejects."""

    messages: tuple[Message, ...]
    extra: dict[str, str]
    tools: str = ""
    rejected: tuple[Message, ...] = ()
    asked: int | None = None

    @property
    def record(self) -> dict[str, Any]:
        """What is stored of the row besides its line."""
        told = record_of(self.messages, tools=self.tools, rejected=self.rejected, asked=self.asked)
        return {**told, "extra": self.extra}


def canonical(value: dict[str, Any], mapping: Mapping, *, raw: bytes) -> Canonical | Problem:
    """A row in messages form: system at most first, user and assistant in turn, an answer last; or what is wrong.

    An instruction and its input become one user message with an empty line between them.
    """
    fields = mapping.fields
    if len(value) == 2 and (plain := _plain(value, fields)):
        return plain
    used = set(fields.values())
    extra = {} if value.keys() <= used else _extra(value, used=used, raw=raw)
    if (b"tool" in raw or b"function" in raw) and LONG_NUMBER.search(raw):
        value = json.loads(raw)  # the arguments of calls keep every digit
    try:
        if mapping.layout is Layout.TEXT:
            return Canonical((Message(TEXT, text(value, fields["text"])),), extra)
        if mapping.layout is Layout.PREFERENCE:
            return _preference(value, fields, extra)
        if mapping.layout is Layout.INSTRUCTION_RESPONSE or not _are_lists(value, fields):
            return Canonical(_asked_and_answered(value, fields), extra, _tools(value, fields))
        turns = _conversation(value, mapping, extra)
        check_order(turns, field=fields.get("messages") or fields.get("completion"), answer_fix=_answer_fix(value))
        return Canonical(_messages(turns), extra, _tools(value, fields))
    except Refused as refused:
        return refused.problem


def _plain(value: dict[str, Any], fields: dict[str, str]) -> Canonical | None:
    """A row of a question and its answer, both texts, and of nothing else, as most rows are."""
    if len(fields) != 2:
        return None
    asked, answered = (("prompt", "completion"), ("instruction", "response"))["instruction" in fields]
    question, answer = value.get(fields.get(asked, "")), value.get(fields.get(answered, ""))
    if type(question) is not str or type(answer) is not str or not question.strip() or not answer.strip():
        return None
    return Canonical((Message("user", question), Message("assistant", answer)), {})


def _tools(value: dict[str, Any], fields: dict[str, str]) -> str:
    return tools_text(value.get(fields["tools"]), field=fields["tools"]) if "tools" in fields else ""


def _messages(turns: list[Turn]) -> tuple[Message, ...]:
    return tuple([turn.message for turn in turns])


def _answer_fix(value: dict[str, Any]) -> str:
    return CHOSEN_FIX if "chosen" in value and "rejected" in value else ANSWER_FIX


def _are_lists(value: dict[str, Any], fields: dict[str, str]) -> bool:
    """Whether a row holds messages: in one field, or up to the answer in one and from there on in another."""
    if "messages" in fields:
        return True
    return isinstance(value.get(fields["prompt"]), list) and isinstance(value.get(fields["completion"]), list)


def _asked_and_answered(value: dict[str, Any], fields: dict[str, str]) -> tuple[Message, ...]:
    """The messages of a row with a text for each, which are always in order."""
    asked, answer = ("prompt", "completion") if "prompt" in fields else ("instruction", "response")
    said = _asked(value, fields, part=asked), Message("assistant", text(value, fields[answer]))
    system = optional_text(value, fields["system"]) if "system" in fields else ""
    return (Message("system", system), *said) if system else said


def _conversation(value: dict[str, Any], mapping: Mapping, extra: dict[str, str]) -> list[Turn]:
    fields = mapping.fields
    parts = ("messages",) if mapping.layout is Layout.MESSAGES else ("prompt", "completion")
    turns = [turn for part in parts for turn in turns_of(value, fields[part], extra)]
    return _with_system(turns, value, fields)


def _asked(value: dict[str, Any], fields: dict[str, str], *, part: str = "prompt") -> Message:
    asked = text(value, fields[part])
    given = optional_text(value, fields["input"]) if "input" in fields else ""
    return Message("user", f"{asked}\n\n{given}" if given else asked)


def _with_system(turns: list[Turn], value: dict[str, Any], fields: dict[str, str]) -> list[Turn]:
    """The turns below the system message of a field; one that the conversation begins with anyway is not doubled."""
    system = optional_text(value, fields.get("system"))
    if not system or turns[0].message == Message("system", system):
        return turns
    return [Turn(Message("system", system)), *turns]


def _preference(value: dict[str, Any], fields: dict[str, str], extra: dict[str, str]) -> Canonical:
    """What was asked with the better answer, and the worse one beside it."""
    chosen, rejected = (_end(value, fields[part], extra) for part in ("chosen", "rejected"))
    if "prompt" in fields:
        is_list = isinstance(value.get(fields["prompt"]), list)
        asked = turns_of(value, fields["prompt"], extra) if is_list else [Turn(_asked(value, fields))]
        shared = _repeated(asked, {fields["chosen"]: chosen, fields["rejected"]: rejected})
    else:
        shared = _shared(chosen, rejected, fields)
        asked = chosen[:shared]
    asked = _with_system(asked, value, fields)
    better, worse = chosen[shared:], rejected[shared:]
    check_order([*asked, *worse], field=fields["rejected"])
    check_order([*asked, *better], field=fields["chosen"])
    return Canonical(
        messages=_messages([*asked, *better]),
        extra=extra,
        tools=_tools(value, fields),
        rejected=_messages(worse),
        asked=None if len(better) == len(worse) else len(asked),
    )


def _end(value: dict[str, Any], field: str, extra: dict[str, str]) -> list[Turn]:
    """An answer as a text, as one message, or as a list of them that may begin with what was asked."""
    held = value.get(field)
    if isinstance(held, list):
        return turns_of(value, field, extra)
    return [turn_of(held, field, extra)] if isinstance(held, dict) else [Turn(Message("assistant", text(value, field)))]


def _repeated(asked: list[Turn], ends: dict[str, list[Turn]]) -> int:
    """How many messages of the answers repeat what was asked: all of it, in both, or none."""
    whole = {name: turns[0].message.role in ("system", "user") for name, turns in ends.items()}
    if not any(whole.values()):
        return 0
    for name, turns in ends.items():
        if len(turns) <= len(asked) or _messages(turns[: len(asked)]) != _messages(asked):
            reason = f"“{name}” does not begin with what was asked, but the other answer is a whole conversation."
            if whole[name]:
                reason = f"“{name}” is a whole conversation, but not about what was asked."
            fix = "Write the answers alone, or choose no field for what was asked."
            raise Refused(Problem(reason, fix, field=name))
    return len(asked)


def _shared(chosen: list[Turn], rejected: list[Turn], fields: dict[str, str]) -> int:
    """How many messages two whole conversations begin with alike, up to where both answer."""
    shared = 0
    while shared < min(len(chosen), len(rejected)) - 1 and chosen[shared].message == rejected[shared].message:
        shared += 1
    names = f"“{fields['chosen']}” and “{fields['rejected']}”"
    if not any(turn.message.role == "user" for turn in chosen[:shared]):
        reason = f"{names} do not begin with the same question."
        fix = "Begin both alike, or choose the field that holds what was asked."
        raise Refused(Problem(reason, fix, field=fields["rejected"]))
    if any(turns[shared].message.role != "assistant" for turns in (chosen, rejected)):
        reason = f"{names} differ in what was asked, not in the answer."
        raise Refused(Problem(reason, "Ask the same in both.", field=fields["rejected"]))
    return shared


def _extra(value: dict[str, Any], *, used: set[str], raw: bytes) -> dict[str, str]:
    """The fields that play no part, as text; numbers too large for a computer's own are kept digit by digit."""
    kept = {name: held for name, held in value.items() if name not in used and held is not None}
    if not kept:
        return {}
    if any(isinstance(held, float) and abs(held) >= LARGEST_EXACT for held in kept.values()):
        exact = json.loads(raw, parse_int=str, parse_float=str)
        kept = {name: exact[name] if isinstance(held, float) else held for name, held in kept.items()}
    return {name: as_text(held) for name, held in kept.items()}
