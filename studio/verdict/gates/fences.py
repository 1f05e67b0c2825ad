"""Fences: what an answer holds inside a code block, for answers that would be right after cleaning."""

import re

_FENCE = re.compile(r"```[\w+-]*[ \t]*\n(.*?)\n?```", re.DOTALL)


def fenced(answer: str) -> str | None:
    """The text of the only code block of an answer; None without one, or with several."""
    blocks = _FENCE.findall(answer)
    return blocks[0].strip() if len(blocks) == 1 else None
