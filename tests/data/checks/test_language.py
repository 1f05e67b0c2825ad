"""Language: a change of language that nobody asked for is found; translations, short texts and code are not."""

import pytest

from studio.data.checks.language import Languages
from tests.data.checks.conftest import found, reasons

ENGLISH = (
    "Where is my parcel? It was meant to come on Monday.",
    "It left our house yesterday and will be with you tomorrow.",
)
GERMAN = (
    "Wo ist mein Paket? Es sollte am Montag kommen.",
    "Es hat unser Haus gestern verlassen und ist morgen bei Ihnen.",
)
FRENCH = (
    "Où est mon colis ? Il devait arriver lundi dernier.",
    "Il a quitté notre maison hier et sera chez vous demain.",
)


def test_an_answer_in_another_language_than_its_question_is_found() -> None:
    finding = found(Languages(), [*[ENGLISH] * 20, (GERMAN[0], ENGLISH[1])])

    assert reasons(finding) == {"question in German, answer in English": (20,)}


def test_answers_in_another_language_than_most_are_found() -> None:
    finding = found(Languages(), [*[ENGLISH] * 20, FRENCH, GERMAN, FRENCH])

    assert reasons(finding) == {"answer in French": (20, 22), "answer in German": (21,)}


def test_a_file_in_two_languages_is_no_finding() -> None:
    assert found(Languages(), [*[ENGLISH] * 12, *[GERMAN] * 12]) is None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Übersetze: It left our house yesterday.", GERMAN[1]),
        ("Please answer in German: where is my parcel now?", GERMAN[1]),
        ("Give me the German version of this sentence: it left our house yesterday.", GERMAN[1]),
        (f"What does this mail say? “{GERMAN[0]}”", ENGLISH[1]),
        (ENGLISH[0], "Bonjour Anna !"),
        (ENGLISH[0], "```python\nfor zahl in zahlen:\n    print(zahl)\n```"),
        (ENGLISH[0], '{"kategorie": "Rechnung", "wichtigkeit": "sehr hoch"}'),
        (ENGLISH[0], "4711 2234 9812 4711 2234 9812 4711"),
    ],
)
def test_translations_short_texts_and_code_are_left_out(question: str, answer: str) -> None:
    mixed = reasons(found(Languages(), [*[ENGLISH] * 10, *[GERMAN] * 10, (question, answer)]))

    assert mixed == {}


def test_an_answer_in_the_language_that_was_asked_for_is_not_unlike_the_others() -> None:
    asked = ("Please translate into French: it left our house yesterday and will be with you tomorrow.", FRENCH[1])

    assert found(Languages(), [*[ENGLISH] * 20, asked]) is None


def test_chinese_and_japanese_are_told_apart_by_their_letters() -> None:
    chinese = ("包裹什么时候能到苏州？", "包裹已经在星期一离开苏州，现在正在路上。")
    japanese = ("荷物はいつ苏州に届きますか。", "荷物は月曜日に苏州を出て、今こちらへ向かっています。")

    finding = found(Languages(), [*[chinese] * 20, (chinese[0], japanese[1])])

    assert reasons(finding) == {"question in Chinese, answer in Japanese": (20,)}


def test_a_file_of_translations_is_no_finding() -> None:
    assert found(Languages(), [(ENGLISH[0], GERMAN[1])] * 20) is None


def test_capitals_do_not_change_the_language() -> None:
    assert found(Languages(), [*[ENGLISH] * 20, (ENGLISH[0].upper(), ENGLISH[1].upper())]) is None


AUF_DEUTSCH = "Das Paket geht morgen aus dem Haus, und wir schicken Ihnen eine Nachricht mit der Nummer dazu."
IN_ENGLISH = "The parcel leaves our house tomorrow, and we send you a message with the number that belongs to it."


def test_the_mix_of_languages_is_told_with_the_share_of_each():
    languages = Languages()
    found(languages, [(IN_ENGLISH, IN_ENGLISH)] * 15 + [(AUF_DEUTSCH, AUF_DEUTSCH)] * 5)
    mix = languages.mix()

    assert mix.title == "The answers are in 2 languages: English 75 %, German 25 %" and mix.count == 5
    assert reasons(mix) == {"answers in German": (15, 16, 17, 18, 19)}


def test_one_language_and_a_single_stray_answer_are_no_mix():
    languages = Languages()
    found(languages, [(IN_ENGLISH, IN_ENGLISH)] * 20 + [(AUF_DEUTSCH, AUF_DEUTSCH)])

    assert languages.mix() is None
