"""Answers: which words of a conversation are answers, where the chat template does not mark them itself.

An answer is what the template adds when the answer is added to the conversation: from where the model is asked for it
up to the token that ends it. That is believed only where the very row proves it. The whole conversation, as text and
as tokens, has to go on from exactly what the model is asked, with the answer's own words and then that token.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

MARKS = re.compile(r"\{%-?\s*generation\s*-?%\}")
THOUGHT_NOTHING = re.compile(r"\s*(<think>\s*</think>)?\s*")
TODAY = re.compile(r"""strftime_now\(\s*(["'])(.*?)\1\s*\)""")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
LESS = "Often it is the system message: put its words into the first question, or choose another model."
QUESTION, ANSWER = {"role": "user", "content": "questionprobe"}, {"role": "assistant", "content": "answerprobe"}

Turns = Sequence[dict[str, Any]]
Write = Callable[..., str]


class UnprovenError(ValueError):
    """Why nobody can say for certain which words are the answer, and what can be done about it."""

    def __init__(self, why: str, *, fix: str = "Choose another model.") -> None:
        super().__init__(why)
        self.fix = fix


def marks_answers(template: str | dict[str, str]) -> bool:
    """Whether a chat template, or the default one of several, says where answers begin and end."""
    return MARKS.search(template if isinstance(template, str) else template["default"]) is not None


def writes_dates(template: str) -> bool:
    """Whether a template writes today's date."""
    return TODAY.search(template) is not None


def on_one_day(template: str) -> str:
    """A template that writes today's date, made to write that of `DAY`: a run goes on tomorrow with the same words."""
    return TODAY.sub(lambda found: repr(DAY.strftime(found[2])), template)


@dataclass(frozen=True, slots=True)
class _Found:
    """A conversation as the template writes it, and where each answer with its end stands in it."""

    text: str
    answers: list[tuple[int, int]]


def proven(
    tokenizer: Any, conversations: Sequence[Turns], *, tools: Any, template: str
) -> list[tuple[list[int], list[int]]]:
    """Token ids and mask (1 where the model learns to say the token); UnprovenError for what cannot be proven."""
    write = _writing(tokenizer, tools, template)
    end, closing = _end_of_answer(tokenizer, write), tokenizer.eos_token or ""
    return _tokens(tokenizer, [_found(turns, write, end, closing) for turns in conversations])


def end_of_answer(tokenizer: Any, *, template: str) -> str:
    """The token that this template writes after every answer; UnprovenError where even a plain answer is not proven."""
    write = _writing(tokenizer, None, template)
    end = _end_of_answer(tokenizer, write)
    _tokens(tokenizer, [_found([QUESTION, ANSWER], write, end, tokenizer.eos_token or "")])
    return end


def known_end(tokenizer: Any) -> str | None:
    """The same for the tokenizer's own template; None where it cannot be told."""
    if not tokenizer.chat_template:
        return None
    try:
        return end_of_answer(tokenizer, template=on_one_day(tokenizer.get_chat_template()))
    except Exception:  # whatever a template does with two plain turns, it tells no end then
        return None


def _writing(tokenizer: Any, tools: Any, template: str) -> Write:
    def write(turns: Turns, *, asking: bool = False) -> str:
        return tokenizer.apply_chat_template(
            list(turns), tools=tools, chat_template=template, add_generation_prompt=asking, tokenize=False
        )

    return write


def _end_of_answer(tokenizer: Any, write: Write) -> str:
    asked, said = write([QUESTION], asking=True), write([QUESTION, ANSWER])
    before, _, after = said.removeprefix(asked).partition(ANSWER["content"])
    if not said.startswith(asked) or not THOUGHT_NOTHING.fullmatch(before):
        raise UnprovenError("it asks for an answer in another way than it writes one")
    known, closing = tokenizer.get_added_vocab(), tokenizer.eos_token or ""
    end = after.strip()
    if end not in known and closing and end.endswith(closing):
        # Some end the whole text with a token more; it is no part of the answer where answers before the last lack it.
        end, longer = end.removesuffix(closing).strip(), write([QUESTION, ANSWER, QUESTION])
        after = longer.partition(ANSWER["content"])[2].strip()
        end = end if after.startswith(end) and not after.removeprefix(end).lstrip().startswith(closing) else ""
    if end not in known:
        raise UnprovenError("it writes no single token after an answer, so that nothing would teach the model to stop")
    return end


def _found(turns: Turns, write: Write, end: str, closing: str) -> _Found:
    whole = write(turns)
    if any(turn["role"] != "tool" and turn["content"].strip() not in whole for turn in turns):
        raise UnprovenError("the template leaves out or changes words of it", fix=LESS)
    places = [place for place, turn in enumerate(turns) if turn["role"] == "assistant"]
    return _Found(whole, [_answer(turns, place, whole, write, end, closing) for place in places])


def _answer(turns: Turns, place: int, whole: str, write: Write, end: str, closing: str) -> tuple[int, int]:
    """Where the answer at `place` and its end stand in the whole text."""
    if place == 0:
        raise UnprovenError("it begins with an answer to nothing", fix="Put a question before it, or remove it.")
    asked = write(turns[:place], asking=True)
    said = whole if place + 1 == len(turns) else write(turns[: place + 1])
    added = said.removeprefix(asked).rstrip()
    added = added if added.endswith(end) else added.removesuffix(closing).rstrip()
    if not (said.startswith(asked) and whole.startswith(asked + added)):
        raise UnprovenError(
            "the template writes it in one way as a whole and in another where it asks for one of its answers",
            fix=LESS,
        )
    words = added.removesuffix(end)
    if words == added or end in words:
        raise UnprovenError(f"an answer has to end with {end} and may not hold it", fix=f"Remove {end} from the texts.")
    if any(part not in words for part in _parts(turns[place])):
        raise UnprovenError("the template leaves out or changes words of an answer", fix=LESS)
    return len(asked), len(asked) + len(added)


def _parts(turn: dict[str, Any]) -> list[str]:
    return [turn["content"].strip(), *(call["function"]["name"] for call in turn.get("tool_calls", ()))]


def _tokens(tokenizer: Any, found: Sequence[_Found]) -> list[tuple[list[int], list[int]]]:
    """The tokens of each whole text; where an answer begins and ends, a token has to begin and end as well."""
    texts = [[one.text, *(one.text[:at] for at in chain.from_iterable(one.answers))] for one in found]
    ids = iter(tokenizer(list(chain.from_iterable(texts)), add_special_tokens=False)["input_ids"])
    return [_masked(next(ids), [(next(ids), next(ids)) for _ in one.answers]) for one in found]


def _masked(whole: list[int], answers: Sequence[tuple[list[int], list[int]]]) -> tuple[list[int], list[int]]:
    mask = [0] * len(whole)
    for asked, said in answers:
        if whole[: len(asked)] != asked or whole[: len(said)] != said:
            raise UnprovenError(
                "an answer begins with blanks or line breaks that the model reads as one with what stands before it",
                fix="Remove the blanks at the beginning of that answer, or choose another model.",
            )
        mask[len(asked) : len(said)] = [1] * (len(said) - len(asked))
    return whole, mask
