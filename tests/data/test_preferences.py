"""Preference pairs: the better answer ends the row, the worse one is kept beside it, in every way they are written."""

import pytest

from studio.domain.row import Message

USER, BETTER, WORSE = (
    {"role": "user", "content": "Open?"},
    {"role": "assistant", "content": "Yes, until six."},
    {"role": "assistant", "content": "Dunno."},
)
ASKED = [{"from": "human", "value": "Open?"}]

WRITTEN = {
    "texts": {"prompt": "Open?", "chosen": "Yes, until six.", "rejected": "Dunno."},
    "an instruction": {"instruction": "Open?", "input": "", "chosen": "Yes, until six.", "rejected": "Dunno."},
    "lists": {"prompt": [USER], "chosen": [BETTER], "rejected": [WORSE]},
    "a text and messages": {"prompt": "Open?", "chosen": BETTER, "rejected": WORSE},
    "whole conversations": {"chosen": [USER, BETTER], "rejected": [USER, WORSE]},
    "whole conversations with the prompt": {"prompt": "Open?", "chosen": [USER, BETTER], "rejected": [USER, WORSE]},
    "a conversation and its two ends": {
        "conversations": ASKED,
        "chosen": {"from": "gpt", "value": "Yes, until six."},
        "rejected": {"from": "gpt", "value": "Dunno."},
    },
}


@pytest.mark.parametrize("way", WRITTEN)
def test_a_pair_is_the_same_row_however_it_is_written(bring, way):
    brought = bring([WRITTEN[way]] * 2)

    assert brought.result["guess"]["layout"] == "preference"
    assert brought.result["guess"]["fits"] == brought.result["rows"] == 2
    row = brought.rows[0]
    assert row.messages == (Message("user", "Open?"), Message("assistant", "Yes, until six."))
    assert row.rejected == (Message("assistant", "Dunno."),)


def test_a_longer_beginning_and_a_system_message_are_shared(bring):
    begun = [USER, BETTER, {"role": "user", "content": "Sure?"}]
    ends = {"chosen": [*begun, BETTER], "rejected": [*begun, WORSE]}
    row = bring([{"system": "Be brief.", **ends}]).rows[0]

    assert [message.role for message in row.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert row.rejected == (Message("assistant", "Dunno."),)


def test_ends_of_different_length_know_what_both_answer(bring):
    again = [BETTER, {"role": "user", "content": "Sure?"}, BETTER]
    row = bring([{"chosen": [USER, *again], "rejected": [USER, WORSE]}]).rows[0]

    assert (len(row.chosen), len(row.rejected), row.asked) == (3, 1, 1)
    assert bring([WRITTEN["texts"]]).rows[0].chosen == (Message("assistant", "Yes, until six."),)


def test_pairs_of_equal_answers_keep_both(bring):
    row = bring([{"chosen": [USER, BETTER], "rejected": [USER, BETTER]}]).rows[0]

    assert row.rejected == row.messages[1:]


def test_a_person_can_read_whole_conversations_with_a_prompt_field(bring):
    fields = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
    row = {"prompt": "Open?", "chosen": [USER, BETTER], "rejected": [USER, WORSE]}

    assert bring([row], mapping={"layout": "preference", "fields": fields}).rows[0].rejected[0].content == "Dunno."


OTHER = {"role": "user", "content": "Closed?"}
REFUSED = [
    ({"chosen": [USER, BETTER], "rejected": [OTHER, WORSE]}, "rejected", "“chosen” and “rejected” do not begin with the same question."),
    ({"chosen": [USER, BETTER, USER, BETTER], "rejected": [USER, BETTER, OTHER, WORSE]}, "rejected", "“chosen” and “rejected” differ in what was asked, not in the answer."),
    ({"chosen": [USER, BETTER], "rejected": [USER, {**WORSE, "content": ""}]}, "rejected[1].content", "“content” of a message is empty."),
    ({"chosen": [USER, BETTER], "rejected": [USER, BETTER, USER]}, "rejected[2]", "The last message is by the user: there is no answer to learn."),
    ({"chosen": [USER, BETTER]}, "rejected", "The field “rejected” is missing."),
]  # fmt: skip


@pytest.mark.parametrize(("row", "field", "reason"), REFUSED)
def test_a_pair_that_is_none_is_refused_with_the_reason(bring, row, field, reason):
    (reject,) = bring([WRITTEN["whole conversations"]] * 2 + [row]).rejects

    assert (reject.field, reject.reason) == (field, reason) and reject.fix


def test_a_conversation_about_something_else_than_the_prompt_is_refused(bring):
    fields = {"prompt": "prompt", "chosen": "chosen", "rejected": "rejected"}
    rows = [
        {"prompt": "Open?", "chosen": [USER, BETTER], "rejected": [USER, WORSE]},
        {"prompt": "Closed?", "chosen": [USER, BETTER], "rejected": [USER, WORSE]},
        {"prompt": "Open?", "chosen": [USER, BETTER], "rejected": [WORSE]},
    ]
    rejects = bring(rows, mapping={"layout": "preference", "fields": fields}).rejects

    assert [reject.reason for reject in rejects] == [
        "“chosen” is a whole conversation, but not about what was asked.",
        "“rejected” does not begin with what was asked, but the other answer is a whole conversation.",
    ]


def test_pairs_that_differ_in_the_worse_answer_alone_are_neither_copies_nor_contradictions(bring):
    pair = WRITTEN["texts"]

    assert not bring([pair, {**pair, "rejected": "Go away."}]).findings.keys() & {
        "exact_duplicate",
        "conflicting_answers",
    }
    assert "exact_duplicate" in bring([pair, pair]).findings
    assert "conflicting_answers" in bring([pair, {**pair, "chosen": "No."}]).findings
