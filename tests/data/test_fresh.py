"""Fresh: keys that come by the block are told from those that were there before, as a set tells them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from studio.data.fresh import Fresh


@given(st.lists(st.lists(st.integers(0, 40), max_size=12), max_size=20))
def test_a_key_is_new_once(blocks: list[list[int]]) -> None:
    fresh, known = Fresh(), set[int]()
    for block in blocks:
        expected = [key not in known and key not in block[:place] for place, key in enumerate(block)]
        assert fresh.among(np.array(block, dtype=np.uint64)).tolist() == expected
        known.update(block)
