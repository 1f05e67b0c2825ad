"""Row: one example in canonical messages form, with the line it came from."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

TEXT = "text"  # the role of a plain text, which nobody says to anybody


@dataclass(frozen=True, slots=True)
class Call:
    """One use of a tool: its name, and its arguments as the JSON text of an object."""

    name: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: by system, user, assistant or tool; `calls` are what the assistant asks of tools.

    A plain text is one message with a role of its own.
    """

    role: str
    content: str
    calls: tuple[Call, ...] = ()

    @property
    def text(self) -> str:
        """All that is said: the content, and below it each call."""
        if not self.calls:
            return self.content
        return "\n".join([*([self.content] if self.content else []), *map(str, self.calls)])

    def changed(self, change: Callable[[str], str], *, named: Callable[[str, str], str] | None = None) -> "Message":
        """The same turn with every text in it changed; in arguments of calls, names and numbers are texts as well.

        `named` changes a text that has a name, given both, where that is another change.
        """
        named = named or (lambda _, held: change(held))
        calls = tuple(replace(call, arguments=_changed(call.arguments, change, named)) for call in self.calls)
        return replace(self, content=change(self.content), calls=calls)


def _changed(arguments: str, change: Callable[[str], str], named: Callable[[str, str], str]) -> str:
    return json.dumps(_changed_within(json.loads(arguments), change, named), ensure_ascii=False)


def _changed_within(value: Any, change: Callable[[str], str], named: Callable[[str, str], str]) -> Any:
    """A value of JSON with its texts changed; a number of which something else becomes is a text then."""
    if isinstance(value, list):
        return [_changed_within(held, change, named) for held in value]
    if isinstance(value, dict):
        made: dict[str, Any] = {}
        for name, held in value.items():
            new = change(name)
            said = named(name, held) if isinstance(held, str) else _changed_within(held, change, named)
            made[new if new not in made else f"{new} {len(made) + 1}"] = said
        return made
    if value is None or isinstance(value, bool):
        return value
    written = value if isinstance(value, str) else json.dumps(value)
    changed = change(written)
    return value if changed == written else changed


@dataclass(frozen=True, slots=True)
class Row:
    """One example. `number` is its place among the good rows (from 0), `line` its line in the file (from 1).

    `tools` describes the tools that may be called, as the JSON text of a list ("" if there are none). `rejected` is
    the end that was judged worse than the end of `messages`, for rows that are preference pairs; `asked` counts the
    messages before both, where the two ends are not as long as each other.
    """

    number: int
    line: int
    messages: tuple[Message, ...]
    tools: str = ""
    rejected: tuple[Message, ...] = ()
    asked: int | None = None

    @property
    def chosen(self) -> tuple[Message, ...]:
        """The end that was judged better than `rejected`; nothing where the row is no preference pair."""
        asked = len(self.messages) - len(self.rejected) if self.asked is None else self.asked
        return self.messages[asked:] if self.rejected else ()

    @property
    def other(self) -> "Row":
        """The same pair with its worse end in the place of the better one."""
        asked = self.messages[: len(self.messages) - len(self.chosen)]
        return replace(self, messages=(*asked, *self.rejected), rejected=(), asked=None)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """Everything before the last answer: what a model is asked."""
        return self.messages[:-1]

    @property
    def question(self) -> str:
        """The last thing that the user says, for lists and previews."""
        for message in reversed(self.prompt):  # a generator takes twice as long, and every check asks
            if message.role == "user":
                return message.content
        return ""

    @property
    def answer(self) -> str:
        """The last answer: what a model should say."""
        return self.messages[-1].text

    @property
    def is_text(self) -> bool:
        return self.messages[0].role == TEXT

    @property
    def uses_tools(self) -> bool:
        return bool(self.tools) or any(message.calls or message.role == "tool" for message in self.messages)


def row_from(number: int, record: Mapping[str, Any]) -> Row:
    """The row that was stored as this record."""
    return Row(
        number=number,
        line=record["line"],
        messages=messages_from(record["messages"]),
        tools=record.get("tools", ""),
        rejected=messages_from(record.get("rejected", ())),
        asked=record.get("asked"),
    )


def record_of(
    messages: Sequence[Message], *, tools: str = "", rejected: Sequence[Message] = (), asked: int | None = None
) -> dict[str, Any]:
    """What is stored of a row besides its line; what a row does not have is left out."""
    record: dict[str, Any] = {"messages": records_of(messages)}
    if tools:
        record["tools"] = tools
    if rejected:
        record["rejected"] = records_of(rejected)
    if asked is not None:
        record["asked"] = asked
    return record


def messages_from(records: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages that were stored by `records_of`."""
    return tuple([_message(record) for record in records])


def _message(record: Mapping[str, Any]) -> Message:
    if "calls" not in record:
        return Message(record["role"], record["content"])
    calls = tuple(Call(call["name"], call["arguments"]) for call in record["calls"])
    return Message(record["role"], record["content"], calls)


def records_of(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as plain values; calls where there are any."""
    return [_record(message) for message in messages]


def _record(message: Message) -> dict[str, Any]:
    record: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.calls:
        record["calls"] = [{"name": call.name, "arguments": call.arguments} for call in message.calls]
    return record
