"""A split comes back exactly as it was dealt, however many rows it has."""

import random

import pytest

from studio.domain.errors import DatasetError
from studio.domain.split import Bin, Split, SplitChoices
from studio.store import splits
from studio.store.database import Store
from tests.store.examples import Examples


def test_a_split_comes_back_as_it_was_dealt(store: Store, examples: Examples):
    split = examples.split(examples.dataset().id)
    assert splits.get(store, split.id) == split
    assert splits.latest(store, split.dataset_id) == split


def test_every_bin_has_a_letter_of_its_own():
    assert set(splits.LETTER) == set(Bin)
    assert len(set(splits.LETTER.values())) == len(Bin)


def test_the_newest_split_of_a_dataset_is_its_current_one_and_the_earlier_ones_stay(store: Store, examples: Examples):
    dataset, other = examples.dataset(), examples.dataset()
    first, second = examples.split(dataset.id), examples.split(dataset.id)
    examples.split(other.id)
    assert splits.latest(store, dataset.id) == second
    assert splits.get(store, first.id) == first


def test_a_dataset_that_was_never_dealt_has_no_split(store: Store, examples: Examples):
    assert splits.latest(store, examples.dataset().id) is None


def test_an_unknown_split_is_named(store: Store):
    with pytest.raises(DatasetError, match="no split called split-0"):
        splits.get(store, "split-0")


def test_a_hundred_thousand_rows_are_read_back(store: Store, examples: Examples):
    draw = random.Random(1)
    bins = tuple(draw.choices(list(Bin), k=100_000))
    copies = {number: number - 1 for number in range(1, 100_000, 10)}
    choices = SplitChoices(keep=copies, removed=dict.fromkeys(range(0, 100_000, 100), "by hand"))
    split = splits.add(store, Split("split-big", examples.dataset().id, choices, bins, copies))
    assert splits.get(store, "split-big") == split
