"""Chat: a conversation as chat templates read it; what is measured, trained and asked is all written here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from studio.domain.answers import marks_answers, on_one_day, proven
from studio.domain.row import Call, Message, Row

DESCRIPTIONS, CALLS, RESULTS = "the descriptions of tools", "tool calls", "the results of tools"


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation, whole or up to where an answer is due, and the tools that may be called in it (JSON text)."""

    messages: tuple[Message, ...]
    tools: str = ""


def conversation(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as chat templates read them.

    The arguments of a call are an object. A tool's result bears the name of its tool where there is one result for each
    call; results stand in the order of the calls.
    """
    turns: list[dict[str, Any]] = []
    for place, message in enumerate(messages):
        turn: dict[str, Any] = {"role": message.role, "content": message.content}
        if message.calls:
            turn["tool_calls"] = [
                {"type": "function", "function": {"name": call.name, "arguments": json.loads(call.arguments)}}
                for call in message.calls
            ]
        if message.role == "tool" and (name := _tool_name(messages, place)):
            turn["name"] = name
        turns.append(turn)
    return turns


def _tool_name(messages: Sequence[Message], place: int) -> str:
    """The tool whose result stands at `place`; "" where results cannot be told apart."""
    first = last = place
    while first > 0 and messages[first - 1].role == "tool":
        first -= 1
    while last + 1 < len(messages) and messages[last + 1].role == "tool":
        last += 1
    calls = messages[first - 1].calls if first else ()
    return calls[place - first].name if len(calls) == last + 1 - first else ""


def tool_list(tools: str) -> Any:
    """Descriptions of tools as chat templates read them, a list of objects; None where there are none."""
    return json.loads(tools) if tools else None


def written(tokenizer: Any, chats: Sequence[Chat], *, template: str | None) -> list[tuple[list[int], list[int]]]:
    """Token ids and mask (1 where the model learns to say the token) of every conversation, by the chat template.

    `template` replaces the tokenizer's own, as training does where the training library has one that marks answers.
    Where nothing marks them, they are found and proven. The errors of a template (TemplateError, TypeError, ValueError)
    are raised as they are; UnprovenError, a ValueError, is one of them.
    """
    found: list[tuple[list[int], list[int]]] = []
    for tools, alike in groupby(chats, key=lambda chat: chat.tools):
        listed, conversations = tool_list(tools), [conversation(chat.messages) for chat in alike]
        held = template_of(tokenizer, listed, template)
        if not marks_answers(held):
            found += proven(tokenizer, conversations, tools=listed, template=held)
            continue
        made = tokenizer.apply_chat_template(
            conversations,
            tools=listed,
            tokenize=True,
            return_dict=True,
            return_assistant_tokens_mask=True,
            chat_template=held,
        )
        found += zip(made["input_ids"], made["assistant_masks"], strict=True)
    return found


def template_of(tokenizer: Any, tools: Any, template: str | None) -> str:
    """The template that training uses with these tools; the tokenizer's own where `template` names no other."""
    return on_one_day(tokenizer.get_chat_template(template, tools))


def written_texts(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of plain texts as they stand, each with the end token after it."""
    ends = tokenizer.eos_token or ""
    return tokenizer([text if ends and text.endswith(ends) else text + ends for text in texts])["input_ids"]


def parts_of(row: Row) -> set[str]:
    """What a row has that a template may leave out."""
    has = {
        DESCRIPTIONS: bool(row.tools),
        CALLS: any(message.calls for message in row.messages),
        RESULTS: any(message.role == "tool" for message in row.messages),
    }
    return {what for what, there in has.items() if there}


def left_out(tokenizer: Any, *, template: str | None) -> tuple[str, ...]:
    """What of a conversation with tools this template does not write, or does not let the model learn, in words."""
    return tuple(probe.what for probe in _PROBES if not probe.shows(tokenizer, template))


@dataclass(frozen=True, slots=True)
class _Probe:
    """A conversation with words that no template holds itself; `learned` where they must be among those learned."""

    what: str
    messages: tuple[Message, ...]
    words: tuple[str, ...]
    tools: str = ""
    learned: bool = False

    def shows(self, tokenizer: Any, template: str | None) -> bool:
        try:
            ((ids, mask),) = written(tokenizer, [Chat(self.messages, self.tools)], template=template)
        except Exception:  # whatever a template does with what it does not know, it does not write it
            return False
        shown = [number for number, trained in zip(ids, mask, strict=True) if trained or not self.learned]
        text = tokenizer.decode(shown)
        return all(word in text for word in self.words)


_ASKED, _DONE = Message("user", "Hello"), Message("assistant", "Done")
_CALL = Message("assistant", "", (Call("callprobe", '{"key": "valueprobe"}'),))
_DESCRIBED = (
    '[{"type": "function", "function": {"name": "toolprobe", "description": "It looks something up.", '
    '"parameters": {"type": "object", "properties": {"key": {"type": "string", "description": "What to look up."}}}}}]'
)
_PROBES = (
    _Probe(DESCRIPTIONS, (_ASKED, _DONE), ("toolprobe",), tools=_DESCRIBED),
    _Probe(CALLS, (_ASKED, _CALL), ("callprobe", "valueprobe"), learned=True),
    _Probe(RESULTS, (_ASKED, _CALL, Message("tool", "resultprobe"), _DONE), ("resultprobe",)),
)
