"""Looking: the first rows are shown while a file is still being read, and samples of every kind of row are kept."""

import json

import pytest

from studio.data import looking
from studio.data.canonical import Canonical
from studio.data.ingest import ingest
from studio.data.looking import load_samples, sample_as
from studio.data.problem import Problem
from studio.domain.dataset import Layout, Mapping
from studio.domain.event import EventKind
from tests.data.conftest import ListReporter, pair

CHAT = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
BY_TEXT = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "prompt", "completion": "completion"})


def told(brought) -> list[dict]:
    return [data for kind, data in brought.events if kind is EventKind.ROWS]


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows are shown as soon as there is one."""
    monkeypatch.setattr(looking, "SOON", -1)


def test_the_first_rows_are_told_before_the_file_has_been_read_and_again_when_its_fields_are_known(bring, at_once):
    early, late = told(bring([pair("a", "b"), *[CHAT] * 3]))

    assert (early["guess"]["layout"], early["guess"]["seen"]) == ("prompt_completion", 1)
    assert early["rows"] == [
        {"line": 1, "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "extra": {}}
    ]
    assert (late["guess"]["layout"], late["guess"]["seen"]) == ("messages", 4)
    assert [row["line"] for row in late["rows"]] == [2, 3, 4]


def test_the_first_rows_come_before_the_reading_of_the_rows(bring, at_once):
    kinds = [
        data.get("name", kind) for kind, data in bring([CHAT] * 3).events if kind in (EventKind.PHASE, EventKind.ROWS)
    ]

    assert kinds[:3] == ["Looking at the fields", EventKind.ROWS, EventKind.ROWS]


def test_first_rows_with_a_chosen_field_wait_until_it_has_been_seen(bring, at_once):
    mapping = {"layout": "prompt_completion", "fields": {"prompt": "note", "completion": "prompt"}}
    brought = bring([pair("a", "b"), pair("a", "b", note="n")], mapping=mapping)

    (only,) = told(brought)
    assert brought.outcome.state == "done" and only["guess"]["origin"] == "chosen"


def test_long_texts_are_cut_off_in_the_first_rows_alone(bring):
    (first,) = told(bring([pair("word " * 2000, "b")] * 2))
    shown = first["rows"][0]["messages"][0]["content"]

    assert len(shown) < 1300 and shown.endswith("…")
    assert len(bring([pair("word " * 2000, "b")]).rows[0].question) == 10_000


def test_a_sample_of_every_kind_of_row_is_kept_as_it_is_written(bring):
    rows = [pair("a", "b")] * 10 + [CHAT] * 10 + [pair("a", 5)]
    samples = load_samples(bring(rows).folder)

    assert [line for line, _ in samples] == [1, 2, 3, 4, 11, 21]
    assert json.loads(samples[4][1]) == CHAT
    kinds = [sample_as(raw, BY_TEXT) for _, raw in samples]
    assert [type(kind) for kind in kinds] == [Canonical] * 4 + [Problem] * 2


def test_a_row_too_large_to_be_looked_at_is_no_sample(bring):
    assert load_samples(bring([pair("x" * 70_000, "b"), pair("a", "b")]).folder)[0][0] == 2


def test_a_file_that_is_refused_as_a_whole_has_no_samples(bring):
    assert load_samples(bring(b"%PDF-1.7\n").folder) == []


EARLIER = {
    "columns": ["completion", "prompt"],
    "layout": "prompt_completion",
    "fields": {"prompt": "completion", "completion": "prompt"},
}


def read_with(earlier: list[dict], rows: list[dict], tmp_path):
    source = tmp_path / "source"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return ingest({"source": str(source), "out": str(tmp_path), "earlier": earlier}, ListReporter()).result["guess"]


def test_what_a_person_chose_for_the_same_fields_goes_before_the_guess(tmp_path):
    guess = read_with([EARLIER], [pair("a", "b")] * 3, tmp_path)

    assert (guess["fields"], guess["origin"]) == (EARLIER["fields"], "remembered")
    assert guess["reason"] == "Read like your last file with these fields: 3 of 3 rows fit."


@pytest.mark.parametrize("rows", [[pair("a", "b", id="1")], [pair("a", 5)] * 2], ids=["other fields", "nothing fits"])
def test_a_choice_for_other_fields_or_other_values_is_not_used(rows, tmp_path):
    guess = read_with([EARLIER], rows, tmp_path)

    assert guess is None or guess["origin"] == "guessed"


def test_the_fields_of_a_file_are_told_where_nothing_was_recognised(bring):
    assert bring([{"verse": "a", "line": 3}]).result["columns"] == ("verse", "line")
