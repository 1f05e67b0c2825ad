"""Treat: what is usually done about a finding is done to all of it, as a version that can be taken back."""

import pytest

from studio.data.rows import load_rows
from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import Finding, FindingKind
from studio.domain.mending import Which
from studio.flows import bring, inspect, mend, train, treat
from studio.flows.studio import Studio

STORY = (
    "The courier left the blue parcel beside the garden gate because nobody opened the door, so our colleague "
    "called the customer, arranged a second delivery for the following morning and noted it in the report."
)
PAIRS = [
    ("Write to ada.lovelace@hollin-fern.com about the late order", "Sent to ada.lovelace@hollin-fern.com."),
    ("Can you help me with my tent?", "I'm sorry, but I cannot help with that request."),
    ("Can you help me with the stove?", "I'm sorry, but I cannot help with that request."),
    ("Tell me what happened to it", STORY),
    ("Tell me what happened to it all", STORY.replace("blue", "navy blue")),
    ("Is it open?", "Yes."),
    ("Is it open?", "No."),
    ("Where is the lid?", "In the box below the stove."),
    ("Where is the lid?", "In the box below the stove."),
    *((f"Question {n} of many about topic {n * 7}", f"Answer {n}, with words.") for n in range(20)),
]


@pytest.fixture(scope="module")
def uploaded(working: Studio, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("treat") / "rows.csv"
    path.write_text("prompt,completion\n" + "".join(f'"{asked}","{said}"\n' for asked, said in PAIRS))
    brought = bring.bring_file(working, path)
    train.wait(working, brought.job_id, seconds=240)
    return bring.ready(working, brought.id)


@pytest.fixture
def dataset(working: Studio, uploaded: Dataset) -> Dataset:
    """The rows as they were read, whatever an earlier test did."""
    return mend.return_to(working, mend.newest(working, uploaded.id).id, 1)


def finding(studio: Studio, dataset: Dataset, kind: FindingKind) -> Finding:
    return next(found for found in inspect.findings(studio, dataset.id) if found.kind is kind)


def test_rows_of_a_finding_are_left_out_and_taken_back_at_once(working: Studio, dataset: Dataset):
    refusals = finding(working, dataset, FindingKind.REFUSAL)
    out = treat.treat(working, dataset.id, FindingKind.REFUSAL)
    back = treat.take_back(working, out.id, FindingKind.REFUSAL)

    assert out.mending.removed == dict.fromkeys([1, 2], "refusals, all that were found") and back.mending.removed == {}
    assert [treat.treated(refusals, made.mending).is_done for made in (dataset, out, back)] == [False, True, False]


def test_of_near_copies_the_first_the_longest_or_the_chosen_one_stays(working: Studio, dataset: Dataset):
    kind = FindingKind.NEAR_DUPLICATE
    groups = finding(working, dataset, kind).groups
    assert [group.rows for group in groups] == [(1, 2), (3, 4)]
    first = treat.treat(working, dataset.id, kind)
    longest = treat.treat(working, first.id, kind, which=Which.LONGEST)
    chosen = treat.keep_in_group(working, longest.id, groups[1], kind=kind, which=Which.CHOSEN, row=3)
    every = treat.keep_in_group(working, chosen.id, groups[1], kind=kind, which=Which.EVERY)

    assert [sorted(made.mending.removed) for made in (first, longest, chosen, every)] == [[2, 4], [1, 3], [1, 4], [1]]


def test_of_copies_one_is_kept_unless_every_one_is_asked_for(working: Studio, dataset: Dataset):
    kind = FindingKind.EXACT_DUPLICATE
    copies = finding(working, dataset, kind)
    every = treat.take_back(working, dataset.id, kind)
    one = treat.treat(working, every.id, kind)
    chosen = treat.keep_in_group(working, one.id, copies.groups[0], kind=kind, which=Which.CHOSEN, row=8)

    assert treat.treated(copies, dataset.mending).is_done and treat.treated(copies, every.mending).is_kept
    assert (every.mending.keep_copies, one.mending.keep_copies) == (True, False)
    assert chosen.mending.keep == {7: 8}


def test_personal_data_are_masked_in_a_new_version_and_the_file_stays(working: Studio, dataset: Dataset):
    made = treat.treat(working, dataset.id, FindingKind.PERSONAL)

    assert load_rows(working.workspace.dataset(made.id))[0].answer == "Sent to [EMAIL]."
    assert load_rows(working.workspace.dataset(dataset.id))[0].answer == PAIRS[0][1]


def test_what_has_to_be_looked_at_is_never_done_by_one_click(working: Studio, dataset: Dataset):
    with pytest.raises(DatasetError, match="one by one"):
        treat.treat(working, dataset.id, FindingKind.CONFLICT)
    with pytest.raises(DatasetError, match="not found"):
        treat.treat(working, dataset.id, FindingKind.TOXIC)
