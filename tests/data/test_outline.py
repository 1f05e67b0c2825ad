"""Outline: what dealing needs to know of every row, kept when the file is read and not changed by an edit."""

import json

import numpy as np
import pytest

from studio.data.outline import OPENS_MANY, outline_of
from studio.data.rows import load_rows
from studio.domain.fields import Field
from tests.data.conftest import pair


def talk(*turns: str, **more) -> dict:
    roles = ("user", "assistant")
    return {"messages": [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)], **more}


def fields_of(brought) -> dict[str, Field]:
    return {field.key: field for field in outline_of(brought.rows).fields}


def test_rows_that_say_the_same_have_one_hash_wherever_they_stand(bring):
    first = outline_of(bring([pair("How late is it?", "Ten."), pair("Who is it?", "Ada.")]).rows)
    second = outline_of(bring([pair("Who  is it", "ada"), pair("x", "y"), pair("HOW late is it?", "ten")]).rows)

    assert first.keys.tolist() == [second.keys[2], second.keys[0]]


def test_an_edit_changes_nothing_that_rows_are_dealt_by(bring):
    brought = bring([pair(f"question {number}", "answer") for number in range(5)])
    before = outline_of(brought.rows)
    edited = {**brought.rows.record(2), "number": 2, "messages": [{"role": "user", "content": "x"}] * 2}
    (brought.folder / "edited.jsonl").write_text(json.dumps(edited) + "\n")

    after = outline_of(load_rows(brought.folder))
    assert load_rows(brought.folder)[2].question == "x"
    assert np.array_equal(after.keys, before.keys) and np.array_equal(after.sizes, before.sizes)


def test_a_dataset_without_an_outline_has_it_made_from_its_rows(bring):
    brought = bring([talk("a", "b", topic="x"), talk("a", "b", "c", "d", topic="y")])
    kept = outline_of(brought.rows)
    (brought.folder / "outline.npz").unlink()

    made = outline_of(brought.rows)
    assert made.fields == kept.fields
    assert all(np.array_equal(getattr(made, name), getattr(kept, name)) for name in ("keys", "sizes", "conversations"))


def test_rows_that_go_on_where_another_ends_are_of_one_conversation(bring):
    rows = [
        talk("p", "q"),
        talk("a", "b"),
        talk("a", "b", "c", "d"),
        talk("x", "y"),
        talk("A", "b.", "c", "d", "e", "f"),
    ]

    assert outline_of(bring(rows).rows).conversations.tolist() == [0, 1, 1, 3, 1]


def test_rows_that_part_after_the_same_beginning_are_of_one_conversation(bring):
    rows = [talk("a", "b", "c", "d"), talk("p", "q"), talk("a", "b", "c", "other")]

    assert outline_of(bring(rows).rows).conversations.tolist() == [0, 1, 0]


def test_a_greeting_that_many_conversations_begin_with_ties_nothing(bring):
    rows = [talk("hi", "Hello, what can I do?", f"question {number}", "yes") for number in range(OPENS_MANY + 1)]
    goes_on = talk("hi", "Hello, what can I do?", "question 3", "yes", "thanks", "bye")

    conversations = outline_of(bring([*rows, goes_on]).rows).conversations.tolist()
    assert conversations == [*range(OPENS_MANY + 1), 3]


def test_a_field_tells_how_many_values_it_has_and_which_are_common(bring):
    rows = [pair(f"question {n}", f"answer {n} is long", topic="ab"[n % 3 == 0], id=n) for n in range(30)]
    found = fields_of(bring([*rows, pair("last", "one more of these", topic=" ")]))

    assert found["field:topic"] == Field("field:topic", 30, 2, True, (("a", 20), ("b", 10)))
    assert found["field:topic"].has_labels
    assert not found["field:id"].repeats and not found["field:id"].has_labels


@pytest.mark.parametrize("written", ["category: {}\nteam: x", '{{"category": "{}", "team": "x"}}'])
def test_labels_that_answers_give_are_counted_by_their_names(bring, written):
    labels = ["billing", "Billing", "delivery"]
    found = fields_of(bring([pair(f"question {n}", written.format(labels[n % 3])) for n in range(30)]))

    assert found["answer:category"].common == (("billing", 20), ("delivery", 10))
    assert found["answer:category"].title == "category (in the answer)"


def test_short_answers_that_come_again_are_labels_and_free_answers_are_none(bring):
    assert fields_of(bring([pair(f"question {n}", "yes" if n % 3 else "no") for n in range(30)]))["answer:"].values == 2
    assert not fields_of(bring([pair(f"question {n}", f"answer {n}") for n in range(30)]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [("conversation_id", True), ("Thread-ID", True), ("ticket", True), ("user_id", False), ("id", False)],
)
def test_a_field_is_told_to_name_conversations_by_its_name(bring, name, expected):
    rows = [pair(f"question {n}", f"answer {n}", **{name: n // 2}) for n in range(12)]

    assert fields_of(bring(rows))[f"field:{name}"].names_conversations is expected
