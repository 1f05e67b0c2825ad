"""Survey: which fields the rows of a file have and what they hold, counted over every row."""

from collections import Counter
from collections.abc import Collection
from enum import StrEnum
from typing import Any

from studio.domain.dataset import Layout, Mapping

ANSWERING = ("assistant", "gpt", "function_call")


class Kind(StrEnum):
    """What a field of one row holds, as far as a mapping cares.

    MESSAGES is a list of messages, REPLY one that begins with an answer, MESSAGE a single one; TOOLS is a list of
    descriptions, JSON a text that may be such a list.
    """

    MESSAGES = "messages"
    REPLY = "reply"
    MESSAGE = "message"
    TOOLS = "tools"
    JSON = "json"
    TEXT = "text"
    BLANK = "blank"
    EMPTY = "empty"
    OTHER = "other"


WRITTEN = (Kind.TEXT, Kind.JSON)
LISTS = (Kind.MESSAGES, Kind.REPLY)
ANSWERS = (*WRITTEN, Kind.REPLY, Kind.MESSAGE)
NO_TEXT = (*WRITTEN, Kind.BLANK)
NO_TOOLS = (Kind.TOOLS, Kind.JSON, Kind.BLANK, Kind.EMPTY)


class Survey:
    """Counts, over all rows of a file, which fields are there and what kind of value they hold."""

    def __init__(self) -> None:
        self.rows = 0
        self._signatures: Counter[tuple[tuple[str, Kind], ...]] = Counter()

    def add(self, value: dict[str, Any]) -> bool:
        """Count a row; True when it is the first with these fields holding these kinds of value."""
        self.rows += 1
        signature = tuple([(name, kind_of(held)) for name, held in value.items()])
        self._signatures[signature] += 1
        return self._signatures[signature] == 1

    @property
    def columns(self) -> tuple[str, ...]:
        """Every field name of the file, in the order of their first row."""
        return tuple(dict.fromkeys(name for signature in self._signatures for name, _ in signature))

    def fits(self, mapping: Mapping) -> int:
        """How many rows have what the mapping asks for."""
        return sum(count for signature, count in self._signatures.items() if _fits(dict(signature), mapping))

    def holding(self, kinds: Collection[Kind]) -> tuple[str, ...]:
        """The fields that hold one of these kinds in at least one row."""
        return tuple(dict.fromkeys(name for signature in self._signatures for name, held in signature if held in kinds))


def kind_of(value: Any) -> Kind:
    if isinstance(value, str):
        if not value or value.isspace():
            return Kind.BLANK
        return Kind.JSON if value[0] == "[" else Kind.TEXT
    if value is None:
        return Kind.BLANK
    if isinstance(value, list):
        return _kind_of_list(value)
    if isinstance(value, dict):
        return Kind.MESSAGE if is_message(value) else Kind.OTHER if value else Kind.EMPTY
    return Kind.OTHER


def _kind_of_list(value: list[Any]) -> Kind:
    if not value:
        return Kind.EMPTY
    if all(is_message(item) for item in value):
        role = value[0].get("role", value[0].get("from"))
        return Kind.REPLY if isinstance(role, str) and role.casefold() in ANSWERING else Kind.MESSAGES
    if all(isinstance(item, dict) and ("name" in item or "function" in item) for item in value):
        return Kind.TOOLS
    return Kind.OTHER


def is_message(item: Any) -> bool:
    """Whether a value looks like one message, in the way of OpenAI or of ShareGPT."""
    if not isinstance(item, dict):
        return False
    if "role" in item:
        return "content" in item or "tool_calls" in item or "function_call" in item
    return "from" in item and "value" in item


def _fits(kinds: dict[str, Kind], mapping: Mapping) -> bool:
    fields = mapping.fields

    def held(part: str) -> Kind:
        return kinds.get(fields[part], Kind.BLANK) if part in fields else Kind.BLANK

    match mapping.layout:
        case Layout.MESSAGES:
            required = held("messages") in LISTS
        case Layout.PROMPT_COMPLETION:
            asked, answered = held("prompt"), held("completion")
            required = (asked in WRITTEN and answered in WRITTEN) or (asked in LISTS and answered in LISTS)
        case Layout.INSTRUCTION_RESPONSE:
            required = held("instruction") in WRITTEN and held("response") in WRITTEN
        case Layout.TEXT:
            required = held("text") in WRITTEN
        case Layout.PREFERENCE if "prompt" in fields:
            asked = held("prompt") in (*WRITTEN, Kind.MESSAGES)
            required = asked and held("chosen") in ANSWERS and held("rejected") in ANSWERS
        case Layout.PREFERENCE:
            required = held("chosen") is Kind.MESSAGES and held("rejected") is Kind.MESSAGES
    return required and all(held(part) in NO_TEXT for part in ("input", "system")) and held("tools") in NO_TOOLS
