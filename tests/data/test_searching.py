"""Rows are found by what they say, also after they were edited, and no row that says it is missed."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.data import searching
from studio.data.rows import Rows, load_rows
from studio.data.searching import Order, search

TEXTS = st.text(alphabet='abAB éÉ"\\\n\u2028日本1kK\u212aİißsS', max_size=12)


@pytest.fixture(autouse=True, params=[searching.BLOCK_BYTES, 150])
def block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows are looked through at once, or a row or two at a time."""
    monkeypatch.setattr(searching, "BLOCK_BYTES", request.param)


def stored(folder: Path, answers: list[str], edited: dict[int, str] | None = None) -> Rows:
    def record(number: int, answer: str) -> bytes:
        messages = [{"role": "user", "content": f"Q{number}"}, {"role": "assistant", "content": answer}]
        value = {"number": number, "line": number + 1, "messages": messages, "extra": {}}
        return json.dumps(value, ensure_ascii=False).encode() + b"\n"

    (folder / "rows.jsonl").write_bytes(b"".join(record(number, answer) for number, answer in enumerate(answers)))
    (folder / "edited.jsonl").write_bytes(b"".join(record(number, answer) for number, answer in (edited or {}).items()))
    return load_rows(folder)


def test_capitals_do_not_matter_and_spaces_around_neither(tmp_path: Path):
    rows = stored(tmp_path, ["Paris is large", "Lyon", "the PARISH"])
    assert search(rows, text=" paris ").rows == (0, 2)


def test_what_was_edited_is_found_by_its_new_text_alone(tmp_path: Path):
    rows = stored(tmp_path, ["Paris", "Lyon"], {0: "Marseille"})
    assert search(rows, text="paris").rows == ()
    assert search(rows, text="marseille").rows == (0,)


def test_names_of_roles_and_fields_are_no_text(tmp_path: Path):
    assert search(stored(tmp_path, ["x", "y"]), text="assistant").rows == ()


def test_only_rows_among_those_asked_for(tmp_path: Path):
    rows = stored(tmp_path, ["a b", "a b", "a b"])
    assert search(rows, text="a b", among={2, 1}).rows == (1, 2)
    assert search(rows, among=[2]).rows == (2,)


def test_by_length(tmp_path: Path):
    rows = stored(tmp_path, ["xx", "xxxx", "x"], {2: "x" * 50})
    assert search(rows, order=Order.LONGEST).rows == (2, 1, 0)
    assert search(rows, order=Order.SHORTEST).rows == (0, 1, 2)


def test_more_than_a_person_would_read_is_said_to_be_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(searching, "MOST", 2)
    rows = stored(tmp_path, ["same"] * 3)
    assert search(rows, text="same") == searching.Hits((0, 1), more=True)
    assert not search(rows, text="same", among=[0, 1]).more


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(answers=st.lists(TEXTS, max_size=6), edits=st.dictionaries(st.integers(0, 5), TEXTS, max_size=2), needle=TEXTS)
def test_exactly_the_rows_that_say_it_are_found(tmp_path: Path, answers: list[str], edits: dict, needle: str):
    rows = stored(tmp_path, answers, {number: text for number, text in edits.items() if number < len(answers)})
    wanted = needle.strip().lower()
    said = [n for n, row in enumerate(rows) if any(wanted in message.content.lower() for message in row.messages)]
    assert search(rows, text=needle).rows == tuple(said)
