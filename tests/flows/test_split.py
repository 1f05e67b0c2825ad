"""Rows are dealt once, and every line of the file is in exactly one place."""

import csv
import io
from collections.abc import Iterable

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.run import Run
from studio.domain.split import Bin, SplitChoices
from studio.flows import bring, inspect, split
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import splits
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
    listed = [
        row for bin in Bin for row in rows_of(split.bin_csv(working, dataset.id, bin, model_id=STARTER, cut_off=128))
    ]
    assert sorted(int(row["line"]) for row in listed) == [*range(1, 65), 66, 67]
    assert all(row["reason"] for row in listed)


def test_a_spreadsheet_runs_nothing_that_is_in_a_row(working: Studio, dataset: Dataset):
    held = split.current(working, dataset.id).bins[62]
    (row,) = [row for row in rows_of(split.bin_csv(working, dataset.id, held)) if row["line"] == "63"]
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
