"""What became of a dataset can be read, compared and done again with another file."""

import json
from pathlib import Path

import pytest

from studio.data.rows import load_rows
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.mending import Rule, Which
from studio.flows import bring, history, inspect, mend, train
from studio.flows.studio import Studio

PATIENCE = 240.0
COMMON = [
    {"prompt": "Write to ada@example.com please", "completion": "Sent to ada@example.com."},
    {"prompt": "What is the capital of France?", "completion": "Pariss."},
    {"prompt": "Which tea is green?", "completion": "Sencha is."},
    {"prompt": "Which tea is green?", "completion": "Sencha is."},
    *({"prompt": f"Question {n} about topic {n * 7}", "completion": f"Answer {n}, in words."} for n in range(12)),
]
NEXT = [{"prompt": "Call +49 30 901820 now", "completion": "I called bob@example.org."}, *COMMON[1:]]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("history")
    for name, rows in (("january", COMMON), ("february", NEXT)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "january.jsonl", folder / "february.jsonl"


def brought(studio: Studio, path: Path) -> Dataset:
    made = bring.bring_file(studio, path)
    train.wait(studio, made.job_id, seconds=PATIENCE)
    return bring.ready(studio, made.id)


@pytest.fixture
def mended(working: Studio, files: tuple[Path, Path]) -> Dataset:
    """January's file: masked, mended by hand, a row left out, another left out and taken back by undo."""
    first = brought(working, files[0])
    rule = Rule(FindingKind.PERSONAL)
    masked = mend.mask(working, first.id, mend.ruled(inspect.findings(working, first.id), rule), rule=rule)
    edited = mend.edit(working, masked.id, 1, {1: "Paris."})
    dropped = mend.drop(working, edited.id, [5], why="off topic")
    return mend.undo(working, mend.drop(working, dropped.id, [6], why="a mistake").id)


def test_every_version_says_what_was_done(working: Studio, mended: Dataset):
    assert [entry.words for entry in history.history(working, mended.id)] == [
        "january.jsonl was read.",
        "Secrets and personal data were masked in 1 row.",
        "Line 2 was edited.",
        "1 row was left out: off topic.",
        "1 row was left out: a mistake.",
        "Went back to version 4.",
    ]


def test_versions_are_compared_word_by_word(working: Studio, mended: Dataset):
    first = mend.versions(working, mended.id)[0]
    found = history.difference(working, first.id, mended.id)
    assert (found.edited, found.left_out, found.taken_back, found.is_none) == (2, {6: "off topic"}, (), False)
    assert [(example.line, role) for example in found.examples for role, _ in example.messages] == [
        (1, "user"), (1, "assistant"), (2, "assistant"),
    ]  # fmt: skip
    assert found.examples[1].messages[0][1][:2] == (("only_first", "Pariss"), ("only_second", "Paris"))


def test_a_difference_shows_what_was_masked_without_its_middle(working: Studio, mended: Dataset):
    first = mend.versions(working, mended.id)[0]
    pieces = [
        piece for _, said in history.difference(working, first.id, mended.id).examples[0].messages for piece in said
    ]
    gone, new = ({text for side, text in pieces if side == kind} for kind in ("only_first", "only_second"))
    assert "[EMAIL]" in new and all("•••" in text for text in gone) and gone


def test_the_other_way_round_rows_come_back(working: Studio, mended: Dataset):
    first = mend.versions(working, mended.id)[0]
    found = history.difference(working, mended.id, first.id)
    assert (found.edited, found.left_out, found.taken_back) == (2, {}, (6,))
    assert history.difference(working, mended.id, mended.id).is_none


def test_what_was_done_to_one_file_is_done_to_the_next(working: Studio, mended: Dataset, files: tuple[Path, Path]):
    second = brought(working, files[1])
    done = history.replay(working, mended.id, second.id)
    rows = load_rows(working.workspace.dataset(done.dataset.id))
    assert rows[0].answer == "I called [EMAIL]."
    assert rows[1].answer == "Paris."
    assert done.dataset.mending.removed == {5: "off topic"}
    assert done.skipped == ()
    assert done.done == (
        "Secrets and personal data were masked in 1 row.", "Line 2 was edited.", "1 row was left out: off topic.",
    )  # fmt: skip


def test_a_step_that_does_not_apply_is_told(working: Studio, mended: Dataset, tmp_path: Path):
    other = tmp_path / "other.jsonl"
    other.write_text(
        "".join(json.dumps({"prompt": f"Other {n}", "completion": f"Thing {n}."}) + "\n" for n in range(12))
    )
    target = brought(working, other)
    done = history.replay(working, mended.id, target.id)
    assert done.dataset == target and done.done == ()
    assert done.skipped[1] == "Line 2 was edited. Not done: no such row is there."
    assert len(done.skipped) == 3


def test_copies_are_kept_alike_in_the_next_file(working: Studio, files: tuple[Path, Path]):
    first, second = brought(working, files[0]), brought(working, files[1])
    kept = mend.keep(working, first.id, Which.CHOSEN, row=3)
    assert history.replay(working, kept.id, second.id).dataset.mending.keep == {2: 3}
    every = mend.keep(working, kept.id, Which.EVERY)
    assert history.replay(working, every.id, brought(working, files[1]).id).dataset.mending.keep_copies


def test_only_versions_of_one_upload_are_compared_and_only_another_upload_is_mended(working, mended, files):
    second = brought(working, files[1])
    with pytest.raises(DatasetError, match="different uploads"):
        history.difference(working, mended.id, second.id)
    with pytest.raises(DatasetError, match="the same upload"):
        history.replay(working, mended.id, mended.id)
    with pytest.raises(DatasetError, match="Nothing was changed"):
        history.replay(working, second.id, mended.id)
