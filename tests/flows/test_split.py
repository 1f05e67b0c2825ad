"""Rows are dealt once, and every line of the file is in exactly one place."""

import csv
import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.run import Run
from studio.domain.split import DEALT, Bin, SplitChoices
from studio.domain.study import Study
from studio.flows import bring, compare, inspect, mend, split, train
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import splits
from tests.flows.conftest import PATIENCE
from tests.flows.test_bring import read


def rows_of(parts: Iterable[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(parts).decode(), newline="")))


def test_without_choices_a_tenth_each_is_held_out_and_the_same_split_comes_back(working: Studio):
    brought = read(working, bring.bring_sample(working, "triage"))
    dealt = split.current(working, brought.id)
    assert split.current(working, brought.id) == dealt
    assert [len(dealt.rows(bin)) for bin in (Bin.TRAIN, Bin.VALIDATION, Bin.TEST)] == [360, 45, 45]


def test_the_same_choices_are_the_same_split(quiet: Studio, dataset: Dataset):
    first = split.current(quiet, dataset.id)
    assert split.choose(quiet, dataset.id, SplitChoices(held_out=0.4)) == first


def test_other_choices_make_a_new_split_and_a_run_still_knows_its_own(quiet: Studio, dataset: Dataset, trained: Run):
    before = splits.get(quiet.store, trained.split_id)
    made = split.choose(quiet, dataset.id, SplitChoices(held_out=0.4, seed=8))
    assert made.id != before.id and made.bins != before.bins
    assert split.current(quiet, dataset.id) == made
    assert splits.get(quiet.store, trained.split_id) == before


def test_a_copy_is_left_out_and_a_contradiction_stays_on_one_side(working: Studio, dataset: Dataset):
    dealt = split.current(working, dataset.id)
    assert dealt.bins[60] is Bin.DUPLICATE and dealt.duplicate_of == {60: 0}
    assert dealt.bins[1] is dealt.bins[61]


def test_the_ledger_adds_up_to_every_line_of_the_file(working: Studio, dataset: Dataset):
    plain = split.ledger(working, dataset.id)
    assert plain.adds_up and plain.lines == dataset.lines == 66
    assert (plain.counts[Bin.DUPLICATE], plain.counts[Bin.MALFORMED], plain.counts[Bin.TOO_LONG]) == (1, 2, 0)
    cut = split.ledger(working, dataset.id, model_id=STARTER, cut_off=128)
    assert cut.adds_up and cut.lines == 66
    assert cut.counts[Bin.TOO_LONG] == 1


def test_the_files_of_all_bins_hold_every_line_once_with_a_reason(working: Studio, dataset: Dataset):
    sealed = split.current(working, dataset.id).rows(Bin.TEST)
    listed = [
        row
        for bin in Bin
        if bin is not Bin.TEST
        for row in rows_of(split.bin_lines(working, dataset.id, bin, model_id=STARTER, cut_off=128))
    ]
    lines = [number + 1 for number in sealed if number != 63] + [int(row["line"]) for row in listed]
    assert sorted(lines) == [*range(1, 65), 66, 67]
    assert all(row["reason"] for row in listed)


def test_a_spreadsheet_runs_nothing_that_is_in_a_row(working: Studio, dataset: Dataset):
    held = split.current(working, dataset.id).bins[62]
    (row,) = [row for row in rows_of(split.bin_lines(working, dataset.id, held)) if row["line"] == "63"]
    assert (row["question"], row["answer"]) == ("'=1+1", "'+2, and <b>more</b>")


def test_only_rows_that_fit_the_cut_off_are_used(working: Studio, dataset: Dataset, trained: Run):
    lengths = inspect.measured(working, dataset.id, STARTER)
    assert lengths is not None
    dealt = split.current(working, dataset.id)
    used, whole = split.used(dealt, lengths, 128), split.used(dealt, lengths, 2048)
    assert {*whole.train, *whole.validation, *whole.test} - {*used.train, *used.validation, *used.test} == {63}
    assert trained.plan.train_rows == len(used.train)


def test_a_share_that_leaves_nothing_is_refused(working: Studio, dataset: Dataset):
    with pytest.raises(DatasetError) as refused:
        split.choose(working, dataset.id, SplitChoices(held_out=1.0))
    assert refused.value.field == "held_out"


def brought(studio: Studio, folder: Path, rows: list[dict]) -> Dataset:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read(studio, bring.bring_file(studio, path))


