"""Every change of rows is a new version; nothing is overwritten, and everything can be taken back."""

from pathlib import Path

import pytest

from studio.data.rows import load_rows
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.mending import Mending, Rule, StepKind, Which
from studio.domain.split import Bin, SplitChoices
from studio.flows import bring, inspect, mend, split, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio

PATIENCE = 240.0
LINES = [
    '{"prompt": "Write to ada.lovelace@example.com about the late order", "completion": "Sent to ada.lovelace@example.com."}',
    '{"prompt": "What is the capital of France?", "completion": "Paris."}',
    '{"prompt": "What is the capital of France?", "completion": "Paris."}',
    '{"prompt": "what is the capital of  France", "completion": "paris"}',
    '{"prompt": "Say something", "completion": "As an AI language model, I cannot do that."}',
    "{broken",
    *(
        f'{{"prompt": "Question {n} of many about topic {n * 7}", "completion": "Answer {n}, with words."}}'
        for n in range(20)
    ),
]


@pytest.fixture(scope="module")
def uploaded(working: Studio, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("mend") / "rows.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    brought = bring.bring_file(working, path)
    train.wait(working, brought.job_id, seconds=PATIENCE)
    return bring.ready(working, brought.id)


@pytest.fixture
def dataset(working: Studio, uploaded: Dataset) -> Dataset:
    """The same upload read anew, so that each test has a history of its own."""
    brought = bring.reread(working, uploaded.id, None)
    train.wait(working, brought.job_id, seconds=PATIENCE)
    return bring.ready(working, brought.id)


def texts(studio: Studio, dataset: Dataset) -> list[str]:
    return [row.answer for row in load_rows(studio.workspace.dataset(dataset.id))]


def checked(studio: Studio, dataset: Dataset) -> Dataset:
    job = mend.recheck(studio, dataset.id)
    assert job is not None
    train.wait(studio, job.id, seconds=PATIENCE)
    return dataset


def kinds(studio: Studio, dataset: Dataset) -> set[FindingKind]:
    return {finding.kind for finding in inspect.findings(studio, dataset.id)}


def test_an_edit_is_a_new_version_and_the_old_one_stays(working: Studio, dataset: Dataset):
    made = mend.edit(working, dataset.id, 1, {1: "Paris, on the Seine."})
    assert (made.version, made.parent, made.root, made.edited) == (2, dataset.id, dataset.id, 1)
    assert made.step is not None and made.step.words == "Line 2 was edited."
    assert texts(working, made)[1] == "Paris, on the Seine."
    assert texts(working, dataset)[1] == "Paris."
    assert made.fingerprint != dataset.fingerprint
    assert (made.rows, made.rejects, made.lines) == (dataset.rows, dataset.rejects, dataset.lines)


def test_the_file_itself_is_never_written(working: Studio, dataset: Dataset):
    folder = working.workspace.dataset(dataset.id)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    made = mend.drop(working, mend.mask(working, mend.edit(working, dataset.id, 1, {1: "x"}).id, [0]).id, [4], why="no")
    checked(working, made)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_an_edit_that_changes_nothing_makes_no_version(working: Studio, dataset: Dataset):
    assert mend.edit(working, dataset.id, 1, {1: "Paris."}) == dataset
    assert mend.drop(working, dataset.id, [], why="no") == dataset
    assert mend.restore(working, dataset.id, [1, 2]) == dataset


@pytest.mark.parametrize(
    ("row", "given", "said"),
    [(1, {1: "  "}, "cannot be empty"), (1, {2: "x"}, "no such message"), (99, {1: "x"}, "There is no row 99")],
)
def test_an_edit_that_cannot_be_is_refused_and_leaves_nothing(working, dataset, row, given, said):
    folders = set((working.workspace.root / "datasets").iterdir())
    with pytest.raises(DatasetError, match=said):
        mend.edit(working, dataset.id, row, given)
    assert set((working.workspace.root / "datasets").iterdir()) == folders


def test_masking_puts_tags_in_place_and_the_finding_goes(working: Studio, dataset: Dataset):
    assert FindingKind.PERSONAL in kinds(working, dataset)
    rows = mend.ruled(inspect.findings(working, dataset.id), Rule(FindingKind.PERSONAL))
    made = checked(working, mend.mask(working, dataset.id, rows, rule=Rule(FindingKind.PERSONAL)))
    assert texts(working, made)[0] == "Sent to [EMAIL]."
    assert FindingKind.PERSONAL not in kinds(working, made)
    assert FindingKind.PERSONAL in kinds(working, dataset)
    with pytest.raises(DatasetError, match="nothing in these rows to mask"):
        mend.mask(working, made.id, rows)


def test_rows_left_out_carry_the_reason_and_come_back(working: Studio, dataset: Dataset):
    made = mend.drop(working, dataset.id, [4, 5], why="speaks as an AI")
    assert split.current(working, made.id).rows(Bin.REMOVED) == (4, 5)
    assert made.mending.removed == {4: "speaks as an AI", 5: "speaks as an AI"}
    back = mend.restore(working, made.id, [4])
    assert back.mending.removed == {5: "speaks as an AI"}
    assert [version.step.words for version in mend.versions(working, back.id) if version.step] == [
        "2 rows were left out: speaks as an AI.", "1 row was taken back.",
    ]  # fmt: skip


def test_a_choice_of_split_goes_on_with_the_next_version(working: Studio, dataset: Dataset):
    split.choose(working, dataset.id, SplitChoices(seed=11, held_out=0.3))
    made = mend.drop(working, dataset.id, [4], why="no")
    choices = split.current(working, made.id).choices
    assert (choices.seed, choices.held_out, choices.removed) == (11, 0.3, {4: "no"})


@pytest.mark.parametrize(
    ("which", "row", "kept"),
    [(Which.FIRST, None, {1}), (Which.LONGEST, None, {1}), (Which.CHOSEN, 2, {2}), (Which.EVERY, None, {1, 2, 3})],
)
def test_of_copies_the_one_that_was_asked_for_stays(working, dataset, which, row, kept):
    made = mend.keep(working, dataset.id, which, row=row)
    dealt = split.current(working, made.id)
    assert {number for number in (1, 2, 3) if dealt.bins[number] in (Bin.TRAIN, Bin.VALIDATION, Bin.TEST)} == kept


def test_two_people_cannot_change_the_same_version(working: Studio, dataset: Dataset):
    mend.drop(working, dataset.id, [4], why="mine")
    folders = set((working.workspace.root / "datasets").iterdir())
    with pytest.raises(DatasetError, match="has been changed meanwhile"):
        mend.edit(working, dataset.id, 1, {1: "Yours."})
    assert set((working.workspace.root / "datasets").iterdir()) == folders


def test_undo_walks_back_and_any_version_can_be_returned_to(working: Studio, dataset: Dataset):
    with pytest.raises(DatasetError, match="nothing to undo"):
        mend.undo(working, dataset.id)
    first = mend.edit(working, dataset.id, 1, {1: "One."})
    second = mend.drop(working, first.id, [4], why="no")
    third = mend.undo(working, second.id)
    assert (texts(working, third)[1], third.mending) == ("One.", Mending())
    fourth = mend.undo(working, third.id)
    assert texts(working, fourth) == texts(working, dataset)
    assert fourth.fingerprint == dataset.fingerprint
    assert mend.undone(working, fourth.id) is None
    fifth = mend.return_to(working, fourth.id, 3)
    assert texts(working, fifth)[1] == "One."
    assert [version.version for version in mend.versions(working, dataset.id)] == [1, 2, 3, 4, 5, 6]
    assert mend.undone(working, fifth.id) == 2


def test_only_the_newest_version_is_listed(working: Studio, dataset: Dataset):
    made = mend.drop(working, dataset.id, [4], why="no")
    listed = [found.id for found in bring.datasets(working)]
    assert made.id in listed and dataset.id not in listed
    assert dataset.id in [found.id for found in bring.datasets(working, with_id=dataset.id)]


def test_findings_from_before_a_change_are_checked_again_also_after_an_undo(working: Studio, dataset: Dataset):
    edited = mend.edit(working, dataset.id, 4, {1: "Of course: good morning."})
    dropped = checked(working, mend.drop(working, edited.id, [6], why="no"))
    assert FindingKind.SELF_REFERENCE not in kinds(working, dropped)
    back = mend.return_to(working, dropped.id, 1)
    assert mend.recheck(working, back.id) is None and FindingKind.SELF_REFERENCE in kinds(working, back)


def test_a_run_on_a_mended_version_learns_the_mended_texts(working: Studio, dataset: Dataset):
    made = checked(working, mend.edit(working, dataset.id, 1, {1: "PARIS IS MENDED."}))
    measuring = inspect.look(working, made.id, STARTER).measuring
    assert measuring is not None
    train.wait(working, measuring.id, seconds=PATIENCE)
    seen = inspect.seen(working, made.id, STARTER, 1, 512)
    assert "PARIS IS MENDED." in "".join(piece.text for piece in seen.pieces)


def test_what_is_shared_is_not_copied(working: Studio, dataset: Dataset):
    made = mend.drop(working, dataset.id, [4], why="no")
    one, other = (Path(working.workspace.dataset(each)) / "rows.jsonl" for each in (dataset.id, made.id))
    assert one.samefile(other)


def test_steps_say_what_was_done_for_a_machine_too(working: Studio, dataset: Dataset):
    made = mend.drop(working, dataset.id, [4], why="speaks as an AI", rule=Rule(FindingKind.SELF_REFERENCE, None))
    step = bring.dataset(working, made.id).step
    assert step is not None
    assert (step.kind, step.rows, step.rule) == (StepKind.DROP, (4,), Rule(FindingKind.SELF_REFERENCE, None))
