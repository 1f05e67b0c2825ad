"""Masking: nothing that was found can be read, or found again."""

from hypothesis import given
from hypothesis import strategies as st

from studio.data.checks.masking import masked, masked_value, sensitive
from studio.domain.row import Call, Message
from tests.data.checks.test_secrets import JWT, OPENAI, PRIVATE

PIECES = [
    "anna@posteo.de", "+49 30 901820", "030 901820", "4111 1111 1111 1111", "DE89370400440532013000", "536-22-8726",
    "84.160.12.7", "2a02:8109:9a80::41", "password: tulip7garden", "postgres://anna:r0sengarten@db.internal/x",
    OPENAI, JWT, PRIVATE, " ", "/", "-", ".", ",", "1", "0", "x", "@", "\n", "tel ", "order ", "v", ":", "+",
]  # fmt: skip


def test_each_kind_has_its_tag() -> None:
    text = f"anna@posteo.de, +49 30 901820, 4111 1111 1111 1111, DE89370400440532013000, {OPENAI}, 84.160.12.7"

    assert masked(text) == "[EMAIL], [PHONE], [CARD], [IBAN], [KEY], [IP]"


def test_a_password_is_masked_and_the_words_around_it_stay() -> None:
    assert masked("The password is tulip7garden, dear Anna.") == "The password is [PASSWORD], dear Anna."
    assert masked("postgres://anna:r0sengarten@db.internal/x") == "postgres://anna:[PASSWORD]@db.internal/x"


def test_the_name_of_a_value_tells_what_it_is() -> None:
    call = Message("assistant", "", (Call("login", '{"user": "Anna", "password": "tulip7garden", "age": 31}'),))
    assert call.changed(masked, named=masked_value).calls[0].arguments == (
        '{"user": "Anna", "password": "[PASSWORD]", "age": 31}'
    )
    assert masked_value("anna@posteo.de", "030 901820") == "[PHONE]"


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join))
def test_in_a_masked_text_nothing_is_found_again(text: str) -> None:
    once = masked(text)

    assert sensitive(once) == []
    assert masked(once) == once


@given(st.text())
def test_a_text_without_anything_to_hide_stays_as_it_is(text: str) -> None:
    if not sensitive(text):
        assert masked(text) == text
