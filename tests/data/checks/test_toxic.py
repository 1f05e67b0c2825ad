"""Toxic: words of abuse are found as whole words, and only as possible cases."""

import pytest

from studio.data.checks import toxic
from studio.data.checks.lists import sections
from tests.data.checks.conftest import row, texts


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("You stupid ASSHOLE!", "ASSHOLE"),
        ("Go kill yourself.", "kill yourself"),
        ("Du Arschloch, wo ist mein Paket?", "Arschloch"),
        ("C'est un connard.", "connard"),
        ("¡Hijo de puta!", "Hijo de puta"),
        ("What the fuck", "fuck"),
    ],
)
def test_a_word_of_abuse_is_found_whatever_its_capitals(text: str, word: str) -> None:
    assert word in texts(toxic.spans(text), text)


@pytest.mark.parametrize(
    "text",
    [
        "The town of Scunthorpe",
        "classic assessment",
        "le train a du retard",
        "el color negro",
        "Mr Dick Cockburn",
        "shiitake",
    ],
)
def test_a_harmless_word_that_holds_one_is_not_found(text: str) -> None:
    assert toxic.spans(text) == []


def test_what_is_found_is_called_possible() -> None:
    marks = toxic.marks(row("You bitch", "Calm down."))

    assert [mark.note for mark in marks] == ["possibly an insult"]


def test_every_word_of_the_list_is_found_alone() -> None:
    for words in sections("toxic").values():
        for word in words:
            assert toxic.spans(f"({word})"), word
