"""Normalising: typography does not make two texts different, and signs that change the meaning do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.data.normalising import joined, normalised

SAME = [
    ("Hello, World!", "hello world"),
    ("Where  is\n my order ?", "where is my order"),
    ("“Fine” – it’s ok…", '"fine" – it\'s ok'),
    ("ＡＢＣ　１２", "abc 12"),
    ("ﬁne", "fine"),
    ("cafe\u0301", "CAFÉ"),
    ("你好，世界。", "你好 世界"),
    ("zero\u200bwidth", "zerowidth"),
    ('He said "yes."', 'he said "yes"'),
]

DIFFERENT = [
    ("C++", "C#"), ("C++", "C"), ("3+4", "3-4"), ("3+4", "3*4"), ("x<5", "x>5"), ("$5", "5%"), ("$5", "€5"),
    ("2.5", "2,5"), ("2.5", "25"), ("1,000", "1 000"), (".5", "5"), ("5!", "5"), ("(n+1)!", "(n+1)"), ("x²", "x2"),
    ("10²", "102"), ("1½", "11/2"), ("f(x)", "fx"), ("a != b", "a = b"), ("10:30", "1030"), ("!", "?"), ("-3", "3"),
    ("3,5 万", "35 万"), ("3，5", "35"),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second"), SAME)
def test_case_spacing_and_sentence_punctuation_do_not_count(first, second):
    assert normalised(first) == normalised(second)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_signs_that_change_the_meaning_count(first, second):
    assert normalised(first) != normalised(second)


@given(st.text(max_size=60))
def test_normalising_twice_is_normalising_once(text):
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(alphabet="aA1 .,;:!?\"')(]。、，！？²½ſßİ\u0301\u200b\u2028\t`’+−", max_size=12))
def test_normalising_twice_is_normalising_once_for_the_hard_characters(text):
    assert normalised(normalised(text)) == normalised(text)


@given(st.text(min_size=1, max_size=30))
def test_a_text_that_says_something_never_becomes_nothing(text):
    assert bool(normalised(text)) == bool(text.strip(" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u200b\ufeff\xad").strip())


@given(st.lists(st.text(alphabet="aA15 .,;:!?\"')(]。！？²½ſßİ\u0301\u200b\u2028\t`’+−", max_size=6), max_size=4))
def test_texts_may_be_normalised_before_they_are_put_below_each_other(texts):
    assert joined([normalised(text) for text in texts]) == normalised("\n".join(texts))
