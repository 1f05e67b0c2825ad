"""Lists: a text is looked through for all the letters of a list at once, with the same answer as one by one."""

import re

from hypothesis import given
from hypothesis import strategies as st

from studio.data.checks.lists import any_of

TEXTS = st.text(alphabet="ab.[不 ", max_size=4)


@given(st.lists(TEXTS, max_size=6), st.text(alphabet="ab.[不 ", max_size=12))
def test_one_expression_finds_what_any_of_many_would(letters, text):
    assert (re.search(any_of(letters), text) is not None) == any(one in text for one in letters)
