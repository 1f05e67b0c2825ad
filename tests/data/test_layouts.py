"""Layouts: one conversation is one row, whichever layout it is written in, and a file is guessed by what most rows are."""

import json
from collections.abc import Callable
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.data.canonical import Canonical, canonical
from studio.data.mapping import guess_mapping
from studio.data.survey import Survey
from studio.domain.dataset import Layout, Mapping
from studio.domain.row import Call, Message

SAID = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)
NAME = st.sampled_from(["weather", "search", "say_hello"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | SAID,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SAID, inner, max_size=3),
    max_leaves=6,
)
CALLS = st.lists(st.tuples(NAME, st.dictionaries(SAID, VALUES, max_size=3)), min_size=1, max_size=2)
TOOLS = st.lists(st.fixed_dictionaries({"name": NAME, "description": SAID}), max_size=2)


def written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


@st.composite
def conversations(draw: Callable) -> list[Message]:
    """Messages in an order that is allowed, with an answer or a call at the end."""
    turns = [Message("system", draw(SAID))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        turns.append(Message("user", draw(SAID)))
        for calls in draw(st.lists(CALLS, max_size=2)):
            turns.append(Message("assistant", "", tuple(Call(name, written(arguments)) for name, arguments in calls)))
            results = draw(st.sampled_from([1, len(calls)]))
            turns += [Message("tool", draw(SAID)) for _ in range(results)]
        turns.append(Message("assistant", draw(SAID)))
    if draw(st.booleans()):
        called = tuple(Call(name, written(arguments)) for name, arguments in draw(CALLS))
        turns += [Message("user", draw(SAID)), Message("assistant", "", called)]
    return turns


def openai(messages: list[Message], *, as_text: bool = True) -> list[dict[str, Any]]:
    def call(one: Call) -> dict[str, Any]:
        arguments = one.arguments if as_text else json.loads(one.arguments)
        return {"type": "function", "function": {"name": one.name, "arguments": arguments}}

    return [
        {"role": m.role, "content": m.content or None} | ({"tool_calls": [call(c) for c in m.calls]} if m.calls else {})
        for m in messages
    ]


def sharegpt(messages: list[Message]) -> list[dict[str, Any]]:
    names = {"system": "system", "user": "human", "assistant": "gpt", "tool": "observation"}
    return [
        {
            "from": "function_call",
            "value": written([{"name": c.name, "arguments": json.loads(c.arguments)} for c in m.calls]),
        }
        if m.calls
        else {"from": names[m.role], "value": m.content}
        for m in messages
    ]


def read(row: dict[str, Any], layout: Layout, **fields: str) -> tuple[Any, ...]:
    """What a row becomes that stands in a file as JSON."""
    raw = written(row).encode()
    made = canonical(orjson.loads(raw), Mapping(layout, fields), raw=raw)
    assert isinstance(made, Canonical), made
    return made.messages, made.tools, made.rejected


@settings(deadline=None)
@given(conversations(), TOOLS)
def test_a_conversation_is_the_same_row_in_every_layout(messages, tools):
    framed = written([{"type": "function", "function": tool} for tool in tools]) if tools else ""
    expected = (tuple(messages), framed, ())
    plain = {"messages": "messages", "tools": "tools"}
    asked, answered = messages[:-1], messages[-1:]

    assert read({"messages": openai(messages), "tools": tools}, Layout.MESSAGES, **plain) == expected
    as_objects = {"messages": openai(messages, as_text=False), "tools": written(tools)}
    assert read(as_objects, Layout.MESSAGES, **plain) == expected
    assert read({"messages": sharegpt(messages), "tools": framed}, Layout.MESSAGES, **plain) == expected
    parted = {"prompt": openai(asked), "completion": sharegpt(answered), "tools": tools}
    fields = {"prompt": "prompt", "completion": "completion", "tools": "tools"}
    assert read(parted, Layout.PROMPT_COMPLETION, **fields) == expected
    if messages[0].role == "system":
        beside = {"told": messages[0].content, "messages": openai(messages[1:]), "tools": tools}
        assert read(beside, Layout.MESSAGES, system="told", **plain) == expected


@settings(deadline=None)
@given(conversations(), SAID)
def test_a_preference_pair_is_the_same_row_in_both_layouts(messages, worse):
    asked, answered, rejected = messages[:-1], messages[-1:], [Message("assistant", worse)]
    expected = (tuple(messages), "", tuple(rejected))

    whole = {"chosen": openai(messages), "rejected": sharegpt([*asked, *rejected])}
    ends = {"chosen": "chosen", "rejected": "rejected"}
    if messages[-1] != rejected[0]:
        assert read(whole, Layout.PREFERENCE, **ends) == expected
    parted = {"prompt": sharegpt(asked), "chosen": openai(answered), "rejected": openai(rejected)[0]}
    assert read(parted, Layout.PREFERENCE, prompt="prompt", **ends) == expected


@settings(deadline=None)
@given(SAID, SAID, SAID)
def test_one_question_and_its_answer_are_the_same_row_in_every_layout(told, asked, answer):
    expected = ((Message("system", told), Message("user", asked), Message("assistant", answer)), "", ())

    pair = {"prompt": asked, "completion": answer, "system": told}
    assert read(pair, Layout.PROMPT_COMPLETION, **{name: name for name in pair}) == expected
    alpaca = {"instruction": asked, "input": "", "response": answer, "system": told}
    assert read(alpaca, Layout.INSTRUCTION_RESPONSE, **{name: name for name in alpaca}) == expected
    assert read({"turns": sharegpt(list(expected[0]))}, Layout.MESSAGES, messages="turns") == expected


ROWS = {
    Layout.MESSAGES: {"messages": openai([Message("user", "a"), Message("assistant", "b")])},
    Layout.PROMPT_COMPLETION: {"prompt": "a", "completion": "b"},
    Layout.INSTRUCTION_RESPONSE: {"instruction": "a", "output": "b"},
    Layout.PREFERENCE: {"prompt": "a", "chosen": "b", "rejected": "c"},
    Layout.TEXT: {"text": "a"},
}


@given(st.permutations(list(Layout)), st.lists(st.integers(1, 20), min_size=5, max_size=5, unique=True), st.randoms())
def test_the_layout_of_most_rows_is_guessed_wherever_they_stand(layouts, counts, chance):
    rows = [ROWS[layout] for layout, count in zip(layouts, counts, strict=True) for _ in range(count)]
    chance.shuffle(rows)
    survey = Survey()
    for row in rows:
        survey.add(row)

    guess = guess_mapping(survey)
    assert guess is not None and guess.mapping.layout is layouts[counts.index(max(counts))]
    assert (guess.fits, guess.seen) == (max(counts), sum(counts))
