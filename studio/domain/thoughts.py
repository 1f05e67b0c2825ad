"""Thoughts: what some models think aloud before they answer, which nobody was taught and no rater shall see.

Rows hold answers without thoughts. So a model is asked where its answers begin as they were learned, and what it thinks
all the same is no part of its answer: who thinks and who does not could be told at a glance.
"""

import re
from typing import Any

from studio.domain.answers import ANSWER, QUESTION

BEGIN, END = "<think>", "</think>"
WITHOUT = {"enable_thinking": False}  # as templates name it
BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


def asked_plainly(tokenizer: Any) -> dict[str, Any]:
    """What to tell the chat template so that it asks for an answer as answers are learned, without thinking first.

    Empty where it has no such setting, or where the answers that it writes do not go on from there.
    """
    try:
        usual = tokenizer.apply_chat_template([QUESTION], add_generation_prompt=True, tokenize=False)
        plain = tokenizer.apply_chat_template([QUESTION], add_generation_prompt=True, tokenize=False, **WITHOUT)
        learned = tokenizer.apply_chat_template([QUESTION, ANSWER], tokenize=False)
    except Exception:  # whatever a template does with two plain turns, it is asked as it wants to be
        return {}
    return WITHOUT if plain != usual and learned.startswith(plain) else {}


def spoken(text: str) -> str:
    """An answer without what was thought before it, and without blanks after it or empty lines before it.

    A thought that never came to its end has no answer after it. The template may have begun it in the prompt.
    """
    before, end, after = text.partition(END)
    is_thinking = text.lstrip().startswith(BEGIN)
    if is_thinking or (end and BEGIN not in before):
        text = after
    return BLANK_LINES.sub("", text).rstrip()


def is_thought(text: str) -> bool:
    """Whether a model thought of something before it answered; an empty thought is none."""
    before, end, _ = text.partition(END)
    begun = text.lstrip().startswith(BEGIN)
    return (begun or (bool(end) and BEGIN not in before)) and bool(before.replace(BEGIN, "", 1).strip())
