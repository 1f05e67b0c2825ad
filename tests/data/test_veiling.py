"""Veiling: what is private cannot be read on a screen, and everything else stays as it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.data.checks.masking import sensitive
from studio.data.veiling import dotted, veiled, veiled_as_written, veiled_differences
from studio.domain.excerpt import MORE
from tests.data.checks.test_masking import PIECES
from tests.data.checks.test_secrets import OPENAI

TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "shown", "at_full_length"),
    [
        ("Write to anna@example.com!", "Write to a•••@e•••.com!", "Write to a•••@e••••••.com!"),
        ("Write to a@b.de!", "Write to •••@•••.de!", "Write to •@•.de!"),
        ("Call +49 30 901820", "Call +4•••20", "Call +4• •• ••••20"),
        (f"Use {OPENAI}", "Use sk-•••", f"Use sk-{''.join('•' if c.isalnum() else c for c in OPENAI[3:])}"),
        ("The password is tulip7garden", "The password is •••", "The password is ••••••••••••"),
    ],
)
def test_a_veiled_text_shows_what_was_found_and_not_enough_to_use_it(
    text: str, shown: str, at_full_length: str
) -> None:
    assert veiled(text).shown == shown
    assert dotted(text) == at_full_length


@given(TEXTS)
def test_everything_but_what_is_hidden_stays(text: str) -> None:
    hidden = veiled(text)
    assert "".join(shown for shown, note in hidden.pieces(0, len(text)) if not note) == "".join(
        text[start:end]
        for start, end in zip(
            [0, *(p.end for p in hidden.places)], [*(p.start for p in hidden.places), len(text)], strict=True
        )
    )
    assert len(dotted(text)) == len(text)
    if not sensitive(text):
        assert hidden.shown == dotted(text) == text


@given(TEXTS)
def test_all_that_masking_would_take_is_hidden(text: str) -> None:
    hidden = veiled(text)
    found = {place for span in sensitive(text) for place in range(span.start, span.end)}
    assert found <= {place for span in hidden.places for place in range(span.start, span.end)}
    assert all("•••" in shown for shown, note in hidden.pieces(0, len(text)) if note)


@given(TEXTS, st.integers(0, 60), st.integers(0, 60))
def test_a_stretch_ends_in_the_middle_of_nothing_hidden(text: str, one: int, other: int) -> None:
    first, last = sorted((min(one, len(text)), min(other, len(text))))
    start, end = veiled(text).around(first, last)
    assert start <= first and last <= end
    assert not any(place.start < cut < place.end for place in veiled(text).places for cut in (start, end))


def test_an_address_that_became_another_one_is_seen_to_have_changed() -> None:
    found = veiled_differences("Ask anna@posteo.de today.", "Ask aron@pobox.de today.")
    assert found == [
        ("same", "Ask "),
        ("only_first", "a•••@p•••.de"),
        ("only_second", "a•••@p•••.de"),
        ("same", " today."),
    ]
    assert veiled_differences("Ask anna@posteo.de.", "Ask anna@posteo.de.") == [("same", "Ask a•••@p•••.de.")]


def test_an_address_is_never_taken_apart_where_texts_differ() -> None:
    shown = "".join(text for _, text in veiled_differences("anna.b@posteo.de", "anna.c@posteo.de"))
    assert shown == "a•••@p•••.de" * 2


def test_escapes_of_json_hide_nothing_from_the_checks() -> None:
    line = json.dumps({"prompt": "电话13812345678，\n+49\u00a030\u00a0901820", "id": 7})
    assert "\\u" in line and "13812345678" in line
    shown = veiled_as_written(line).shown
    assert "13812345678" not in shown and "901820" not in shown
    assert shown.startswith('{"prompt": "\\u7535\\u8bdd13•••78') and shown.endswith('20", "id": 7}')


def test_of_what_is_cut_off_nothing_is_shown_that_may_be_private() -> None:
    assert veiled_as_written(f"Write to anna.schmidt@pos{MORE}").shown == f"Write to •••{MORE}"
    assert (
        veiled_as_written(f"{MORE}5f6g7h8i9j is the key of the house{MORE}").shown
        == f"{MORE}••• is the key of the house{MORE}"
    )
