"""Plain texts: a field of text is read as it stands, and is neither a question nor an answer."""

import pytest

from studio.domain.row import TEXT, Message

POEM = "Roses are red,\nviolets are blue."


@pytest.mark.parametrize("name", ["text", "content", "document"])
def test_a_field_of_text_is_read_as_it_stands(bring, name):
    brought = bring([{name: POEM, "source": "a book"}] * 2 + [{name: "Something else.", "source": "a letter"}])

    guess = brought.result["guess"]
    assert (guess["layout"], guess["fields"]) == ("text", {"text": name})
    assert guess["reason"].startswith(f"All 3 rows have a plain text in “{name}”, and no question with an answer.")
    assert brought.rows[0].messages == (Message(TEXT, POEM),) and brought.rows[0].is_text
    assert (brought.rows[0].prompt, brought.rows[0].question, brought.rows[0].answer) == ((), "", POEM)
    assert brought.rows.extra(0) == {"source": "a book"}


def test_a_table_may_have_a_text_column_alone(bring):
    assert [row.answer for row in bring('text\n"Roses, red"\nViolets\n').rows] == ["Roses, red", "Violets"]


def test_a_text_with_a_label_is_a_question_and_its_answer(bring):
    assert bring([{"text": "Broken!", "label": "complaint"}] * 2).result["guess"]["layout"] == "prompt_completion"


def test_different_texts_do_not_contradict_each_other(bring):
    findings = bring([{"text": POEM}, {"text": "Something else."}, {"text": POEM}]).findings

    assert "conflicting_answers" not in findings and findings["exact_duplicate"].groups[0].rows == (0, 2)
