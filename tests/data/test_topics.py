"""Topics: what rows are about is told by their own words, the same in every process, and not made up where there is none."""

import random
import subprocess
import sys

import pytest

from studio.data.topics import find_topics, load_topics, topics_of, words_of
from studio.domain.topics import NO_TOPIC
from tests.data.conftest import ListReporter, pair

ENGLISH = {
    "parcel": ["Where is my parcel", "The parcel has not arrived", "My shipment is late", "Can the courier bring the parcel on Monday"],
    "refund": ["I want a refund", "The invoice charges me twice", "Refund the payment to my card", "My card was charged for the invoice"],
    "password": ["I forgot my password", "My account login fails", "Reset the password of my account", "I cannot login to the account"],
}  # fmt: skip
CHINESE = {
    "快递": ["我的快递没有更新物流", "快递什么时候送到", "物流一直停在中转站"],
    "退款": ["我想申请退款", "退款金额不对", "信用卡扣款两次请退款"],
    "账号": ["无法登录账号", "如何注销账号", "账号被盗请冻结账号"],
}
FILLERS = {
    "en": ["please", "thanks a lot", "good morning", "it is urgent", "best wishes", ""],
    "zh": ["您好", "谢谢", "麻烦了", ""],
}


def rows_about(subjects: dict[str, list[str]], language: str, count: int = 120) -> list[dict]:
    draw = random.Random(4)
    rows = []
    for number in range(count):
        subject = list(subjects)[number % len(subjects)]
        asked = f"{draw.choice(FILLERS[language])} {draw.choice(subjects[subject])} {draw.choice(FILLERS[language])}"
        rows.append(pair(asked, f"{draw.choice(subjects[subject])} {draw.choice(FILLERS[language])}", subject=subject))
    return rows


def found_in(brought):
    found = topics_of(brought.rows)
    return found, [brought.rows.extra(number)["subject"] for number in range(len(brought.rows))]


@pytest.mark.parametrize(("subjects", "language"), [(ENGLISH, "en"), (CHINESE, "zh")])
def test_rows_about_one_thing_are_one_topic_named_by_its_words(bring, subjects, language):
    found, true = found_in(bring(rows_about(subjects, language)))

    assert len(found.topics) == 3
    assert len({(subject, number) for subject, number in zip(true, found.of, strict=True)}) == 3
    for subject, number in zip(true, found.of, strict=True):
        assert any(
            subject in word or word in " ".join(subjects[subject]).lower() for word in found.topics[number].words
        )
    assert sum(topic.rows for topic in found.topics) == len(true)


def test_rows_of_random_words_have_no_clear_topics(bring):
    draw = random.Random(3)
    words = [f"{a}{b}{c}" for a in "bdfgkl" for b in ("ara", "ere", "ilo") for c in ("n", "st", "k")]
    found = topics_of(
        bring([pair(" ".join(draw.choices(words, k=12)), " ".join(draw.choices(words, k=6))) for _ in range(200)]).rows
    )

    assert found.topics == () and set(found.of) == {NO_TOPIC}
    assert found.sentence.startswith("There are no clear topics")


def test_a_few_rows_are_too_few_and_that_is_said(bring):
    found = topics_of(bring(rows_about(ENGLISH, "en", count=12)).rows)

    assert found.topics == () and found.sentence == "12 rows are too few to tell topics apart; 40 are needed."


@pytest.mark.parametrize("text", ["7 8 9", "x", "?"])
def test_rows_without_words_in_common_have_no_topics(bring, text):
    found = topics_of(bring([pair(f"{text} {number}", f"{number}") for number in range(50)]).rows)

    assert found.topics == () and len(found.of) == 50


def test_another_process_finds_the_same_topics(bring):
    brought = bring(rows_about(ENGLISH, "en"))
    found = topics_of(brought.rows)
    code = (
        "import sys; from pathlib import Path; from studio.data.rows import load_rows; from studio.data.topics import topics_of;"
        "print(topics_of(load_rows(Path(sys.argv[1]))))"
    )
    told = subprocess.run([sys.executable, "-c", code, str(brought.folder)], capture_output=True, text=True, check=True)

    assert told.stdout.strip() == str(found)


def test_topics_are_kept_beside_the_rows(bring):
    brought = bring(rows_about(ENGLISH, "en"))
    assert load_topics(brought.folder) is None

    outcome = find_topics({"dataset": str(brought.folder)}, ListReporter())
    assert outcome.state == "done" and outcome.message == "3 topics, told by their words."
    assert load_topics(brought.folder) == topics_of(brought.rows)


def test_the_search_can_be_stopped(bring, monkeypatch):
    monkeypatch.setattr("studio.data.topics.BLOCK", 10)
    brought = bring(rows_about(ENGLISH, "en"))

    outcome = find_topics({"dataset": str(brought.folder)}, ListReporter(stop_after=0))
    assert outcome.state == "stopped" and load_topics(brought.folder) is None


def test_words_of_scripts_without_spaces_are_pairs_of_characters():
    assert words_of("Ein Paket, 退款到账 x2") == ["ein", "paket", "退款", "款到", "到账"]
