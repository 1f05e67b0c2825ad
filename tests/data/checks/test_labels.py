"""Labels: one label written in several ways is found; different labels and free texts are not."""

import json

import pytest

from studio.data.checks.labels import Labels
from tests.data.checks.conftest import answers, found, reasons

USUAL = ["billing", "delivery", "account"] * 20


def test_a_label_that_is_written_in_several_ways_is_found() -> None:
    finding = found(Labels(), answers(*USUAL, "Billing", "billing ", "DELIVERY", "Billing"))

    assert reasons(finding) == {
        "“billing ” once, “Billing” 2 times, “billing” 20 times": (60, 61, 63),
        "“DELIVERY” once, “delivery” 20 times": (62,),
    }
    assert finding is not None
    assert finding.title == "4 rows write a label in another way"
    assert finding.groups[0].lines == (61, 62, 64)


def test_a_line_that_follows_a_label_makes_no_other_of_it() -> None:
    assert reasons(found(Labels(), answers(*USUAL, "billing\n"))) == {"“billing\n” once, “billing” 20 times": (60,)}


def test_labels_in_lines_and_in_json_are_compared_within_their_field() -> None:
    lines = [f"category: {label}\nteam: Billing" for label in USUAL]
    objects = [json.dumps({"category": label, "team": "Billing", "n": 3}) for label in USUAL]

    for texts, odd in (
        (lines, "category: Billing\nteam: Billing"),
        (objects, '{"category": "Billing", "team": "Billing"}'),
    ):
        assert reasons(found(Labels(), answers(*texts, odd))) == {"“Billing” once, “billing” 20 times": (60,)}


def test_the_names_before_the_colon_are_labels_too() -> None:
    lines = [f"category: {label}\nteam: payments" for label in USUAL]

    finding = found(Labels(), answers(*lines, "Category: billing\nteam: payments"))

    assert reasons(finding) == {"“Category” once, “category” 60 times": (60,)}


@pytest.mark.parametrize(("label", "other"), [("high prio", "high"), ("A-", "A"), ("1", "10"), ("yes", "no")])
def test_different_labels_are_not_one(label: str, other: str) -> None:
    assert found(Labels(), answers(*[label] * 20, *[other] * 20)) is None


def test_texts_that_hardly_repeat_are_no_labels() -> None:
    names = [f"Person {number}" for number in range(40)]

    assert found(Labels(), answers(*names, "person 7")) is None


def test_sentences_are_no_labels() -> None:
    sentence = "The parcel leaves our house on Monday morning."

    assert found(Labels(), answers(*[sentence] * 20, sentence.lower())) is None
