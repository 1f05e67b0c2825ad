"""Advice: at most five sentences, true to the counts, that name the two things most worth mending."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.advice import Situation, advise, expectation, imbalance
from studio.domain.dataset import TEXT_TRAINING
from studio.domain.fields import Field
from studio.domain.finding import TREATMENTS, Finding, FindingKind, Grade
from studio.domain.reading import Tone
from studio.domain.topics import Topic, Topics

READY = Situation(rows=500, lines=500, train=400, test=50)


def found(kind: FindingKind, count: int, title: str = "") -> Finding:
    return Finding(kind, title or f"{count} rows are of the kind {kind.value}", count, "", ())


def labels(*counts: int, key: str = "field:label") -> Field:
    common = tuple((f"value {n}", count) for n, count in enumerate(sorted(counts, reverse=True)))
    return Field(key, sum(counts), len(counts), True, common)


def sentences(situation: Situation) -> list[str]:
    reading = advise(situation).reading
    return re.findall(r"[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?](?=\s|$)", f"{reading.title} {reading.text}")


def test_a_clean_file_is_ready_and_nothing_is_named():
    said = advise(READY)
    assert said.reading.title == "Ready to train on." and said.reading.tone is Tone.GOOD
    assert said.first == () and said.reading.text == expectation(400)


FINDINGS = st.lists(
    st.tuples(st.sampled_from(list(TREATMENTS)), st.integers(1, 500)), max_size=12, unique_by=lambda f: f[0]
)


@given(
    kinds=FINDINGS,
    train=st.integers(0, 50_000),
    test=st.integers(0, 5_000),
    cut=st.integers(0, 500),
    counts=st.lists(st.integers(5, 400), min_size=2, max_size=8),
    is_text=st.booleans(),
)
def test_it_is_never_more_than_five_sentences_and_two_things(kinds, train, test, cut, counts, is_text):
    findings = [found(kind, count) for kind, count in kinds]
    situation = replace(
        READY, train=train, test=test, findings=findings, cut_rows=cut, fields=[labels(*counts)], is_text=is_text
    )
    assert 2 <= len(sentences(situation)) <= 5
    assert len(advise(situation).first) <= 2


@pytest.mark.parametrize(
    ("train", "words"),
    [
        (1, "1 training row is few"),
        (49, "few"),
        (50, "fixed format"),
        (199, "fixed format"),
        (200, "a few labels"),
        (1_000, "style"),
        (10_000, "plenty"),
    ],
)
def test_what_to_expect_grows_with_the_rows(train, words):
    assert words in expectation(train)


def test_secrets_come_before_anything_else_however_few():
    said = advise(
        replace(
            READY,
            findings=[found(FindingKind.REFUSAL, 200), found(FindingKind.SECRET, 1, "1 row holds a password or a key")],
        )
    )
    assert [issue.what for issue in said.first] == [
        "1 row holds a password or a key",
        "200 rows are of the kind refusal",
    ]
    assert "Most worth mending: 1 row holds a password or a key (mask, or leave out)." in said.reading.text
    assert "Then: 200 rows are of the kind refusal (leave out, or write anew)." in said.reading.text
    assert said.reading.title == "Usable once the worst is mended." and said.reading.tone is Tone.WARNING


def test_what_touches_much_of_the_file_comes_before_a_single_row_of_a_graver_kind():
    said = advise(replace(READY, findings=[found(FindingKind.CUT_SHORT, 1), found(FindingKind.REFUSAL, 250)]))
    assert "refusal" in said.first[0].what
    other = advise(replace(READY, findings=[found(FindingKind.CUT_SHORT, 1), found(FindingKind.REFUSAL, 50)]))
    assert "cut_short" in other.first[0].what


def test_copies_that_are_left_out_already_are_nothing_to_mend():
    situation = replace(READY, findings=[found(FindingKind.EXACT_DUPLICATE, 100)])
    assert advise(situation).first == ()
    assert advise(replace(situation, keeps_copies=True)).first


def test_what_is_only_good_to_know_is_nothing_to_mend():
    kinds = [kind for kind, treatment in TREATMENTS.items() if treatment.grade is Grade.INFO]
    assert advise(replace(READY, findings=[found(kind, 500) for kind in kinds])).first == ()


def test_rows_that_were_left_out_are_no_longer_counted():
    situation = replace(READY, findings=[found(FindingKind.REFUSAL, 40)])
    assert advise(replace(situation, touched={FindingKind.REFUSAL: 0})).first == ()
    (issue,) = advise(replace(situation, touched={FindingKind.REFUSAL: 3})).first
    assert issue.what == "refusals in 3 rows"


def test_lines_that_were_refused_weigh_by_their_share_of_the_file():
    said = advise(
        replace(READY, lines=1000, findings=[found(FindingKind.MALFORMED, 500, "500 lines could not become examples")])
    )
    assert "Most worth mending: 500 lines could not become examples (worth a look)." in said.reading.text


def test_rows_too_long_and_a_test_too_small_are_told():
    said = advise(replace(READY, test=3, cut_rows=100))
    assert [issue.what for issue in said.first] == [
        "the test has only 3 rows",
        "100 rows are too long for the advised cut-off",
    ]
    assert advise(replace(READY, test=3, is_text=True)).first == ()


def test_one_label_that_most_rows_have_is_told():
    said = imbalance(replace(READY, fields=[labels(300, 20)]))
    assert said == (
        "Of 2 values of label, “value 0” has 94 % of the rows and “value 1” 20: the model will lean to the first."
    )


def test_rare_kinds_are_told_where_none_has_most_rows():
    assert imbalance(replace(READY, fields=[labels(100, 90, 80, 10)])).endswith("the model may miss the rare ones.")


def test_the_most_uneven_of_labels_and_topics_is_told():
    topics = Topics((Topic(("tea", "cup"), 380), Topic(("bread",), 20)), (), "")
    assert "Of 2 topics, “tea · cup”" in imbalance(replace(READY, fields=[labels(300, 100)], topics=topics))
    assert "Of 2 values of label" in imbalance(replace(READY, fields=[labels(390, 10)], topics=topics))


@pytest.mark.parametrize(
    "fields",
    [(), (labels(100, 90, 80),), (labels(500),), (Field("field:id", 500, 500, False, (("a", 1),)),)],
)
def test_even_labels_a_single_one_and_ids_are_no_imbalance(fields):
    assert imbalance(replace(READY, fields=fields)) == ""


def test_what_cannot_be_trained_on_is_not_called_ready():
    assert advise(replace(READY, train=0, test=0)).reading.tone is Tone.BAD
    assert advise(replace(READY, is_text=True)).reading.title == f"Ready to train on. {TEXT_TRAINING}"
