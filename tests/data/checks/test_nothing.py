"""Nothing: answers that say nothing or only repeat the question are found; signs, labels and greetings are not."""

import pytest

from studio.data.checks.answers import OneWord
from studio.data.checks.nothing import NO_VALUE, PUNCTUATION, Nothing, Repeats
from tests.data.checks.conftest import answers, found, reasons

PROSE = answers(*["The parcel leaves our house on Monday at noon, with the evening truck."] * 20)


@pytest.mark.parametrize("answer", ["...", "-", "—", "?", ". . .", "```\n```", "。", "\u200b", "''"])
def test_punctuation_alone_says_nothing(answer):
    assert reasons(found(Nothing(), answers(answer))) == {PUNCTUATION: (0,)}


@pytest.mark.parametrize(
    "answer",
    [
        "null", "None", "N/A", "n/a.", "nan", "<noinput>", "[]", "{}", "No answer.", "k.A.", "Keine Angabe", "Sans réponse",
        "Sin respuesta", "Nessuna risposta", "Sem resposta", "Geen antwoord", "无", "なし", "없음",
    ],
)  # fmt: skip
def test_a_word_for_no_value_says_nothing_among_answers_in_prose(answer):
    assert reasons(found(Nothing(), [*answers(answer), *PROSE])) == {NO_VALUE: (0,)}
    assert found(OneWord(), [*answers(answer), *PROSE]) is None


def test_the_same_words_are_labels_where_answers_are_short():
    assert found(Nothing(), answers("none", "some", "many", "none", "all", "null", "[]", "{}")) is None


@pytest.mark.parametrize("answer", ["/", "+", ">", "*", "42", "👍", "x", "Nothing at all.", "None of them", "%", "a?"])
def test_a_sign_a_number_or_a_word_is_an_answer(answer):
    assert found(Nothing(), [*answers(answer), *PROSE]) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Where is the parcel that I ordered?", "Where is the parcel that I ordered?"),
        ("Where is the parcel that I ordered?", "  where is the parcel that i ordered\n"),
        ("Wo ist mein Paket?", "Wo ist mein Paket"),
        ("我的包裹现在在哪里？", "我的包裹现在在哪里"),
    ],
)
def test_an_answer_that_is_its_question_is_found(question, answer):
    assert found(Repeats(), [(question, answer)])


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Hello!", "Hello!"),
        ("Good morning to you!", "Good evening to you!"),
        ("Where is the parcel that I ordered?", "Where is the parcel that I ordered? It is here."),
        ("What is 3 + 4 in words?", "What is 3 - 4 in words?"),
        ("Is C++ faster than C# here?", "Is C# faster than C++ here?"),
        ("Say: where is the parcel now", "Where is the parcel now"),
    ],
)
def test_a_greeting_and_an_answer_that_says_more_are_no_repetition(question, answer):
    assert found(Repeats(), [(question, answer)]) is None
