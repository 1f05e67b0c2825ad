"""Splitting: no test row has a twin in training, the sizes are those asked for, and a seed repeats the deal."""

import pytest

from studio.data.findings import load_findings
from studio.data.splitting import deal, split_sizes
from studio.domain.errors import DatasetError
from studio.domain.split import Bin, SplitChoices
from tests.data.conftest import pair

HELD = (Bin.TRAIN, Bin.VALIDATION, Bin.TEST)


def rows_of(count: int, **more) -> list[dict]:
    return [pair(f"question {number}", f"answer {number}", **more) for number in range(count)]


def dealt(brought, **choices):
    return deal(brought.rows, load_findings(brought.folder), SplitChoices(**choices))


def sizes(bins) -> dict[str, int]:
    return {bin.value: bins.count(bin) for bin in Bin if bin in bins}


def test_validation_and_test_share_what_is_held_out(bring):
    assert sizes(dealt(bring(rows_of(100))).bins) == {"train": 80, "validation": 10, "test": 10}
    assert sizes(dealt(bring(rows_of(50)), held_out=0.5).bins) == {"train": 25, "validation": 12, "test": 13}


@pytest.mark.parametrize(
    ("rows", "held_out", "expected"), [(3, 0.2, (1, 1, 1)), (10, 0.2, (8, 1, 1)), (11, 0.01, (9, 1, 1))]
)
def test_each_part_has_at_least_one_row(rows, held_out, expected):
    made = split_sizes(rows, held_out=held_out)

    assert (made.train, made.validation, made.test) == expected


@pytest.mark.parametrize(("rows", "held_out"), [(2, 0.2), (0, 0.2), (10, 0.99), (10, 0.0), (10, 1.0)])
def test_too_few_rows_or_a_share_that_leaves_none_is_refused(rows, held_out):
    with pytest.raises(DatasetError) as refused:
        split_sizes(rows, held_out=held_out)
    assert refused.value.fix


def test_the_same_seed_deals_the_same_and_another_deals_anew(bring):
    brought = bring(rows_of(60))

    assert dealt(brought, seed=3) == dealt(brought, seed=3)
    assert dealt(brought, seed=3) != dealt(brought, seed=4)


def test_of_a_duplicate_group_the_first_row_is_kept_or_the_one_asked_for(bring):
    brought = bring([*rows_of(12), pair("question 4", "answer 4"), pair("QUESTION 4.", "answer 4")])

    first = dealt(brought)
    assert first.duplicate_of == {12: 4, 13: 4} and first.bins[12] is first.bins[13] is Bin.DUPLICATE
    assert first.bins[4] in HELD
    asked = dealt(brought, keep={4: 13})
    assert asked.duplicate_of == {4: 13, 12: 13} and asked.bins[13] in HELD


def test_a_row_that_is_no_copy_cannot_be_kept_in_place_of_one(bring):
    brought = bring([*rows_of(12), pair("question 4", "answer 4")])

    with pytest.raises(DatasetError, match="Row 5 is no copy of row 4"):
        dealt(brought, keep={4: 5})


def test_a_removed_row_is_removed_and_its_copy_takes_its_place(bring):
    brought = bring([*rows_of(12), pair("question 4", "answer 4")])

    made = dealt(brought, removed=dict.fromkeys([4, 7], "by hand"))
    assert made.bins[4] is made.bins[7] is Bin.REMOVED
    assert made.bins[12] in HELD and made.duplicate_of == {}


def test_a_row_that_does_not_exist_cannot_be_removed(bring):
    with pytest.raises(DatasetError, match="no row 12"):
        dealt(bring(rows_of(12)), removed=dict.fromkeys([12], "by hand"))


@pytest.mark.parametrize("seed", range(8))
def test_copies_that_stay_and_contradictions_are_on_one_side(bring, seed):
    twins = [pair(f"question {number}", f"answer {number}") for number in range(10)]
    contradictions = [pair(f"question {number}", "something else") for number in range(10, 20)]
    brought = bring([*rows_of(40), *twins, *contradictions])

    bins = dealt(brought, seed=seed, keep_copies=True).bins
    assert Bin.DUPLICATE not in bins
    assert all(bins[number] is bins[40 + number] for number in range(20))


@pytest.mark.parametrize("seed", range(8))
def test_rows_with_one_value_of_a_field_are_on_one_side(bring, seed):
    rows = [pair(f"question {number}", "yes", customer=f"c{number % 15}") for number in range(90)]

    bins = dealt(bring(rows), seed=seed, by="customer").bins
    assert all(len({bins[number] for number in range(customer, 90, 15)}) == 1 for customer in range(15))
    assert sizes(bins) == {"train": 72, "validation": 6, "test": 12} or sizes(bins)["train"] in (66, 72, 78)


def test_rows_without_the_field_stand_alone_and_an_unknown_field_is_named(bring):
    brought = bring([*rows_of(20, topic="one"), *[pair(f"other {number}", "b") for number in range(20)]])

    bins = dealt(brought, by="topic").bins
    assert set(bins[:20]) == {Bin.TRAIN}
    with pytest.raises(DatasetError, match="topc") as refused:
        dealt(brought, by="topc")
    assert "topic" in refused.value.fix


def test_a_field_with_one_value_cannot_be_kept_together(bring):
    with pytest.raises(DatasetError, match="form 1 group"):
        dealt(bring(rows_of(20, topic="one")), by="topic")


def test_big_groups_come_as_close_to_the_sizes_as_they_can(bring):
    rows = [pair(f"question {number}", "yes", source=str(number // 10)) for number in range(100)]

    assert sizes(dealt(bring(rows), by="source").bins) == {"train": 80, "validation": 10, "test": 10}


def test_long_and_short_answers_are_spread_over_all_parts(bring):
    rows = [pair(f"question {number}", "word " * (1 if number % 2 else 60)) for number in range(400)]
    brought = bring(rows)

    for seed in range(5):
        bins = dealt(brought, seed=seed).bins
        long = sum(bins[number] is Bin.TEST for number in range(0, 400, 2))
        assert 17 <= long <= 23
