"""Habits: a few answers in another format, or with stray spaces, are found; a mixture is nobody's fault."""

import json

import pytest

from studio.data.checks.forms import Format, form_of
from studio.data.checks.habits import Formats, Spaces
from tests.data.checks.conftest import answers, found, reasons

PROSE = [f"Parcel {number} leaves our house on Monday." for number in range(20)]
FIELDS = "category: billing\npriority: low"
MARKDOWN = "## Parcel\n\n- Monday\n- Tuesday"


@pytest.mark.parametrize(
    ("answer", "format"),
    [
        ("The parcel leaves on Monday.", Format.PLAIN),
        ("Note: the parcel leaves our house on Monday.", Format.PLAIN),
        ("[Name], your parcel leaves on Monday.", Format.PLAIN),
        ("{name}, your parcel leaves on Monday.", Format.PLAIN),
        ("It is 5 * 3 * 2 = 30, at 12:30.", Format.PLAIN),
        ("- only one line with a dash", Format.PLAIN),
        ("First this.\n\nThen that.", Format.PLAIN),
        ("category: billing", Format.FIELDS),
        (FIELDS, Format.FIELDS),
        ('{"item": "tea"}', Format.JSON),
        ('[{"item": "tea"}]', Format.JSON),
        ('{"item": "tea",}', Format.BROKEN_JSON),
        (MARKDOWN, Format.MARKDOWN),
        ("It leaves on **Monday**.", Format.MARKDOWN),
        ("Run `make`.", Format.MARKDOWN),
        ("| day | parcel |\n| --- | --- |", Format.MARKDOWN),
    ],
)
def test_the_format_of_an_answer_is_told(answer: str, format: Format) -> None:
    assert form_of(answer).format is format


def test_the_named_values_of_an_answer_keep_their_spaces() -> None:
    assert form_of("Category: billing \nprio:\ntime: 12:30").fields == (
        ("Category", "billing "),
        ("prio", ""),
        ("time", "12:30"),
    )
    assert form_of('[{"a": "x", "n": 1}, {"a": "y "}, 7]').fields == (("a", "x"), ("a", "y "))


def test_answers_in_another_format_than_most_are_found_by_format() -> None:
    finding = found(Formats(), answers(*PROSE, FIELDS, MARKDOWN, '{"day": "Monday"}', MARKDOWN))

    assert finding is not None
    assert finding.title == "4 answers are not in plain text, as most are"
    assert reasons(finding) == {
        "answers in Markdown": (21, 23),
        "answers in “name: value” lines": (20,),
        "answers in JSON": (22,),
    }


def test_broken_json_among_json_is_another_format() -> None:
    whole = [json.dumps({"item": "tea", "quantity": number}) for number in range(20)]

    assert reasons(found(Formats(), answers(*whole, whole[0][:-1]))) == {"answers in JSON that cannot be read": (20,)}


def test_a_mixture_without_a_clear_majority_is_no_finding() -> None:
    assert found(Formats(), answers(*PROSE, *[MARKDOWN] * 9)) is None


def test_a_few_answers_make_no_habit() -> None:
    assert found(Formats(), answers(*PROSE[:5], FIELDS)) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (" It leaves.", "spaces or lines before or after the text"),
        ("It leaves.\n", "spaces or lines before or after the text"),
        ("It leaves.\n\n\nBye.", "several blank lines in a row"),
        ("It\tleaves.", "tabs"),
        ("It\u00a0leaves.", "no-break spaces"),
        ("It\u200b leaves.", "invisible characters"),
        ("It\ufeff leaves.", "invisible characters"),
    ],
)
def test_stray_spaces_are_found_where_most_answers_have_none(answer: str, reason: str) -> None:
    finding = found(Spaces(), answers(*PROSE, answer))

    assert reasons(finding) == {reason: (20,)}
    assert finding is not None
    (mark,) = finding.marks
    assert answer[mark.start : mark.end].strip("\u200b\ufeff \t\n\u00a0") == "" or reason.startswith("spaces")


@pytest.mark.parametrize(
    "answer",
    [
        "First.\n\nSecond.",
        "Bien sûr\u00a0! «\u00a0Thé\u00a0»",
        "A family 👨‍👩‍👧 here.",
        "```\nif x:\n\treturn\n```",
        "می‌خواهم چای بنوشم",
    ],
)
def test_spaces_and_joiners_that_belong_are_not_stray(answer: str) -> None:
    assert found(Spaces(), answers(*PROSE, answer)) is None


def test_a_space_that_most_answers_begin_with_is_a_habit() -> None:
    finding = found(Spaces(), answers(*(f" {text}" for text in PROSE), "It\tleaves."))

    assert reasons(finding) == {"tabs": (20,)}
