"""Sides: very many sets are joined at once, with the same sides as one after the other."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from studio.data.sides import Sides, sides_of

ROWS = 12
NUMBERS = st.integers(0, ROWS - 1)


@given(st.lists(st.lists(NUMBERS, max_size=4), max_size=10), st.lists(NUMBERS, min_size=ROWS, max_size=ROWS))
def test_all_at_once_is_one_after_the_other(sets, others):
    sides = Sides()
    for numbers in [*sets, *enumerate(others)]:
        sides.join(numbers)

    assert sides_of(ROWS, sets, np.array(others)).tolist() == sides.leaders(ROWS).tolist()


def test_a_long_chain_is_one_side():
    assert set(sides_of(5000, [(row + 1, row) for row in range(4999)]).tolist()) == {0}
