"""Rows are looked through page by page: those that say something, of a finding, of a bin, or edited."""

from collections.abc import Callable
from pathlib import Path

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.run import Run
from studio.domain.split import Bin
from studio.domain.study import Study
from studio.flows import browse, mend, split
from studio.flows.browse import Order
from studio.flows.studio import Studio
from tests.flows.test_split import brought


def lines(page: browse.Page) -> list[int]:
    return [listed.row.line for listed in page.listed]


def test_pages_go_through_every_row_once(working: Studio, dataset: Dataset):
    seen: list[int] = []
    for start in range(0, dataset.rows, browse.PAGE):
        seen += lines(browse.page(working, dataset.id, start=start))
    assert len(seen) == len(set(seen)) == dataset.rows
    assert browse.page(working, dataset.id).found == dataset.rows


@pytest.mark.parametrize("start", [10_000, 63])
def test_beyond_the_end_is_the_last_page(working: Studio, dataset: Dataset, start: int):
    page = browse.page(working, dataset.id, start=start)
    assert page.start == 60 and len(page.listed) == dataset.rows - 60
    assert browse.page(working, dataset.id, start=-5).start == 0


def test_rows_that_say_something_with_where_they_ended(working: Studio, dataset: Dataset):
    page = browse.page(working, dataset.id, text="and <B>more")
    assert lines(page) == [63]
    held_out, bin = (Bin.VALIDATION, Bin.TEST), split.current(working, dataset.id).bins[62]
    assert page.listed[0].bin is (None if bin in held_out else bin)


def test_rows_too_few_for_a_split_are_read_all_the_same(working: Studio, tmp_path: Path):
    few = brought(working, tmp_path, [{"prompt": "Where is it?", "completion": "On its way."}] * 2)
    page = browse.page(working, few.id)
    assert lines(page) == [1, 2] and {listed.where for listed in page.listed} == {browse.NOT_DEALT}


def test_under_seal_nobody_is_told_which_of_the_rows_held_out_are_the_test(
    quiet: Studio, trained: Run, opened: Callable[..., Study]
):
    dealt = split.current(quiet, trained.dataset_id)

    def told(bin: Bin) -> set[Bin | None]:
        page = browse.page(quiet, trained.dataset_id, count=100)
        return {listed.bin for listed in page.listed if dealt.bins[listed.row.number] is bin}

    assert told(Bin.TEST) == told(Bin.VALIDATION) == {None} and told(Bin.TRAIN) == {Bin.TRAIN}
    with pytest.raises(DatasetError, match="sealed"):
        browse.page(quiet, trained.dataset_id, among=Bin.TEST)
    opened()
    assert told(Bin.TEST) == {Bin.TEST} and told(Bin.VALIDATION) == {Bin.VALIDATION}
    assert browse.page(quiet, trained.dataset_id, among=Bin.TEST).found == len(dealt.rows(Bin.TEST))


def test_rows_of_a_finding_and_of_a_bin(working: Studio, dataset: Dataset):
    assert lines(browse.page(working, dataset.id, among=FindingKind.EXACT_DUPLICATE)) == [1, 61]
    assert lines(browse.page(working, dataset.id, among=Bin.DUPLICATE)) == [61]
    assert browse.kinds(working, dataset.id)[FindingKind.EXACT_DUPLICATE] == 2


def test_the_longest_row_comes_first_when_asked(working: Studio, dataset: Dataset):
    assert lines(browse.page(working, dataset.id, order=Order.LONGEST, count=1)) == [64]


def test_nothing_found_is_an_empty_page(working: Studio, dataset: Dataset):
    page = browse.page(working, dataset.id, text="no row says this", start=40)
    assert (page.listed, page.start, page.found, page.more) == ((), 0, 0, False)


def test_what_was_edited_can_be_looked_through(quiet: Studio, dataset: Dataset):
    made = mend.edit(quiet, dataset.id, 5, {1: "Edited by hand."})
    page = browse.page(quiet, made.id, among=browse.EDITED)
    assert [(listed.row.answer, listed.is_edited) for listed in page.listed] == [("Edited by hand.", True)]
    assert browse.page(quiet, dataset.id, among=browse.EDITED).found == 0
