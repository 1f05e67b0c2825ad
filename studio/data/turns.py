"""Turns: the messages of a row in the ways of OpenAI and of ShareGPT, with tool calls and their results."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple, NoReturn

import orjson

from studio.data.calls import calls_of
from studio.data.problem import Problem
from studio.data.texts import Refused, joined, missing, text
from studio.domain.row import Message

CALLER = "function_call"  # in ShareGPT, a role of its own for what the assistant asks of a tool
ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", CALLER: "assistant", "tool": "tool", "function": "tool", "observation": "tool",
}  # fmt: skip
CALLING = ("tool_calls", "function_call")
MESSAGES_FIX = 'Write [{"role": "user", "content": "…"}, {"role": "assistant", "content": "…"}].'
ANSWER_FIX = "Add the assistant's answer as the last message."


class Turn(NamedTuple):
    """A message with what ties calls and results together: the ids of its calls, and whose result it says it is.

    `path` is where it stands in the row, such as messages[2].
    """

    message: Message
    ids: tuple[str, ...] = ()
    result_of: str = ""
    name: str = ""
    path: str = ""


def turns_of(value: dict[str, Any], field: str, extra: dict[str, str]) -> list[Turn]:
    """The list of messages in a field; what a message says besides goes to `extra`, under its place."""
    turns = value.get(field)
    if turns is None:
        raise Refused(missing(value, field))
    if not isinstance(turns, list):
        raise Refused(Problem(f"“{field}” is not a list of messages.", MESSAGES_FIX, field=field))
    if not turns:
        raise Refused(Problem(f"“{field}” is an empty list.", "Add a user message and its answer.", field=field))
    return [turn_of(turn, f"{field}[{place}]", extra) for place, turn in enumerate(turns)]


def turn_of(turn: Any, place: str, extra: dict[str, str]) -> Turn:
    """One message."""
    if not isinstance(turn, dict):
        raise Refused(Problem("A message is not an object with role and content.", MESSAGES_FIX, field=place))
    role_name, content_name = ("role", "content") if "role" in turn else ("from", "value")
    if role_name not in turn:
        raise Refused(Problem("A message has no role.", MESSAGES_FIX, field=f"{place}.role"))
    role = _role(turn[role_name], path=f"{place}.{role_name}")
    more = {name: held for name, held in turn.items() if name not in (role_name, content_name) and held is not None}
    if more.get("weight", 1) != 1:
        fix = "Every answer of a row is trained: remove the weight, or leave the row out."
        raise Refused(Problem("A message has a weight other than 1.", fix, field=f"{place}.weight"))
    if turn[role_name] == CALLER:
        calling = [(content_name, turn.get(content_name))]
    else:
        calling = [(name, more.pop(name)) for name in CALLING if name in more]
    calls = [call for name, held in calling if held for call in calls_of(held, path=f"{place}.{name}")]
    if calls and role != "assistant":
        fix = "Put the call into a message of the assistant."
        raise Refused(Problem("A tool is called by somebody who is not the assistant.", fix, field=place))
    ids = _ids(dict(calling).get("tool_calls"), f"{place}.tool_calls", extra)
    extra.update({f"{place}.{name}": as_text(held) for name, held in more.items() if name != "weight"})
    content = "" if turn[role_name] == CALLER else _content(turn, content_name, role, bool(calls), place)
    tied = [str(more.get(name, "")) if role == "tool" else "" for name in ("tool_call_id", "name")]
    return Turn(Message(role, content, tuple(calls)), ids, *tied, path=place)


def _role(written: Any, *, path: str) -> str:
    role = ROLES.get(written.casefold()) if isinstance(written, str) else None
    if role is None:
        shown = f"“{written[:40]}”" if isinstance(written, str) else "that is not a text"
        fix = "The roles are system, user, assistant and tool."
        raise Refused(Problem(f"A message has a role {shown}, which is not known.", fix, field=path))
    return role


def _content(turn: dict[str, Any], name: str, role: str, calls: bool, place: str) -> str:
    """What is said; a call needs no words, and a tool may have nothing to say."""
    held, path = turn.get(name), f"{place}.{name}"
    if (calls and held in (None, "")) or (role == "tool" and held == ""):
        return ""
    return joined(held, path=path) if isinstance(held, list) and held else text(turn, name, path=path)


def _ids(calls: Any, path: str, extra: dict[str, str]) -> tuple[str, ...]:
    """The ids of calls, which are also kept beside the row; none where not every call has one."""
    listed = calls if isinstance(calls, list) else []
    ids = tuple(str(call.get("id") or "") for call in listed if isinstance(call, dict))
    extra.update({f"{path}[{place}].id": held for place, held in enumerate(ids) if held})
    return ids if all(ids) else ()


def check_order(turns: Sequence[Turn], *, field: str | None, answer_fix: str = ANSWER_FIX) -> None:
    """System at most first, then user and assistant in turn; each result of a tool after its call; an answer last."""
    rest = turns[1:] if turns[0].message.role == "system" else turns
    roles = [turn.message.role for turn in rest]
    if roles == ["user", "assistant"] and not rest[1].message.calls:
        return  # as most rows are
    try:
        if "system" in roles:
            late = rest[roles.index("system")]
            _refuse("A system message stands after the beginning.", "Put one system message first, or none.", late)
        if "assistant" not in roles:
            _refuse("There is no answer: no message is by the assistant.", answer_fix)
        if roles[0] == "assistant":
            _refuse("The conversation starts with the assistant.", "Start with what the user says.", rest[0])
        if same := next(
            (turn for turn, (a, b) in zip(rest[1:], pairwise(roles), strict=True) if a == b != "tool"), None
        ):
            _refuse("Two messages in a row have the same role.", "Join them, or add the message between them.", same)
        if "tool" in roles or any(turn.message.calls for turn in rest):
            _check_tools(rest)
        if roles[-1] == "user":
            _refuse("The last message is by the user: there is no answer to learn.", answer_fix, rest[-1])
        if roles[-1] == "tool":
            _refuse("The last message is a tool's result: there is no answer to learn.", answer_fix, rest[-1])
    except Refused as refused:
        raise Refused(replace(refused.problem, field=refused.problem.field or field)) from None


def _check_tools(turns: Sequence[Turn]) -> None:
    """Results come right after the calls that they are of, one for each or one for all, and then the assistant."""
    caller: Turn | None = None
    results = 0
    for turn in turns:
        if turn.message.role == "tool":
            results += 1
            _check_result(turn, caller, results)
            continue
        if caller and turn.message.role == "user":
            what = "A tool's result is followed by the user." if results else "The result of a tool's call is missing."
            _refuse(what, "After a call come the tool's result and the assistant's answer.", turn)
        caller, results = turn if turn.message.calls else None, 0


def _check_result(turn: Turn, caller: Turn | None, place: int) -> None:
    if caller is None:
        _refuse(
            "A tool's result stands where no tool was called.", "Write the call before it, as the assistant's.", turn
        )
    if place > len(caller.message.calls):
        _refuse("There are more results than calls of tools.", "Write one result for each call.", turn)
    expected = caller.ids[place - 1] if caller.ids else ""
    if turn.result_of and expected and turn.result_of != expected:
        _refuse("A tool's result is not of the call that it follows.", "Put results in the order of their calls.", turn)
    if turn.name and turn.name != caller.message.calls[place - 1].name:
        _refuse("A tool's result bears the name of another tool.", "Put results in the order of their calls.", turn)


def _refuse(reason: str, fix: str, turn: Turn | None = None) -> NoReturn:
    raise Refused(Problem(reason, fix, field=turn.path if turn else None))


def as_text(held: Any) -> str:
    """A value that plays no part, as text."""
    if isinstance(held, str):
        return held
    try:
        return orjson.dumps(held).decode()
    except TypeError:  # a number that is kept digit by digit
        return json.dumps(held, ensure_ascii=False)
