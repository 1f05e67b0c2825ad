"""Tools: descriptions, calls and results are read in every way that people write them, or refused with the reason."""

import json

import pytest

from studio.domain.row import Call, Message

TOOL = {"name": "weather", "description": "Weather of a city.", "parameters": {"type": "object", "properties": {}}}
CALL = {"name": "weather", "arguments": {"city": "Rome"}}
USER = {"role": "user", "content": "Is it warm in Rome?"}
SAID = {"role": "assistant", "content": "It is."}
RESULT = {"role": "tool", "content": "24 °C"}


def calling(*calls: dict, **more) -> dict:
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **more}


def openai(call: dict, **more) -> dict:
    """A call in the way of OpenAI, its arguments as text."""
    return {"type": "function", "function": call | {"arguments": json.dumps(call["arguments"])}, **more}


GOOD = {"messages": [USER, calling(openai(CALL, id="c1")), {**RESULT, "tool_call_id": "c1"}, SAID], "tools": [TOOL]}


def sharegpt(call) -> dict:
    said = [("human", USER["content"]), ("function_call", call), ("observation", "24 °C"), ("gpt", "It is.")]
    return {"conversations": [{"from": role, "value": text} for role, text in said], "tools": json.dumps([TOOL])}


WRITTEN = {
    "OpenAI": GOOD,
    "arguments as an object": {**GOOD, "messages": [USER, calling({"function": CALL}), RESULT, SAID]},
    "a call without a frame": {**GOOD, "messages": [USER, calling(CALL, content=""), {**RESULT, "name": "weather"}, SAID]},
    "function_call": {
        "messages": [USER, {"role": "assistant", "function_call": CALL}, {**RESULT, "role": "function", "name": "weather"}, SAID],
        "functions": [TOOL],
    },
    "tools with their frame": {**GOOD, "tools": [{"type": "function", "function": TOOL}]},
    "ShareGPT": sharegpt(json.dumps(CALL)),
    "ShareGPT, a list": sharegpt(json.dumps([CALL])),
    "ShareGPT, no text but JSON": sharegpt(CALL),
}  # fmt: skip


@pytest.mark.parametrize("way", WRITTEN)
def test_calls_results_and_descriptions_are_the_same_row_however_they_are_written(bring, way):
    brought = bring([WRITTEN[way]])

    (row,) = brought.rows
    assert row.messages == (
        Message("user", "Is it warm in Rome?"),
        Message("assistant", "", (Call("weather", '{"city": "Rome"}'),)),
        Message("tool", "24 °C"),
        Message("assistant", "It is."),
    )
    assert json.loads(row.tools) == [{"type": "function", "function": TOOL}]


def test_a_call_may_be_the_answer_and_stand_beside_words(bring):
    row = bring([{"messages": [USER, calling(openai(CALL), content="One moment.")]}]).rows[0]

    assert row.answer == 'One moment.\nweather({"city": "Rome"})'


def test_the_ids_of_calls_are_kept_beside_the_row(bring):
    assert bring([GOOD]).rows.extra(0) == {"messages[1].tool_calls[0].id": "c1", "messages[2].tool_call_id": "c1"}


def test_two_calls_have_their_results_in_their_order_or_one_for_both(bring):
    other = {"name": "time", "arguments": {}}
    called = calling(openai(CALL, id="c1"), openai(other, id="c2"))
    first, second = {**RESULT, "tool_call_id": "c1"}, {**RESULT, "content": "12:00", "tool_call_id": "c2"}
    both = {"messages": [USER, calling(CALL, other), {"role": "tool", "content": "24 °C, 12:00"}, SAID]}
    brought = bring([{"messages": [USER, called, first, second, SAID]}, both])

    assert [len(row.messages) for row in brought.rows] == [5, 4]
    assert brought.rows[0].messages[1].calls == (Call("weather", '{"city": "Rome"}'), Call("time", "{}"))
    (reject,) = bring([GOOD, {"messages": [USER, called, second, first, SAID]}]).rejects
    assert reject.reason == "A tool's result is not of the call that it follows."


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "0.12345678901234568", "-0.0", "1e-07"])
@pytest.mark.parametrize("as_text", [True, False])
def test_a_number_in_arguments_keeps_every_digit(bring, number, as_text):
    arguments = f'{{"n": {number}}}'
    called = json.dumps(arguments) if as_text else arguments
    line = '{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "tool_calls": [{"name": "f", "arguments": %s}]}]}'

    assert bring(line % called).rows[0].messages[1].calls == (Call("f", arguments),)


