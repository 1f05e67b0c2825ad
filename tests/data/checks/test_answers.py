"""Answers: those that break off and single words are found against the habit of their file."""

import json

import pytest

from studio.data.checks.answers import COMMA, CONJUNCTION, FENCE, NO_END_MARK, OPEN_JSON, CutShort, OneWord
from tests.data.checks.conftest import answers, found, reasons

WHOLE = [f"The parcel number {number} leaves our house on Monday morning." for number in range(20)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("The parcel leaves our house on Monday and then", NO_END_MARK),
        ("The parcel leaves our house on Monday,", COMMA),
        ("Please do the following three things in turn:", COMMA),
        ("The parcel leaves our house on Monday and", CONJUNCTION),
        ("Das Paket geht am Montag aus dem Haus und", CONJUNCTION),
        ("Run this:\n```python\nprint(1)", FENCE),
        ('{"item": "tea", "days": ["Mon', OPEN_JSON),
        ('{"item": "tea"', OPEN_JSON),
    ],
)
def test_an_answer_that_breaks_off_is_found(answer: str, reason: str) -> None:
    assert reasons(found(CutShort(), answers(*WHOLE, answer))) == {reason: (20,)}


@pytest.mark.parametrize(
    "answer",
    [
        "The parcel leaves our house on Monday (by train)",
        "She said: “The parcel leaves our house on Monday.”",
        "The parcel leaves our house on Monday 🙂",
        "The parcel leaves our house on Monday.\n\nKind regards\nAnna Berg",
        "These leave our house on Monday:\n- the blue teapot with a lid\n- two cups",
        "Run this:\n```\nprint(1)\n```",
        '{"item": "tea {", "quote": "a \\" b"}',
        "We had a lovely day at the sea #travel",
        "The rest is easy to see now: 10 / 5 = 2 days",
        "“I am not what I am, and I am glad of it.” - William Shakespeare",
        "The water and the pot now cost you 12.50",
        "Tea",
        "包裹星期一离开我们家，请放心。",
        "category: billing\npriority: low",
    ],
)
def test_an_answer_that_is_finished_is_not_found(answer: str) -> None:
    assert found(CutShort(), answers(*WHOLE, answer)) is None


def test_an_answer_in_chinese_or_japanese_that_breaks_off_is_found() -> None:
    whole = ["包裹星期一离开我们家，星期三就会到您那里。", "荷物は月曜日に出て、水曜日に届きます。"] * 6

    assert reasons(
        found(CutShort(), answers(*whole, "包裹星期一离开我们家，星期三就会", "荷物は月曜日にこちらを出て、"))
    ) == {
        NO_END_MARK: (12,),
        COMMA: (13,),
    }


def test_a_file_without_end_marks_has_no_cut_answers() -> None:
    assert found(CutShort(), answers(*(text.rstrip(".") for text in WHOLE))) is None


def test_a_file_of_verses_may_end_in_commas() -> None:
    assert found(CutShort(), answers(*(text.rstrip(".") + "," for text in WHOLE))) is None


def test_the_end_of_an_answer_that_breaks_off_is_marked() -> None:
    finding = found(CutShort(), answers(*WHOLE, "The parcel leaves our house on Monday,"))

    assert finding is not None
    (mark,) = finding.marks
    assert (mark.row, mark.message, mark.end) == (20, 1, len("The parcel leaves our house on Monday,"))


def test_one_word_among_long_answers_is_found() -> None:
    assert reasons(found(OneWord(), answers(*WHOLE, "Monday", "No."))) == {"": (20, 21)}


@pytest.mark.parametrize(
    "answer",
    [
        "On Monday",
        json.dumps(["a" * 40]),
        "0.5",
        "77°F",
        "包裹星期一离开我们家请放心",
        "https://shop.example/a/long/way",
    ],
)
def test_what_is_more_than_one_word_is_not_found(answer: str) -> None:
    assert found(OneWord(), answers(*WHOLE, answer)) is None


def test_in_a_file_of_labels_one_word_is_no_finding() -> None:
    assert found(OneWord(), answers(*["billing", "delivery", "account"] * 20, *WHOLE)) is None


def test_a_single_word_that_is_common_is_a_habit() -> None:
    assert found(OneWord(), answers(*WHOLE, *["Yes."] * 6)) is None
