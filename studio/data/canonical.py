"""Canonical: one row as written becomes messages, or the reason why it cannot. Nothing is repaired."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from studio.data.problem import Problem
from studio.domain.dataset import Layout, Mapping
from studio.domain.row import Message

ROLES = {"system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}
LARGEST_EXACT = 2**63


@dataclass(frozen=True, slots=True)
class Canonical:
    """The messages of a row, and its other fields as text."""

    messages: tuple[Message, ...]
    extra: dict[str, str]


class _Refused(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


def canonical(value: dict[str, Any], mapping: Mapping, *, raw: bytes) -> Canonical | Problem:
    """A row in messages form: system at most first, user and assistant in turn, an answer last; or what is wrong.

    An instruction and its input become one user message with an empty line between them.
    """
    fields = mapping.fields
    extra = _extra(value, used=set(fields.values()), raw=raw)
    try:
        if mapping.layout is Layout.MESSAGES:
            messages = _turns(value, fields["messages"], extra)
        elif mapping.layout is Layout.PROMPT_COMPLETION:
            messages = _prompt_and_completion(value, fields, extra)
        else:
            instruction = _text(value, fields["instruction"])
            given = _optional_text(value, fields.get("input"))
            asked = f"{instruction}\n\n{given}" if given else instruction
            messages = [Message("user", asked), Message("assistant", _text(value, fields["response"]))]
        system = _optional_text(value, fields.get("system"))
        if system:
            messages.insert(0, Message("system", system))
        _check_order(messages, field=fields.get("messages") or fields.get("completion"), fields=value)
    except _Refused as refused:
        return refused.problem
    return Canonical(tuple(messages), extra)


def _prompt_and_completion(value: dict[str, Any], fields: dict[str, str], extra: dict[str, str]) -> list[Message]:
    prompt, completion = fields["prompt"], fields["completion"]
    if isinstance(value.get(prompt), list) and isinstance(value.get(completion), list):
        return _turns(value, prompt, extra) + _turns(value, completion, extra)
    return [Message("user", _text(value, prompt)), Message("assistant", _text(value, completion))]


def _turns(value: dict[str, Any], field: str, extra: dict[str, str]) -> list[Message]:
    turns = value.get(field)
    if turns is None:
        raise _Refused(_missing(value, field))
    if not isinstance(turns, list):
        raise _Refused(Problem(f"“{field}” is not a list of messages.", _MESSAGES_FIX, field=field))
    if not turns:
        raise _Refused(Problem(f"“{field}” is an empty list.", "Add a user message and its answer.", field=field))
    return [_turn(turn, f"{field}[{place}]", extra) for place, turn in enumerate(turns)]


_MESSAGES_FIX = 'Write [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}].'


def _turn(turn: Any, place: str, extra: dict[str, str]) -> Message:
    if not isinstance(turn, dict):
        raise _Refused(Problem("A message is not an object with role and content.", _MESSAGES_FIX, field=place))
    role_name, content_name = ("role", "content") if "role" in turn else ("from", "value")
    if role_name not in turn:
        raise _Refused(Problem("A message has no role.", _MESSAGES_FIX, field=f"{place}.role"))
    written = turn[role_name]
    role = ROLES.get(written.casefold()) if isinstance(written, str) else None
    if role is None:
        shown = f"“{written[:40]}”" if isinstance(written, str) else "that is not a text"
        fix = "The roles are system, user and assistant. Tool calls cannot be trained yet; leave such rows out."
        raise _Refused(Problem(f"A message has a role {shown}, which is not known.", fix, field=f"{place}.{role_name}"))
    for name, held in turn.items():
        if name in (role_name, content_name) or held is None:
            continue
        if name in ("tool_calls", "function_call"):
            fix = "Tool calls cannot be trained yet; leave such rows out."
            raise _Refused(Problem("A message calls a tool.", fix, field=f"{place}.{name}"))
        if name == "weight" and held != 1:
            fix = "Every answer of a row is trained: remove the weight, or leave the row out."
            raise _Refused(Problem("A message has a weight other than 1.", fix, field=f"{place}.weight"))
        extra[f"{place}.{name}"] = _as_text(held)
    return Message(role, _text(turn, content_name, path=f"{place}.{content_name}"))


def _check_order(messages: Sequence[Message], *, field: str | None, fields: dict[str, Any]) -> None:
    def refuse(reason: str, fix: str) -> None:
        raise _Refused(Problem(reason, fix, field=field))

    turns = messages
    if turns[0].role == "system":
        turns = turns[1:]
    roles = [message.role for message in turns]
    if "system" in roles:
        refuse("A system message stands after the beginning.", "Put one system message first, or none.")
    answer_fix = _CHOSEN_FIX if "chosen" in fields and "rejected" in fields else _ANSWER_FIX
    if "assistant" not in roles:
        refuse("There is no answer: no message is by the assistant.", answer_fix)
    if roles[0] == "assistant":
        refuse("The conversation starts with the assistant.", "Start with what the user says.")
    if any(first == second for first, second in pairwise(roles)):
        refuse("Two messages in a row have the same role.", "Join them, or add the message between them.")
    if roles[-1] == "user":
        refuse("The last message is by the user: there is no answer to learn.", answer_fix)


_ANSWER_FIX = "Add the assistant's answer as the last message."
_CHOSEN_FIX = "These look like preference pairs: add the chosen answer as the last message, and leave the other out."


def _optional_text(value: dict[str, Any], field: str | None) -> str:
    """The text of a field that may be missing, null or blank."""
    held = value.get(field) if field else None
    if held is None or (isinstance(held, str) and not held.strip()):
        return ""
    return _text(value, str(field))


def _text(value: dict[str, Any], field: str, *, path: str | None = None) -> str:
    """A text that is there and says something; a number is not made a text, that is the writer's decision."""
    held, path = value.get(field), path or field
    if isinstance(held, str):
        if not held or held.isspace():
            raise _Refused(Problem(f"{_shown(path)} is empty.", "Fill it in, or leave the row out.", field=path))
        return held
    if held is None:
        raise _Refused(_missing(value, field, path=path))
    if isinstance(held, bool | int | float):
        name = "true or false" if isinstance(held, bool) else "a number"
        written = orjson.dumps(held).decode() if abs(held) < LARGEST_EXACT else "12345"
        fix = f'If it is meant as text, put it in double quotes: "{written}".'
        raise _Refused(Problem(f"{_shown(path)} is {name}, not a text.", fix, field=path))
    kind = "a list" if isinstance(held, list) else "an object"
    fix = "Write the text alone, in double quotes."
    raise _Refused(Problem(f"{_shown(path)} is {kind}, not a text.", fix, field=path))


