"""Repair: refused lines are shown before and after, and become a new dataset of the same upload."""

import json
from pathlib import Path

import pytest

from studio.data.repairing import Repair
from studio.domain.dataset import Dataset, Layout, Mapping
from studio.domain.errors import DatasetError
from studio.flows import bring, train
from studio.flows.studio import Studio

GOOD = '{"prompt": "Open?", "completion": "Yes.", "short": "Y"}'
LINES = [GOOD] * 4 + [GOOD[:-1] + ",}", GOOD[:-1] + ", }", GOOD + ",", '{"prompt": "Op']


def read(studio: Studio, dataset: Dataset) -> Dataset:
    train.wait(studio, dataset.job_id, seconds=60)
    return bring.dataset(studio, dataset.id)


@pytest.fixture(scope="module")
def broken(working: Studio, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    path = tmp_path_factory.mktemp("broken") / "faq.jsonl"
    path.write_text("\n".join(LINES) + "\n")
    return read(working, bring.bring_file(working, path))


def test_refused_lines_are_offered_by_the_kind_of_repair(working: Studio, broken: Dataset):
    commas, after = bring.repairs(working, broken.id)
    assert (commas.kind, commas.count, commas.title) == (
        Repair.TRAILING_COMMA,
        2,
        "2 lines have a comma before a closing bracket.",
    )
    assert (after.kind, after.count, after.title) == (Repair.COMMA_AFTER, 1, "1 line has a comma after the row.")
    assert [(example.line, example.before, example.after) for example in after.examples] == [(7, GOOD + ",", GOOD)]
    assert [reject.repair for reject in bring.rejects(working, broken.id)] == [commas.kind, commas.kind, after.kind, ""]
    assert bring.repaired(working, broken.id).sentence == ""


def test_a_repair_makes_a_second_dataset_and_leaves_the_first_as_it_was(working: Studio, broken: Dataset):
    mended = read(working, bring.repair(working, broken.id, ["trailing_comma"]))
    assert (mended.name, mended.rows, mended.rejects) == (broken.name, 6, 2)
    assert mended.guess is not None and broken.guess is not None and mended.guess.mapping == broken.guess.mapping
    assert bring.repaired(working, mended.id).counts == {Repair.TRAILING_COMMA: 2}
    assert bring.repaired(working, mended.id).sentence == (
        "2 lines were repaired as you asked: each had a comma before a closing bracket."
    )
    assert bring.dataset(working, broken.id) == broken
    source = working.workspace.dataset(mended.id) / "source"
    assert source.read_bytes() == (working.workspace.dataset(broken.id) / "source").read_bytes()


def test_a_second_repair_and_other_fields_keep_the_first_repair(working: Studio, broken: Dataset):
    first = read(working, bring.repair(working, broken.id, ["trailing_comma"]))
    second = read(working, bring.repair(working, first.id, ["comma_after"]))
    assert (second.rows, second.rejects, bring.repairs(working, second.id)) == (7, 1, [])
    assert "2 had a comma before a closing bracket, 1 had a comma after the row" in (
        bring.repaired(working, second.id).sentence
    )
    shorter = Mapping(Layout.PROMPT_COMPLETION, {"prompt": "prompt", "completion": "short"})
    third = read(working, bring.reread(working, second.id, shorter))
    assert third.rows == 7 and bring.preview(working, third.id, count=1)[0].answer == "Y"


def test_a_file_of_which_nothing_could_be_used_can_still_be_repaired(working: Studio, tmp_path: Path):
    path = tmp_path / "printed.jsonl"
    path.write_text("\n".join(repr(json.loads(GOOD)) for _ in range(5)))
    broken = read(working, bring.bring_file(working, path))
    assert broken.state == "failed" and "--repair" in bring_problem(working, broken)
    (offer,) = bring.repairs(working, broken.id)
    mended = read(working, bring.repair(working, broken.id, [offer.kind]))
    assert (mended.rows, mended.rejects) == (5, 0)


def bring_problem(studio: Studio, dataset: Dataset) -> str:
    with pytest.raises(DatasetError) as refused:
        bring.ready(studio, dataset.id)
    return refused.value.fix or ""


def test_repairs_that_do_not_exist_or_none_at_all_are_refused(resting: Studio, file: Path):
    brought = bring.bring_file(resting, file)
    assert bring.repairs(resting, brought.id) == []
    with pytest.raises(DatasetError, match="no repair called magic"):
        bring.repair(resting, brought.id, ["magic"])
    with pytest.raises(DatasetError, match="No repair is chosen"):
        bring.repair(resting, brought.id, [])
    assert bring.datasets(resting) == [brought]
