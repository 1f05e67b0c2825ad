"""Tokens: signs with which a chat format parts its turns, written in a text as if they were words."""

import re

from studio.data.checks.lists import holds_any
from studio.data.checks.places import Span, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

SIGNS = ("<|", "INST]", "<<SYS>>", "SYS>>", "_of_turn>", "s>", "<｜", "[TOOL_CALLS]", "[AVAILABLE_TOOLS]")
_TOKEN = re.compile(
    r"<\|[A-Za-z][A-Za-z0-9_]{1,40}\|>"  # ChatML, Llama 3, Phi and most others
    r"|<｜[^｜<>\n]{1,40}｜>"  # DeepSeek
    r"|\[/?(?:INST|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|SYSTEM_PROMPT)\]|</?(?:SYS)>>|<</?SYS>>"  # Llama 2, Mistral
    r"|<(?:start|end)_of_turn>|<(?:bos|eos|pad)>"  # Gemma
)
_SEQUENCE = re.compile(r"</?s>")


def marks(row: Row) -> list[Mark]:
    """The signs of a chat format in any message of a row."""
    return marks_of(row, spans)


def spans(text: str) -> list[Span]:
    """The signs of a chat format in a text. <s> and </s> count unless they strike a passage through, as in HTML."""
    if not holds_any(text, SIGNS):
        return []
    found = [match.span() for match in _TOKEN.finditer(text)]
    around = [match.span() for match in _SEQUENCE.finditer(text)]
    is_html = len(around) % 2 == 0 and all(
        text[start:end] == ("</s>" if place % 2 else "<s>") for place, (start, end) in enumerate(around)
    )
    if found or not is_html or (text.strip().startswith("<s>") and text.strip().endswith("</s>")):
        found += around
    return [Span(start, end, "sign of a chat format") for start, end in sorted(found)]
