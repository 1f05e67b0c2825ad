import random

import pytest

from studio.engine.batches import Batches, check_steps, micro_batch_of

LENGTHS = random.Random(1).choices(range(10, 300), k=203)


def batches(*, epoch: int = 0, seed: int = 3) -> Batches:
    made = Batches(LENGTHS, micro_batch=4, accumulation=2, seed=seed)
    made.epoch = epoch
    return made


def test_every_pass_holds_every_row_once():
    for epoch in range(3):
        assert sorted(row for batch in batches(epoch=epoch) for row in batch) == list(range(203))


def test_its_length_is_the_number_of_batches_it_gives():
    assert len(batches()) == len(list(batches())) == 51


def test_only_the_last_step_is_shorter():
    assert [len(step) for step in batches().steps()] == [8] * 25 + [3]


def test_passes_and_seeds_differ_but_the_same_pass_is_always_the_same():
    assert list(batches(epoch=1)) == list(batches(epoch=1))
    assert list(batches(epoch=1)) != list(batches(epoch=2))
    assert list(batches(epoch=1)) != list(batches(epoch=1, seed=4))


def test_the_longest_row_comes_in_the_first_step():
    assert max(LENGTHS) in [LENGTHS[row] for row in batches().steps()[0]]


def test_batches_hold_far_less_padding_than_random_ones():
    def padded(groups: list[list[int]]) -> int:
        return sum(max(LENGTHS[row] for row in group) * len(group) for group in groups)

    order = random.Random(2).sample(range(203), 203)
    at_random = padded([order[start : start + 4] for start in range(0, 203, 4)])
    extra, extra_at_random = padded(list(batches(epoch=1))) - sum(LENGTHS), at_random - sum(LENGTHS)
    assert extra < 0.25 * extra_at_random


def test_fewer_rows_than_a_step_make_one_short_step():
    assert [len(step) for step in Batches([5, 6, 7], micro_batch=4, accumulation=2, seed=0).steps()] == [3]


@pytest.mark.parametrize(("batch", "micro", "expected"), [(8, 8, 8), (8, 3, 2), (8, 16, 8), (7, 3, 1), (6, 4, 3)])
def test_parts_of_a_step_divide_it_evenly(batch: int, micro: int, expected: int):
    assert micro_batch_of(batch, micro) == expected


@pytest.mark.parametrize(
    ("total", "wanted", "steps"), [(18, 3, [6, 12, 18]), (5, 8, [1, 2, 3, 4, 5]), (1, 4, [1]), (10, 4, [2, 5, 8, 10])]
)
def test_checks_are_evenly_spaced_and_the_last_step_is_one(total: int, wanted: int, steps: list[int]):
    assert check_steps(total, wanted) == steps
