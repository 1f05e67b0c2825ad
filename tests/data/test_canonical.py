"""Canonical: a row that cannot be trained as it is written is refused with its field; none is repaired."""

import pytest

from studio.domain.row import Message
from tests.data.conftest import pair


def turns(*roles_and_texts: str) -> dict:
    """A row of messages from `role: text` strings."""
    pairs = [each.split(": ", 1) for each in roles_and_texts]
    return {"messages": [{"role": role, "content": text} for role, text in pairs]}


GOOD = turns("user: a", "assistant: b")


def refusal(bring, row: dict):
    """How one row among good ones is refused."""
    brought = bring([GOOD if "messages" in row else pair("x", "y")] * 2 + [row])
    (reject,) = brought.rejects
    assert reject.line == 3 and reject.fix
    return reject.field, reject.reason


ORDERS = [
    (turns("assistant: a", "user: b", "assistant: c"), "messages[0]", "The conversation starts with the assistant."),
    (turns("user: a", "system: s", "assistant: b"), "messages[1]", "A system message stands after the beginning."),
    (
        turns("system: s", "system: t", "user: a", "assistant: b"),
        "messages[1]",
        "A system message stands after the beginning.",
    ),
    (turns("user: a", "user: b", "assistant: c"), "messages[1]", "Two messages in a row have the same role."),
    (
        turns("user: a", "assistant: b", "user: c"),
        "messages[2]",
        "The last message is by the user: there is no answer to learn.",
    ),
    (turns("user: a"), "messages", "There is no answer: no message is by the assistant."),
    (turns("system: s"), "messages", "There is no answer: no message is by the assistant."),
]


@pytest.mark.parametrize(("row", "field", "reason"), ORDERS)
def test_roles_must_alternate_and_end_with_an_answer(bring, row, field, reason):
    assert refusal(bring, row) == (field, reason)


SAID, HAS = "“content” of a message is ", "“content” of a message has "
NAMELESS = "A message has a role that is not a text, which is not known."
ASKED, ANSWERED = GOOD["messages"]
PICTURE = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "x"}}]
FIELDS = [
    (pair("a", 5), "completion", "The field “completion” is a number, not a text."),
    (pair(True, "b"), "prompt", "The field “prompt” is true or false, not a text."),
    (pair("a", None), "completion", "The field “completion” is null."),
    ({"prompt": "a"}, "completion", "The field “completion” is missing."),
    (pair(" \n", "b"), "prompt", "The field “prompt” is empty."),
    (pair("a", {"text": "b"}), "completion", "The field “completion” is an object, not a text."),
    (turns("user: a", "assistant: "), "messages[1].content", "“content” of a message is empty."),
    ({"messages": [{**ASKED, "content": 7}, ANSWERED]}, "messages[0].content", SAID + "a number, not a text."),
    ({"messages": [{**ASKED, "content": {}}, ANSWERED]}, "messages[0].content", SAID + "an object, not a text."),
    ({"messages": [{**ASKED, "content": PICTURE}, ANSWERED]}, "messages[0].content[1]", HAS + "a part of the type “image_url”."),
    ({"messages": [{**ASKED, "content": [" "]}, ANSWERED]}, "messages[0].content", SAID + "empty."),
    (turns("agent: a", "assistant: b"), "messages[0].role", "A message has a role “agent”, which is not known."),
    ({"messages": [{"role": 3, "content": "a"}]}, "messages[0].role", NAMELESS),
    ({"messages": [{"content": "a"}]}, "messages[0].role", "A message has no role."),
    ({"messages": ["a", "b"]}, "messages[0]", "A message is not an object with role and content."),
    ({"messages": []}, "messages", "“messages” is an empty list."),
    ({"messages": "a"}, "messages", "“messages” is not a list of messages."),
    ({"messages": [ASKED, {**ANSWERED, "weight": 0}]}, "messages[1].weight", "A message has a weight other than 1."),
]  # fmt: skip


@pytest.mark.parametrize(("row", "field", "reason"), FIELDS, ids=[field for _, field, _ in FIELDS])
def test_a_row_without_two_texts_is_refused_by_field(bring, row, field, reason):
    assert refusal(bring, row) == (field, reason)


def test_preference_pairs_that_are_read_as_conversations_are_told_that_there_is_a_layout_for_them(bring):
    row = {**turns("user: a"), "chosen": "b", "rejected": "c"}
    brought = bring([row], mapping={"layout": "messages", "fields": {"messages": "messages"}})

    assert brought.outcome.state == "failed" and "preference pairs: choose that layout" in brought.outcome.fix


def test_a_text_in_parts_is_joined_as_chat_templates_join_it(bring):
    parts = [{"type": "text", "text": "a "}, {"type": "input_text", "text": "b"}, "\nc"]

    assert bring([{"messages": [{**ASKED, "content": parts}, ANSWERED]}]).rows[0].question == "a b\nc"


def test_the_developer_s_message_is_the_system_message(bring):
    assert bring([turns("developer: s", "user: a", "assistant: b")]).rows[0].messages[0] == Message("system", "s")


def test_a_system_field_stands_before_the_conversation_and_is_not_doubled(bring):
    told = turns("system: s", "user: a", "assistant: b")
    brought = bring([{**GOOD, "system": "s"}, {**told, "system": "s"}, {**told, "system": "other"}])

    assert [row.messages for row in brought.rows] == [
        (Message("system", "s"), Message("user", "a"), Message("assistant", "b"))
    ] * 2
    assert [reject.reason for reject in brought.rejects] == ["A system message stands after the beginning."]


def test_human_and_gpt_are_other_names_for_user_and_assistant(bring):
    row = {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}

    assert bring([row]).rows[0].messages == (Message("user", "a"), Message("assistant", "b"))


def test_the_input_stands_below_its_instruction_and_the_system_text_before_both(bring):
    brought = bring(
        [
            {"instruction": "Translate.", "input": "Haus", "output": "house", "system": "Be brief."},
            {"instruction": "Greet.", "input": "", "output": "Hello", "system": None},
        ]
    )

    first, second = brought.rows
    assert first.messages == (
        Message("system", "Be brief."), Message("user", "Translate.\n\nHaus"), Message("assistant", "house"),
    )  # fmt: skip
    assert second.messages == (Message("user", "Greet."), Message("assistant", "Hello"))


def test_text_stays_as_it_is_written(bring):
    text = " 2024-01-01 \u00a0 “x”\n\n 1.0 "

    assert bring([pair(text, text)]).rows[0].answer == text


def test_what_a_message_says_besides_is_kept_with_its_place(bring):
    row = {"messages": [{"role": "user", "content": "a", "name": "Ada"}, GOOD["messages"][1]]}

    assert bring([row]).rows.extra(0) == {"messages[0].name": "Ada"}
