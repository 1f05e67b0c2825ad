"""Wording: what many texts say is read at once, and is to the letter what each of them says by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.data.normalising import normalised
from studio.data.wording import Stretches, Wording
from studio.data.words import words_of

SIGNS = [
    *"aB1 .,;:?!\"')]([}`-–—°²½’“ÀßİK中ませんな5_+#*/=<$",
    *"\t\n\x1c\x1f\u200b\u00a0\u3002",
    "n't",
    "C++",
    "3.5",
    "ab",
]
texts_of_signs = st.lists(st.lists(st.sampled_from(SIGNS), max_size=14).map("".join), max_size=4)


def read(texts: list[str]) -> list[tuple[str, list[str]]]:
    """Each text normalised, and its words."""
    wording, picked = Wording(), Stretches()
    worded = wording.read(texts)
    for place in range(len(texts)):
        picked.add(place, place, place + 1, whole=worded.whole(place, place + 1))
    tokens, sizes = wording.of(worded, picked)
    words = iter(wording.words[token] for token in tokens)
    return [(said, [next(words) for _ in range(size)]) for said, size in zip(worded.normal, sizes, strict=True)]


@given(texts_of_signs)
def test_many_texts_are_read_as_each_by_itself(texts):
    assert read(texts) == [(normalised(text), words_of(normalised(text))) for text in texts]


@pytest.mark.parametrize(
    "text",
    ["f(x) = (a b) 2", "from 3 – 5", "(see 4 + 1)", "?!", "", " \n ", "5! and (n+1)!", "Ünïcode, too.", "無い。"],
)
def test_signs_that_look_beyond_a_space_are_told_from_the_whole_text(text):
    around = ["plain words", "other words"]

    assert read([around[0], text, around[1]])[1] == (normalised(text), words_of(normalised(text)))


def test_texts_below_each_other_are_as_many_words_as_their_words_together():
    wording = Wording()
    worded = wording.read(["What is it?", "...", "A house.", "A (small) one"])
    picked = Stretches()
    picked.add(0, 0, 3, whole=worded.whole(0, 3))
    picked.add(1, 2, 4, whole=worded.whole(2, 4))
    tokens, sizes = wording.of(worded, picked)

    assert [wording.words[token] for token in tokens] == "what is it a house a house a small one".split()
    assert sizes.tolist() == [5, 5]
