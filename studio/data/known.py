"""Known: what people call the fields of their files, the best known first; capitals do not matter."""

from collections.abc import Iterable

CONVERSATIONS = ("messages", "conversations", "conversation", "chat", "dialogue", "dialog", "turns")
INSTRUCTIONS = ("instruction", "instructions", "task")
PROMPTS = ("prompt", "question", "query", "input", "user", "input_text", "source", "text1")
INPUTS = ("input", "context")
ANSWERS = (
    "completion", "response", "answer", "output", "reply", "assistant", "target", "output_text", "text2",
)  # fmt: skip
SYSTEMS = ("system", "system_prompt")
TOOLS = ("tools", "functions")
CHOSEN = ("chosen", "preferred", "chosen_response", "preferred_output", "response_chosen", "accepted")
REJECTED = ("rejected", "dispreferred", "rejected_response", "non_preferred_output", "response_rejected")
TEXTS = ("text", "content", "document", "passage", "body")
# Beside one of TEXTS, these say where the text comes from, and are no answer to it.
SIDES = ("id", "source", "url", "title", "date", "language", "lang", "file", "filename", "author", "license", "licence")
KNOWN = frozenset((*CONVERSATIONS, *INSTRUCTIONS, *PROMPTS, *INPUTS, *ANSWERS, *SYSTEMS, *TOOLS, *CHOSEN, *REJECTED))
ALONE = frozenset((*CONVERSATIONS, *TEXTS))  # a table of one column must bear one of these names


def named(known: Iterable[str], columns: Iterable[str]) -> list[str]:
    """The columns that bear a known name, the best known first."""
    columns = tuple(columns)
    return [column for name in known for column in columns if column.casefold() == name]
