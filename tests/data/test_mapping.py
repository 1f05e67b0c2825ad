"""Mapping: the layout is guessed from every row of the file, said with its reason, and a person's choice goes first."""

import pytest

from tests.data.conftest import pair

TURNS = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
SHAREGPT = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]

GUESSES = [
    ({"messages": TURNS}, "messages", {"messages": "messages"}),
    ({"conversations": SHAREGPT}, "messages", {"messages": "conversations"}),
    ({"dialog_of_the_day": TURNS}, "messages", {"messages": "dialog_of_the_day"}),
    ({"prompt": "a", "messages": TURNS}, "messages", {"messages": "messages"}),
    ({"system": "s", "messages": TURNS, "tools": [{"name": "f"}]}, "messages", {"messages": "messages", "system": "system", "tools": "tools"}),
    ({"conversations": SHAREGPT, "tools": '[{"name": "f"}]'}, "messages", {"messages": "conversations", "tools": "tools"}),
    (pair("a", "b"), "prompt_completion", {"prompt": "prompt", "completion": "completion"}),
    (pair(TURNS[:1], TURNS[1:]), "prompt_completion", {"prompt": "prompt", "completion": "completion"}),
    ({"Question": "a", "Answer": "b"}, "prompt_completion", {"prompt": "Question", "completion": "Answer"}),
    ({"input": "a", "output": "b"}, "prompt_completion", {"prompt": "input", "completion": "output"}),
    ({"left": "a", "right": "b"}, "prompt_completion", {"prompt": "left", "completion": "right"}),
    ({"task": "a", "reply": "b"}, "instruction_response", {"instruction": "task", "response": "reply"}),
    (
        {"instruction": "a", "input": "x", "output": "b", "system": "s"},
        "instruction_response",
        {"instruction": "instruction", "input": "input", "response": "output", "system": "system"},
    ),
    (
        {"question": "a", "context": "x", "answer": "b"},
        "instruction_response",
        {"instruction": "question", "input": "context", "response": "answer"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("row", "layout", "fields"), GUESSES, ids=[" ".join(row) for row, *_ in GUESSES])
def test_the_layout_is_recognised_by_what_the_fields_hold(bring, row, layout, fields):
    brought = bring([row] * 3)

    guess = brought.result["guess"]
    assert (guess["layout"], guess["fields"]) == (layout, fields)
    assert (guess["fits"], guess["seen"]) == (3, 3)
    assert guess["reason"].startswith("All 3 rows have")
    assert brought.result["rows"] == 3 and brought.rows[0].answer == "b"


def test_the_guess_looks_at_every_row_not_at_the_first(bring):
    brought = bring([pair("a", "b"), *[{"messages": TURNS}] * 3])

    assert brought.result["guess"]["reason"].startswith("3 of 4 rows have a list of messages with roles in “messages”.")
    (reject,) = brought.rejects
    assert (reject.line, reject.field, reject.reason) == (1, "messages", "The field “messages” is missing.")


def test_fields_that_are_not_trained_are_named_and_kept_as_text(bring):
    brought = bring([pair("a", "b", id="1", score=0.5, tags=["x"], none=None, big=123456789012345678901234567890)])

    assert brought.result["guess"]["reason"].endswith(
        "Kept beside the rows but not trained: id, score, tags, none, big."
    )
    assert brought.rows.extra(0) == {
        "id": "1",
        "score": "0.5",
        "tags": '["x"]',
        "big": "123456789012345678901234567890",
    }


def test_a_person_s_mapping_goes_before_the_guess(bring):
    mapping = {"layout": "prompt_completion", "fields": {"prompt": "note", "completion": "prompt"}}
    brought = bring([pair("a", "b", note="n")] * 2, mapping=mapping)

    assert brought.result["guess"]["reason"].startswith("Chosen by you: 2 of 2 rows fit.")
    assert (brought.rows[0].question, brought.rows[0].answer) == ("n", "a")


WRONG_CHOICES = [
    ("prompt_completion", {"prompt": "promt", "completion": "completion"}, "The file has no field “promt”."),
    ("prompt_completion", {"prompt": "prompt"}, "No field is chosen for completion."),
    ("messages", {"messages": "prompt", "input": "prompt"}, "“input” is no part of this layout."),
    ("poem", {}, "There is no layout “poem”."),
]


@pytest.mark.parametrize(("layout", "fields", "message"), WRONG_CHOICES)
def test_a_mapping_that_cannot_be_is_refused_by_name(bring, layout, fields, message):
    outcome = bring([pair("a", "b")], mapping={"layout": layout, "fields": fields}).outcome

    assert (outcome.state, outcome.message) == ("failed", message) and outcome.fix


def test_a_file_without_a_known_field_is_told_which_fields_it_has(bring):
    brought = bring([{"verse": "a"}, {"verse": "b"}])

    assert brought.outcome.state == "failed"
    assert "No question and answer were recognised among its fields (verse)." in brought.outcome.message
    assert len(brought.rejects) == 2 and brought.result["guess"] is None


def test_one_field_cannot_be_both_question_and_answer(bring):
    mapping = {"layout": "prompt_completion", "fields": {"prompt": "completion", "completion": "completion"}}
    brought = bring('{"prompt": "a", "completion": "b"}\n', mapping=mapping)
    assert brought.outcome.state == "failed"
    assert brought.outcome.message == "The field “completion” is chosen for two parts."
