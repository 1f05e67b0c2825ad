"""How a file was understood is shown while it is read, can be tried with other fields, and is remembered."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.domain.dataset import Layout, Mapping, Origin
from studio.domain.errors import DatasetError
from studio.flows import bring, understand
from studio.flows.studio import Studio
from studio.jobs.launcher import Launcher
from tests.flows.conftest import carrying_out
from tests.flows.test_bring import read

SHORT = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "ask", "completion": "brief"})


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, bearing: Launcher) -> Iterator[Studio]:
    """A studio of these tests alone: the fields that are chosen here are remembered for every later file."""
    with carrying_out(tmp_path_factory.mktemp("understand") / "workspace", bearing) as studio:
        yield studio


def file_of(path: Path, *rows: dict, times: int = 6) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) * times)
    return path


def test_the_first_rows_are_there_with_the_guess_so_far(own: Studio, tmp_path: Path):
    brought = read(own, bring.bring_file(own, file_of(tmp_path / "f.jsonl", {"prompt": "Open?", "completion": "Yes."})))
    first = understand.first_rows(own, brought.id)
    assert first is not None and first.guess.mapping.layout is Layout.PROMPT_COMPLETION
    assert [(row.line, row.question, row.answer) for row in first.rows][:2] == [
        (1, "Open?", "Yes."),
        (2, "Open?", "Yes."),
    ]


def test_there_are_no_first_rows_before_anything_was_read(resting: Studio, tmp_path: Path):
    brought = bring.bring_file(resting, file_of(tmp_path / "f.jsonl", {"prompt": "a", "completion": "b"}))
    assert understand.first_rows(resting, brought.id) is None
    assert understand.understood(resting, brought.id, SHORT) == []


def test_other_fields_can_be_tried_on_samples_before_the_file_is_read_again(own: Studio, tmp_path: Path):
    path = file_of(
        tmp_path / "f.jsonl",
        {"ask": "Open?", "full": "Yes, until six.", "brief": "Yes."},
        {"ask": "Far?", "full": "No."},
    )
    brought = read(own, bring.bring_file(own, path))
    shown = understand.understood(own, brought.id, SHORT)
    assert shown[0].row is not None and shown[0].row.answer == "Yes."
    assert (shown[1].line, json.loads(shown[1].written)) == (2, {"ask": "Far?", "full": "No."})
    assert shown[1].problem is not None and shown[1].problem.reason == "The field “brief” is missing."
    with pytest.raises(DatasetError, match="No field is chosen for completion"):
        understand.understood(own, brought.id, Mapping(Layout.PROMPT_COMPLETION, {"prompt": "ask"}))


def test_fields_that_fit_are_suggested_for_a_layout_that_is_picked(own: Studio, tmp_path: Path):
    path = file_of(tmp_path / "f.jsonl", {"prompt": "Open?", "chosen": "Yes.", "rejected": "Dunno.", "text": "More."})
    brought = read(own, bring.bring_file(own, path))
    assert understand.suggested(own, brought.id, Layout.PREFERENCE).fields == {
        "prompt": "prompt", "chosen": "chosen", "rejected": "rejected",
    }  # fmt: skip
    assert understand.suggested(own, brought.id, Layout.TEXT).fields == {"text": "text"}
    assert understand.suggested(own, brought.id, Layout.MESSAGES).fields == {}


def test_a_choice_is_remembered_for_the_next_file_with_these_fields_until_one_goes_back(own: Studio, tmp_path: Path):
    path = file_of(tmp_path / "faq.jsonl", {"ask": "Open?", "answer": "Yes, until six.", "brief": "Yes."})
    guessed = read(own, bring.bring_file(own, path))
    read(own, bring.reread(own, guessed.id, SHORT))

    again = read(own, bring.bring_file(own, path))
    assert again.guess is not None and again.guess.origin is Origin.REMEMBERED and again.guess.mapping == SHORT
    assert again.guess.reason.startswith("Read like your last file with these fields")
    thrice = read(own, bring.bring_file(own, path))
    assert thrice.guess is not None and thrice.guess.origin is Origin.REMEMBERED

    back = read(own, bring.reread(own, again.id, None, by_guess=True))
    assert back.guess is None or back.guess.origin is Origin.GUESSED
    after = read(own, bring.bring_file(own, path))
    assert after.guess is None or after.guess.origin is Origin.GUESSED


def test_a_file_of_which_nothing_was_recognised_names_its_fields_and_can_be_read_with_them(own: Studio, tmp_path: Path):
    path = file_of(tmp_path / "verses.jsonl", {"verse": "Roses are red.", "number": 1})
    brought = read(own, bring.bring_file(own, path))
    assert not brought.is_ready and brought.columns == ("verse", "number") and brought.guess is None
    verse = Mapping(Layout.TEXT, {"text": "verse"})
    shown = understand.understood(own, brought.id, verse)[0]
    assert shown.row is not None and shown.row.answer == "Roses are red."
    assert read(own, bring.reread(own, brought.id, verse)).rows == 6


def test_a_file_in_another_encoding_is_read_anew_in_it(own: Studio, tmp_path: Path):
    path = tmp_path / "alt.jsonl"
    line = json.dumps({"prompt": "Wo ist das Café?", "completion": "In Köln."}, ensure_ascii=False)
    path.write_bytes((line + "\n").encode("cp1252") * 6)
    brought = read(own, bring.bring_file(own, path))
    assert not brought.is_ready and "--encoding cp1252" in brought.problem
    likeliest = understand.encodings(own, brought.id)[0]
    assert likeliest.encoding == "cp1252" and "Café" in likeliest.preview[0].text

    second = read(own, bring.reread(own, brought.id, None, encoding="cp1252"))
    assert second.rows == 6 and bring.preview(own, second.id)[0].question == "Wo ist das Café?"
    third = read(
        own,
        bring.reread(
            own, second.id, Mapping(Layout.PROMPT_COMPLETION, {"prompt": "completion", "completion": "prompt"})
        ),
    )
    assert bring.preview(own, third.id)[0].answer == "Wo ist das Café?"


def test_an_encoding_that_is_none_is_refused_at_once(resting: Studio, tmp_path: Path):
    with pytest.raises(DatasetError, match="no encoding “klingon”"):
        bring.bring_file(resting, file_of(tmp_path / "f.jsonl", {"a": "b"}), encoding="klingon")
    assert bring.datasets(resting) == []
