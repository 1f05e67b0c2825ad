"""Talk: rows as people read them: bubbles, calls of tools, two answers side by side, plain text.

All of it is escaped, and secrets and personal data are shown without their middle: this is the place for both.
"""

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from studio.data.veiling import Veiled, veiled
from studio.domain.finding import Mark
from studio.domain.row import Message, Row

SPEAKERS = {
    "system": "Instructions", "user": "User", "assistant": "Answer", "tool": "Result of a tool", "text": "Text",
}  # fmt: skip
MOST_TOOLS = 12
LONG, AT_EITHER_END = 6, 2  # messages of a conversation that is folded, and those that stay to be seen
READ = 20_000  # characters of a text that are read to show its beginning in one line
SIDES = {"same": "", "only_first": "del", "only_second": "ins"}


def bubbles(rows: Sequence[Row], marks: Sequence[Mark] = (), *, about: str = "") -> str:
    """Rows as conversations, each with its line in the file; the places that `marks` mean stand out.

    `about` is said beside the line.
    """
    return f'<div class="panel">{"".join(_conversation(row, marks, about) for row in rows)}</div>'


def conversation(heading: str, turns: Sequence[tuple[str, str]]) -> str:
    """One conversation; `turns` are roles, each with its text as HTML that is safe already."""
    drawn = "".join(
        f'<div class="bubble {escape(role)}"><em>{SPEAKERS.get(role, escape(role))}</em>{text}</div>'
        for role, text in turns
    )
    return f'<div class="panel"><div class="chat"><small>{escape(heading)}</small>{drawn}</div></div>'


def differing(pieces: Iterable[tuple[str, str]]) -> str:
    """What differs between two texts, as `veiled_differences` tells it: what is gone struck through, what is new set off."""
    return "".join(_differing(SIDES[side], text) for side, text in pieces)


def _differing(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text)}</{tag}>" if tag else escape(text)


def in_one_line(text: str, longest: int) -> str:
    """The beginning of a text, for lists; not escaped."""
    plain = " ".join(veiled(text[:READ]).shown.split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def _conversation(row: Row, marks: Sequence[Mark], about: str) -> str:
    """One row; a mark of a message beyond the last is in the answer that was rejected."""
    said = [(message, veiled(message.text)) for message in (*row.messages, *row.rejected)]
    told = [
        _bubble(message, text, [mark for mark in marks if (mark.row, mark.message) == (row.number, place)])
        for place, (message, text) in enumerate(said)
    ]
    asked, end = len(row.messages) - len(row.chosen), len(row.messages)
    ends = _pair(told[asked:end], told[end:]) if row.rejected else "".join(told[asked:end])
    turns = told[:asked] if any(mark.row == row.number for mark in marks) else _folded(told[:asked])
    hidden = dict.fromkeys(note for _, text in said for note in text.notes)
    note = (f" · {about}" if about else "") + (f" · hidden on screen: {', '.join(hidden)}" if hidden else "")
    line = f"<small>line {row.line:,}{escape(note)}</small>"
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


def _bubble(message: Message, text: Veiled, marks: Sequence[Mark]) -> str:
    speaker = SPEAKERS.get(message.role, escape(message.role))
    place = len(message.content)
    said, calls = _marked(text, marks, 0, place), ""
    place += bool(message.content)
    for call in message.calls:
        middle, end = place + len(call.name), place + len(str(call))
        name, arguments = _marked(text, marks, place, middle), _marked(text, marks, middle + 1, end - 1)
        calls += f'<div class="call"><b>calls {name}</b><code>{arguments}</code></div>'
        place = end + 1
    kind = " calling" if calls and not said else ""
    return f'<div class="bubble {escape(message.role)}{kind}"><em>{speaker}</em>{said}{calls}</div>'


def _marked(text: Veiled, marks: Sequence[Mark], start: int, end: int) -> str:
    """The characters `start` to `end` of a message, with the places that are meant; one within another is part of it."""
    parts, done = [], start
    for mark in sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        first, last = text.around(max(mark.start, start), min(mark.end, end))
        first, last = max(first, done), min(last, end)
        if first < last and mark.start < mark.end:
            meant = "".join(shown for shown, _ in text.pieces(first, last))
            parts += [_drawn(text, done, first), f'<mark title="{escape(mark.note)}">{escape(meant)}</mark>']
            done = last
    return "".join([*parts, _drawn(text, done, end)])


def _drawn(text: Veiled, start: int, end: int) -> str:
    """Characters without a mark; what is hidden says so when it is pointed at."""
    return "".join(_piece(shown, hidden) for shown, hidden in text.pieces(start, end))


def _whole(text: str) -> str:
    return _drawn(veiled(text), 0, len(text))


def _piece(shown: str, hidden: str) -> str:
    return f'<span class="veiled" title="hidden: {escape(hidden)}">{escape(shown)}</span>' if hidden else escape(shown)


def _tools(tools: str) -> str:
    """The tools that may be called, by name; what each does is there to be opened."""
    listed = [tool.get("function", tool) for tool in json.loads(tools)] if tools else []
    if not listed:
        return ""
    names = ", ".join(str(tool.get("name")) for tool in listed[:MOST_TOOLS]) + (" …" if listed[MOST_TOOLS:] else "")
    count = "1 tool" if len(listed) == 1 else f"{len(listed):,} tools"
    about = "".join(map(_tool, listed[:MOST_TOOLS]))
    return f'<details class="tools"><summary>{count} may be called: {_whole(names)}</summary><ul>{about}</ul></details>'


def _tool(tool: dict[str, Any]) -> str:
    given = tool.get("parameters")
    fields = given.get("properties") if isinstance(given, dict) else None
    names = f"({', '.join(map(str, fields))})" if isinstance(fields, dict) else ""
    return f"<li><code>{_whole(str(tool.get('name')) + names)}</code> {_whole(str(tool.get('description', '')))}</li>"
