"""Talk: rows as people read them: bubbles, calls of tools, two answers side by side, plain text; all of it escaped."""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from studio.domain.finding import Mark
from studio.domain.row import Message, Row

SPEAKERS = {
    "system": "Instructions", "user": "User", "assistant": "Answer", "tool": "Result of a tool", "text": "Text",
}  # fmt: skip
MOST_TOOLS = 12
LONG, AT_EITHER_END = 6, 2  # messages of a conversation that is folded, and those that stay to be seen


def bubbles(rows: Sequence[Row], marks: Sequence[Mark] = ()) -> str:
    """Rows as conversations, each with its line in the file; the places that `marks` mean stand out."""
    return f'<div class="panel">{"".join(_conversation(row, marks) for row in rows)}</div>'


def conversation(heading: str, turns: Sequence[tuple[str, str]]) -> str:
    """One conversation; `turns` are roles, each with its text as HTML that is safe already."""
    drawn = "".join(
        f'<div class="bubble {escape(role)}"><em>{SPEAKERS.get(role, escape(role))}</em>{text}</div>'
        for role, text in turns
    )
    return f'<div class="panel"><div class="chat"><small>{escape(heading)}</small>{drawn}</div></div>'


def _conversation(row: Row, marks: Sequence[Mark]) -> str:
    """One row; a mark of a message beyond the last is in the answer that was rejected."""
    told = [
        _bubble(message, [mark for mark in marks if (mark.row, mark.message) == (row.number, place)])
        for place, message in enumerate((*row.messages, *row.rejected))
    ]
    asked, end = len(row.messages) - len(row.chosen), len(row.messages)
    ends = _pair(told[asked:end], told[end:]) if row.rejected else "".join(told[asked:end])
    turns = told[:asked] if any(mark.row == row.number for mark in marks) else _folded(told[:asked])
    line = f"<small>line {row.line:,}</small>"
    return f'<div class="chat">{line}{_tools(row.tools)}{"".join(turns)}{ends}</div>'


def _folded(turns: Sequence[str]) -> list[str]:
    """The beginning and the end of a long conversation, and what is between them to be opened."""
    if len(turns) <= LONG:
        return [*turns]
    first, between, last = turns[:AT_EITHER_END], turns[AT_EITHER_END:-AT_EITHER_END], turns[-AT_EITHER_END:]
    folded = f"<summary>{len(between):,} messages between</summary>{''.join(between)}"
    return [*first, f'<details class="between">{folded}</details>', *last]


def _pair(chosen: Iterable[str], rejected: Iterable[str]) -> str:
    ends = (("Better answer (chosen)", "better", chosen), ("Worse answer (rejected)", "worse", rejected))
    sides = "".join(f'<div class="{kind}"><em>{name}</em>{"".join(told)}</div>' for name, kind, told in ends)
    return f'<div class="pair">{sides}</div>'


def _bubble(message: Message, marks: Sequence[Mark]) -> str:
    speaker = SPEAKERS.get(message.role, escape(message.role))
    said, place = _marked(message.content, marks, start=0), len(message.content) + bool(message.content)
    calls = ""
    for call in message.calls:
        name = _marked(call.name, marks, start=place)
        arguments = _marked(call.arguments, marks, start=place + len(call.name) + 1)
        calls += f'<div class="call"><b>calls {name}</b><code>{arguments}</code></div>'
        place += len(str(call)) + 1
    kind = " calling" if calls and not said else ""
    return f'<div class="bubble {escape(message.role)}{kind}"><em>{speaker}</em>{said}{calls}</div>'


def _marked(text: str, marks: Sequence[Mark], *, start: int) -> str:
    """A text that stands at `start` of its message, with the places that are meant; one within another is part of it."""
    parts, done = [], 0
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        first, last = max(mark.start - start, 0), min(mark.end - start, len(text))
        if done <= first < last:
            found = f'<mark title="{escape(mark.note)}">{escape(text[first:last])}</mark>'
            parts += [escape(text[done:first]), found]
            done = last
    return "".join([*parts, escape(text[done:])])


def _tools(tools: str) -> str:
    """The tools that may be called, by name; what each does is there to be opened."""
    listed = [tool.get("function", tool) for tool in json.loads(tools)] if tools else []
    if not listed:
        return ""
    names = ", ".join(str(tool.get("name")) for tool in listed[:MOST_TOOLS]) + (" …" if listed[MOST_TOOLS:] else "")
    count = "1 tool" if len(listed) == 1 else f"{len(listed):,} tools"
    about = "".join(map(_tool, listed[:MOST_TOOLS]))
    return f'<details class="tools"><summary>{count} may be called: {escape(names)}</summary><ul>{about}</ul></details>'


def _tool(tool: dict[str, Any]) -> str:
    given = tool.get("parameters")
    fields = given.get("properties") if isinstance(given, dict) else None
    names = f"({', '.join(map(str, fields))})" if isinstance(fields, dict) else ""
    return f"<li><code>{escape(str(tool.get('name')) + names)}</code> {escape(str(tool.get('description', '')))}</li>"
