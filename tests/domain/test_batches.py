import math
import random
import statistics
from typing import Any

import pytest

from studio.domain.batches import Batches, check_steps, micro_batch_of
from studio.domain.recipe import Recipe

LENGTHS = random.Random(1).choices(range(10, 300), k=203)


def recipe(**choices: Any) -> Recipe:
    return Recipe.model_validate({"batch_size": 8, "micro_batch": 4, "packing": "off", "seed": 3} | choices)


def batches(*, epoch: int = 0, seed: int = 3, packed: bool = False) -> Batches:
    made = Batches(LENGTHS, recipe(seed=seed), packed=packed)
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


def test_rows_end_to_end_are_in_steps_of_all_lengths_the_largest_first():
    made = Batches(LENGTHS, recipe(packing="auto"), packed=True)
    tokens = [sum(LENGTHS[row] for row in step) for step in made.steps()]
    assert tokens[0] == max(tokens)
    assert max(tokens) < 0.9 * 8 * max(LENGTHS)
    assert statistics.pstdev(tokens[:-1]) < 0.6 * statistics.pstdev(
        [sum(LENGTHS[row] for row in step) for step in batches().steps()][:-1]
    )


def test_a_recipe_has_the_same_steps_where_its_rows_had_to_be_padded_after_all():
    packed, padded = (Batches(LENGTHS, recipe(packing="auto"), packed=packed) for packed in (True, False))
    for one, other in zip(packed.steps(), padded.steps(), strict=True):
        assert one.tolist() == other.tolist()
    assert sorted(map(sum, list(packed)[:2])) != sorted(map(sum, list(padded)[:2]))


@pytest.mark.parametrize(
    ("rows", "batch", "micro", "epochs"), [(203, 8, 4, 3), (203, 12, 3, 1.5), (5, 8, 2, 2), (8, 8, 8, 1)]
)
def test_the_largest_part_of_a_run_is_known_before_it(rows: int, batch: int, micro: int, epochs: float):
    made = Batches(
        LENGTHS[:rows], recipe(packing="auto", batch_size=batch, micro_batch=micro, epochs=epochs), packed=True
    )
    most, step = made.largest()
    met = []
    for epoch in range(math.ceil(epochs)):
        made.epoch = epoch
        met += [sum(LENGTHS[row] for row in part) for part in made]
    assert most == max(met)
    assert sum(LENGTHS[row] for row in step) >= most


def test_fewer_rows_than_a_step_make_one_short_step():
    assert [len(step) for step in Batches([5, 6, 7], recipe()).steps()] == [3]


@pytest.mark.parametrize(("batch", "micro", "expected"), [(8, 8, 8), (8, 3, 2), (8, 16, 8), (7, 3, 1), (6, 4, 3)])
def test_parts_of_a_step_divide_it_evenly(batch: int, micro: int, expected: int):
    assert micro_batch_of(batch, micro) == expected


@pytest.mark.parametrize(
    ("total", "wanted", "steps"), [(18, 3, [6, 12, 18]), (5, 8, [1, 2, 3, 4, 5]), (1, 4, [1]), (10, 4, [2, 5, 8, 10])]
)
def test_checks_are_evenly_spaced_and_the_last_step_is_one(total: int, wanted: int, steps: list[int]):
    assert check_steps(total, wanted) == steps