def test_no_tools_are_no_tools_however_that_is_written(bring):
    rows = [{**GOOD, "tools": none} for none in (None, "", " ", [], "[]")]

    assert [row.tools for row in bring([GOOD, *rows]).rows][1:] == [""] * 5


REFUSED = [
    ([USER, calling({}), RESULT, SAID], "messages[1].tool_calls", "A tool call is not JSON with a name and arguments."),
    ([USER, calling({"name": "f", "arguments": "x"}), RESULT, SAID], "messages[1].tool_calls.arguments", "The arguments of a tool call are not a JSON object."),
    ([USER, calling({"name": "f", "arguments": '{"a": 1, "a": 2}'}), RESULT, SAID], "messages[1].tool_calls.arguments", "The field “a” is written twice."),
    ([USER, calling({"name": "f", "arguments": '{"a": NaN}'}), RESULT, SAID], "messages[1].tool_calls.arguments", "The arguments of a tool call are not a JSON object."),
    ([USER, calling({"name": "f", "arguments": '{"a": "\\ud800"}'}), RESULT, SAID], "messages[1].tool_calls.arguments", "The arguments of a tool call are not a JSON object."),
    ([USER, calling({"name": "f", "arguments": '{"a": %s}' % ("[" * 70 + "]" * 70)}), RESULT, SAID], "messages[1].tool_calls.arguments", "The arguments of a tool call are not a JSON object."),
    ([{**USER, "tool_calls": [CALL]}, SAID], "messages[0]", "A tool is called by somebody who is not the assistant."),
    ([USER, calling(CALL), SAID], "messages[2]", "Two messages in a row have the same role."),
    ([USER, calling(CALL), USER, SAID], "messages[2]", "The result of a tool's call is missing."),
    ([USER, calling(CALL), RESULT, USER, SAID], "messages[3]", "A tool's result is followed by the user."),
    ([USER, RESULT, SAID], "messages[1]", "A tool's result stands where no tool was called."),
    ([USER, calling(CALL), RESULT, RESULT, SAID], "messages[3]", "There are more results than calls of tools."),
    ([USER, calling(CALL), {**RESULT, "name": "time"}, SAID], "messages[2]", "A tool's result bears the name of another tool."),
    ([USER, calling(CALL), RESULT], "messages[2]", "The last message is a tool's result: there is no answer to learn."),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "field", "reason"), REFUSED, ids=[reason for *_, reason in REFUSED])
def test_what_is_not_understood_is_refused_by_its_place(bring, messages, field, reason):
    (reject,) = bring([GOOD, {"messages": messages}]).rejects

    assert (reject.line, reject.field, reject.reason) == (2, field, reason) and reject.fix


BAD_TOOLS = [
    ("hammer and saw", "tools", "The field “tools” is not a JSON list of tools."),
    ({"name": "f"}, "tools", "The field “tools” is not a JSON list of tools."),
    ([{"description": "x"}], "tools[0]", "A tool is described without a name."),
    ('[{"name": "f"}, 5]', "tools[1]", "A tool is described without a name."),
]


@pytest.mark.parametrize(("tools", "field", "reason"), BAD_TOOLS)
def test_tools_that_cannot_be_understood_are_refused(bring, tools, field, reason):
    (reject,) = bring([GOOD, GOOD, {**GOOD, "tools": tools}]).rejects

    assert (reject.field, reject.reason) == (field, reason)


def test_secrets_in_the_arguments_of_a_call_and_in_a_rejected_answer_are_found(bring):
    called = {"name": "mail", "arguments": {"to": "anna.berg@posteo.de"}}
    rows = [
        {"prompt": [USER], "chosen": [calling(called)], "rejected": "No idea."},
        {"prompt": "Who?", "chosen": "I cannot say.", "rejected": "Write to anna.berg@posteo.de."},
    ]
    finding = bring(rows).findings["personal_data"]

    assert [(mark.row, mark.message) for mark in finding.marks] == [(0, 1), (1, 2)]
