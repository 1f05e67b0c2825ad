"""How a file was understood is shown while it is read, can be tried with other fields, and is remembered."""

import json
from pathlib import Path

import pytest

from studio.domain.dataset import Layout, Mapping, Origin, Reject
from studio.domain.errors import DatasetError
from studio.domain.row import Row
from studio.flows import bring, understand
from studio.flows.studio import Studio
from tests.flows.test_bring import read

SHORT = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "ask", "completion": "brief"})


def file_of(path: Path, *rows: dict, times: int = 6) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) * times)
    return path


def test_the_first_rows_are_there_with_the_guess_so_far(working: Studio, tmp_path: Path):
    brought = read(
        working, bring.bring_file(working, file_of(tmp_path / "f.jsonl", {"prompt": "Open?", "completion": "Yes."}))
    )
    first = understand.first_rows(working, brought.id)
    assert first is not None and first.guess.mapping.layout is Layout.PROMPT_COMPLETION
    assert [(row.line, row.question, row.answer) for row in first.rows][:2] == [
        (1, "Open?", "Yes."),
        (2, "Open?", "Yes."),
    ]


def test_there_are_no_first_rows_before_anything_was_read(resting: Studio, tmp_path: Path):
    brought = bring.bring_file(resting, file_of(tmp_path / "f.jsonl", {"prompt": "a", "completion": "b"}))
    assert understand.first_rows(resting, brought.id) is None
    assert understand.understood(resting, brought.id, SHORT) == []


def test_other_fields_can_be_tried_on_samples_before_the_file_is_read_again(working: Studio, tmp_path: Path):
    path = file_of(
        tmp_path / "f.jsonl",
        {"ask": "Open?", "full": "Yes, until six.", "brief": "Yes."},
        {"ask": "Far?", "full": "No."},
    )
    brought = read(working, bring.bring_file(working, path))
    shown = understand.understood(working, brought.id, SHORT)
    assert isinstance(shown[0], Row) and shown[0].answer == "Yes."
    assert isinstance(shown[1], Reject) and shown[1].line == 2 and shown[1].reason == "The field “brief” is missing."
    with pytest.raises(DatasetError, match="No field is chosen for completion"):
        understand.understood(working, brought.id, Mapping(Layout.PROMPT_COMPLETION, {"prompt": "ask"}))


def test_fields_that_fit_are_suggested_for_a_layout_that_is_picked(working: Studio, tmp_path: Path):
    path = file_of(tmp_path / "f.jsonl", {"prompt": "Open?", "chosen": "Yes.", "rejected": "Dunno.", "text": "More."})
    brought = read(working, bring.bring_file(working, path))
    assert understand.suggested(working, brought.id, Layout.PREFERENCE).fields == {
        "prompt": "prompt", "chosen": "chosen", "rejected": "rejected",
    }  # fmt: skip
    assert understand.suggested(working, brought.id, Layout.TEXT).fields == {"text": "text"}
    assert understand.suggested(working, brought.id, Layout.MESSAGES).fields == {}


def test_a_choice_is_remembered_for_the_next_file_with_these_fields_until_one_goes_back(
    working: Studio, tmp_path: Path
):
    path = file_of(tmp_path / "faq.jsonl", {"ask": "Open?", "answer": "Yes, until six.", "brief": "Yes."})
    guessed = read(working, bring.bring_file(working, path))
    read(working, bring.reread(working, guessed.id, SHORT))

    again = read(working, bring.bring_file(working, path))
    assert again.guess is not None and again.guess.origin is Origin.REMEMBERED and again.guess.mapping == SHORT
    assert again.guess.reason.startswith("Read like your last file with these fields")
    thrice = read(working, bring.bring_file(working, path))
    assert thrice.guess is not None and thrice.guess.origin is Origin.REMEMBERED

    back = read(working, bring.reread(working, again.id, None, by_guess=True))
    assert back.guess is None or back.guess.origin is Origin.GUESSED
    after = read(working, bring.bring_file(working, path))
    assert after.guess is None or after.guess.origin is Origin.GUESSED


def test_a_file_of_which_nothing_was_recognised_names_its_fields_and_can_be_read_with_them(
    working: Studio, tmp_path: Path
):
    path = file_of(tmp_path / "verses.jsonl", {"verse": "Roses are red.", "number": 1})
    brought = read(working, bring.bring_file(working, path))
    assert not brought.is_ready and brought.columns == ("verse", "number") and brought.guess is None
    verse = Mapping(Layout.TEXT, {"text": "verse"})
    shown = understand.understood(working, brought.id, verse)[0]
    assert isinstance(shown, Row) and shown.answer == "Roses are red."
    assert read(working, bring.reread(working, brought.id, verse)).rows == 6


def test_a_file_in_another_encoding_is_read_anew_in_it(working: Studio, tmp_path: Path):
    path = tmp_path / "alt.jsonl"
    line = json.dumps({"prompt": "Wo ist das Café?", "completion": "In Köln."}, ensure_ascii=False)
    path.write_bytes((line + "\n").encode("cp1252") * 6)
    brought = read(working, bring.bring_file(working, path))
    assert not brought.is_ready and "--encoding cp1252" in brought.problem
    likeliest = understand.encodings(working, brought.id)[0]
    assert likeliest.encoding == "cp1252" and "Café" in likeliest.preview[0].text

    second = read(working, bring.reread(working, brought.id, None, encoding="cp1252"))
    assert second.rows == 6 and bring.preview(working, second.id)[0].question == "Wo ist das Café?"
    third = read(
        working,
        bring.reread(
            working, second.id, Mapping(Layout.PROMPT_COMPLETION, {"prompt": "completion", "completion": "prompt"})
        ),
    )
    assert bring.preview(working, third.id)[0].answer == "Wo ist das Café?"


def test_an_encoding_that_is_none_is_refused_at_once(resting: Studio, tmp_path: Path):
    with pytest.raises(DatasetError, match="no encoding “klingon”"):
        bring.bring_file(resting, file_of(tmp_path / "f.jsonl", {"a": "b"}), encoding="klingon")
    assert bring.datasets(resting) == []
