"""Checking: all checks together say nothing about clean files, find what is planted, and stand any text."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.data.checks import masking
from studio.data.checks.checking import Checks
from studio.domain.finding import Finding, FindingKind
from tests.data.checks.conftest import row


def checked(rows) -> dict[FindingKind, Finding]:
    checks = Checks()
    for one in rows:
        checks.add(one)
    return {finding.kind: finding for finding in checks.findings()}


@pytest.mark.parametrize("sample", ["brand-voice.jsonl", "orders-json.jsonl"])
def test_the_checks_are_silent_about_clean_samples(sample: str, bring, root) -> None:
    assert checked(bring(root / "assets" / "samples" / sample).rows) == {}


@pytest.mark.parametrize("sample", ["triage.jsonl", "messy.jsonl"])
def test_of_the_samples_with_customers_only_their_addresses_are_found(sample: str, bring, root) -> None:
    rows = bring(root / "assets" / "samples" / sample).rows

    (finding,) = checked(rows).values()

    (group,) = finding.groups
    assert (finding.kind, group.reason) == (FindingKind.PERSONAL, "e-mail address")
    assert group.rows == tuple(row.number for row in rows if "@" in row.question)


def test_each_kind_that_occurs_is_one_finding_with_its_count_rows_and_lines() -> None:
    rows = [
        row(f"Where is parcel {n} of mine?", f"Parcel {n} leaves our house on Monday at noon.", number=n)
        for n in range(40)
    ]
    rows[3] = row("I am anna@posteo.de, 030 901820", "Thank you, Anna, for telling us about it.", number=3)
    rows[7] = row("Help me please", "I'm sorry, but I can't help with that.", number=7)
    rows[9] = row("Mail me at ben@posteo.de please", "Monday", number=9)

    found = checked(rows)

    assert set(found) == {FindingKind.PERSONAL, FindingKind.REFUSAL, FindingKind.ONE_WORD}
    personal = found[FindingKind.PERSONAL]
    assert (personal.title, personal.count) == ("2 rows hold personal data", 2)
    assert [(group.reason, group.rows, group.lines) for group in personal.groups] == [
        ("e-mail address", (3, 9), (4, 10)),
        ("phone number", (3,), (4,)),
    ]
    assert found[FindingKind.REFUSAL].title == "1 answer refuses to help"


def test_the_marks_of_a_finding_are_examples_and_its_rows_are_all() -> None:
    found = checked(row("Hello", f"Write to anna{number}@posteo.de.", number=number) for number in range(500))

    assert found[FindingKind.PERSONAL].count == 500
    assert len(found[FindingKind.PERSONAL].marks) == 200


def test_every_mark_lies_in_its_message() -> None:
    rng = random.Random(3)
    pieces = [
        "anna@posteo.de",
        "I cannot help with that.",
        "fuck",
        "İ",
        "\u200b",
        " \n\n\n",
        "As an AI, I",
        "030 901820 ",
        "x",
    ]
    rows = [
        row("".join(rng.choices(pieces, k=4)), "".join(rng.choices(pieces, k=6)), number=number)
        for number in range(300)
    ]

    for finding in checked(rows).values():
        for mark in finding.marks:
            assert 0 <= mark.start < mark.end <= len(rows[mark.row].messages[mark.message].content)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text(min_size=1), st.text()), max_size=15))
def test_no_text_stops_the_checks(parts) -> None:
    rows = [row(question, answer, number=n, system=system) for n, (question, answer, system) in enumerate(parts)]

    for finding in checked(rows).values():
        assert 0 < finding.count <= len(rows)


HARD = [
    "a", "1", "@", "-", " ", "\n", "+", "(", "[", "{", '"', "|", "*", "`", "#", ".", ":", "/", "eyJ", "a@", "a.", "1 ",
    "1-", "+4", "0 1", "AA11", "a@a.", "://", "a://b:", "-----BEGIN PRIVATE KEY-----", "password: ", "tel 1", "**a", "| |\n",
    "i can't ", "sk-", "User: a\n", "12.", "1:", "as an ai", "\\", '"\\', "{\"", "\u00a0", "é", "的", "#1 ", "order 01 ",
]  # fmt: skip


@pytest.mark.timeout(10)
@pytest.mark.parametrize("piece", HARD)
def test_a_very_long_line_of_one_thing_is_checked_in_no_time(piece: str) -> None:
    text = piece * (50_000 // len(piece))

    checked([row(text, text, number=0), row(f"x {text}", f'{{"{text}', number=1)])
    masking.masked(text)