def _missing(value: dict[str, Any], field: str, *, path: str | None = None) -> Problem:
    path = path or field
    if field in value:
        return Problem(f"{_shown(path)} is null.", "Fill it in, or leave the row out.", field=path)
    return Problem(f"{_shown(path)} is missing.", "Add the field, or choose other fields for this file.", field=path)


def _shown(path: str) -> str:
    """A field's name in a sentence; the place of a message is told apart, so that equal reasons count together."""
    owner, dot, name = path.rpartition(".")
    return f"“{name}” of a message" if dot and owner.endswith("]") else f"The field “{path}”"


def _extra(value: dict[str, Any], *, used: set[str], raw: bytes) -> dict[str, str]:
    """The fields that play no part, as text; numbers too large for a computer's own are kept digit by digit."""
    kept = {name: held for name, held in value.items() if name not in used and held is not None}
    if any(isinstance(held, float) and abs(held) >= LARGEST_EXACT for held in kept.values()):
        exact = json.loads(raw, parse_int=str, parse_float=str)
        kept = {name: exact[name] if isinstance(held, float) else held for name, held in kept.items()}
    return {name: _as_text(held) for name, held in kept.items()}


def _as_text(held: Any) -> str:
    return held if isinstance(held, str) else orjson.dumps(held).decode()