def test_rows_of_one_conversation_share_a_side_where_a_field_names_it(working: Studio, tmp_path: Path):
    rows = [{"prompt": f"question {n}", "completion": f"answer {n}", "conversation_id": n // 3} for n in range(60)]
    dealt = split.current(working, brought(working, tmp_path, rows).id)
    assert dealt.choices.by == "conversation_id"
    assert all(len(set(dealt.bins[start : start + 3])) == 1 for start in range(0, 60, 3))


def test_without_such_a_field_nothing_is_kept_together(working: Studio, dataset: Dataset):
    assert split.default_choices(working, dataset.id) == SplitChoices()


def test_what_rows_can_be_spread_by_is_listed(working: Studio, dataset: Dataset):
    assert {field.key for field in split.fields(working, dataset.id)} >= {"answer:category", "answer:priority"}


def test_how_evenly_the_rows_were_spread_is_told(working: Studio, dataset: Dataset):
    made = split.choose(working, dataset.id, SplitChoices(held_out=0.4, stratify="answer:category"))
    told = split.facts(working, made)
    dealt = sum(bin in DEALT for bin in made.bins)
    assert sum(share.rows for share in told.shares) == dealt
    assert {share.name for share in told.shares} >= {"billing", "delivery"}
    assert 0 <= told.gap < 0.05 and (told.tied, told.sets, told.largest) == (2, 1, 2)
    split.choose(working, dataset.id, SplitChoices(held_out=0.4))


def test_test_rows_are_sealed_until_a_study_opens_them(quiet: Studio, trained: Run, opened: Callable[..., Study]):
    assert split.is_sealed(quiet, split.current(quiet, trained.dataset_id))
    for kind in ("csv", "jsonl"):
        with pytest.raises(DatasetError, match="sealed until a study opens them") as refused:
            split.bin_lines(quiet, trained.dataset_id, Bin.TEST, kind=kind)
        assert refused.value.fix
    opened()
    assert not split.is_sealed(quiet, split.current(quiet, trained.dataset_id))
    listed = rows_of(split.bin_lines(quiet, trained.dataset_id, Bin.TEST))
    assert len(listed) == len(split.current(quiet, trained.dataset_id).rows(Bin.TEST))


def test_a_study_opens_the_rows_that_it_drew_from_and_no_others(
    quiet: Studio, trained: Run, opened: Callable[..., Study]
):
    opened()
    other = split.choose(quiet, trained.dataset_id, SplitChoices(held_out=0.4, seed=8))
    assert split.is_sealed(quiet, other)
    again = split.choose(quiet, trained.dataset_id, SplitChoices(held_out=0.4))
    assert not split.is_sealed(quiet, again)
    fewer = split.choose(quiet, mend.drop(quiet, trained.dataset_id, [0], why="old").id, SplitChoices(held_out=0.4))
    assert split.is_sealed(quiet, fewer) is bool({*fewer.rows(Bin.TEST)} - {*again.rows(Bin.TEST)})


def test_a_study_that_is_still_being_written_opens_nothing(quiet: Studio, trained: Run):
    compare.create(quiet, trained.id, key="study")
    assert split.is_sealed(quiet, split.current(quiet, trained.dataset_id))


def test_a_place_comes_as_jsonl_as_well(working: Studio, dataset: Dataset):
    lines = b"".join(split.bin_lines(working, dataset.id, Bin.DUPLICATE, kind="jsonl")).splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["Word for word the same as line 1, which is kept."]
    with pytest.raises(DatasetError):
        split.bin_lines(working, dataset.id, Bin.DUPLICATE, kind="xlsx")


def test_an_edit_that_makes_a_copy_of_another_row_is_found_when_the_rows_were_checked_again(
    working: Studio, tmp_path: Path
):
    rows = [{"prompt": f"What about the matter number {n}?", "completion": f"It is settled, {n}"} for n in range(40)]
    first = brought(working, tmp_path, rows)
    edited = mend.edit(working, first.id, 7, {0: rows[30]["prompt"], 1: rows[30]["completion"]})
    before = split.current(working, edited.id)
    assert before.bins == split.current(working, first.id).bins
    checking = mend.recheck(working, edited.id)
    assert checking is not None
    train.wait(working, checking.id, seconds=PATIENCE)
    after = split.current(working, edited.id)
    assert after.bins[30] is Bin.DUPLICATE and after.duplicate_of == {30: 7}
    assert split.current(working, edited.id) == after


def test_a_version_that_nobody_looked_at_is_not_dealt_and_passes_the_choices_on(working: Studio, tmp_path: Path):
    dataset = brought(working, tmp_path, [{"prompt": f"question {n}", "completion": f"answer {n}"} for n in range(40)])
    chosen = split.choose_some(working, dataset.id, {"seed": 11, "held_out": 0.3}).choices
    unseen = mend.drop(working, dataset.id, [0], why="by hand")
    seen = mend.drop(working, unseen.id, [1], why="by hand")

    choices = split.current(working, seen.id).choices
    assert (choices.seed, choices.held_out) == (chosen.seed, chosen.held_out)
    assert set(choices.removed) == {0, 1}
    assert splits.latest(working.store, unseen.id) is None
