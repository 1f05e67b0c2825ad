"""Groups: every row of a finding can be reached, its places are marked, its differences shown and its secrets veiled."""

from hypothesis import given
from hypothesis import strategies as st

from studio.domain.finding import Finding, FindingKind, Grade, Group, Mark
from studio.domain.row import Message, Row
from studio.ui.parts import groups
from tests.ui.markup import attributes, tags, words

REASON = "74 % of their words in common"


def row(number: int, answer: str, question: str = "Hello") -> Row:
    return Row(number, number + 1, (Message("user", question), Message("assistant", answer)))


def finding(kind: FindingKind, *sizes: int, marks: tuple[Mark, ...] = (), reason: str = "") -> Finding:
    """A finding with groups of so many rows, numbered through."""
    made, start = [], 0
    for size in sizes:
        rows = tuple(range(start, start + size))
        made.append(Group(rows, tuple(number + 1 for number in rows), reason, likeness=(1.0, *[0.8] * (size - 1))))
        start += size
    return Finding(kind, "Title", start, "Why.", tuple(made), marks)


def page(found: Finding, rows: list[Row], number: int = 0) -> str:
    shown = groups.page_of(found, number)
    assert shown is not None
    return groups.view(found, shown, rows)


KINDS = st.sampled_from([FindingKind.REFUSAL, FindingKind.FAMILY, FindingKind.CONFLICT, FindingKind.NEAR_DUPLICATE])


@given(KINDS, st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_the_pages_of_a_finding_hold_every_row_once_and_few_at_a_time(kind, sizes):
    found = finding(kind, *sizes)
    pages = [groups.page_of(found, number) for number in range(groups.page_count(found))]

    assert [number for one in pages for number in one.rows] == list(range(sum(sizes)))
    assert all(len(one.shown) <= groups.SHOWN_ROWS for one in pages)
    assert [one.number for one in pages] == list(range(len(pages)))
    assert groups.page_of(found, 10_000) == pages[-1] and groups.page_of(found, -1) == pages[0]


def test_the_row_that_the_others_are_compared_with_is_on_every_page_of_its_group():
    found = finding(FindingKind.NEAR_DUPLICATE, 14)

    assert [groups.page_of(found, number).shown for number in range(3)] == [
        (0, 1, 2, 3, 4, 5), (0, 6, 7, 8, 9, 10), (0, 11, 12, 13),
    ]  # fmt: skip
    assert groups.pages_words(groups.page_of(found, 2)) == "rows 1 of 1 · page 3 of 3"


def test_lines_that_are_no_rows_have_no_page():
    malformed = Finding(FindingKind.MALFORMED, "1 line", 1, "Why.", (Group((), (7,)),))
    assert groups.page_count(malformed) == 0 and groups.page_of(malformed, 0) is None


def test_every_place_that_is_meant_is_marked():
    drawn = page(finding(FindingKind.PLACEHOLDER, 1), [row(0, "I am {{name}}, made by {{author}}.")])
    assert drawn.count("<mark") == 2 and '<mark title="a name in braces">{{name}}</mark>' in drawn


def test_places_that_only_the_whole_file_can_tell_come_from_what_was_found():
    marks = (Mark(0, 1, 0, 5, "one word"), Mark(3, 1, 0, 5, "one word"))
    assert '<mark title="one word">Hello</mark>' in page(
        finding(FindingKind.ONE_WORD, 1, marks=marks), [row(0, "Hello")]
    )


def test_near_copies_are_compared_word_by_word_with_the_one_that_is_kept():
    rows = [row(0, "The blue parcel is here."), row(1, "The red parcel is here today.")]
    drawn = page(finding(FindingKind.NEAR_DUPLICATE, 2, reason=REASON), rows)

    assert "<del>blue</del><ins>red</ins>" in drawn and "<ins> today</ins>" in drawn
    assert REASON in words(drawn) and "line 2 · 80 % of its words in common with line 1" in words(drawn)


def test_the_words_that_differ_are_escaped():
    rows = [row(0, "The <b>blue</b> parcel is here for you."), row(1, "The <i>blue</i> parcel is here for you.")]
    drawn = page(finding(FindingKind.NEAR_DUPLICATE, 2), rows)

    assert not {"b", "i"} & set(tags(drawn)) and {"del", "ins"} <= set(tags(drawn))


def test_a_contradiction_says_its_grade_and_marks_where_it_lies():
    group = Group((0, 1), (1, 2), "One says yes, the other no", Grade.HIGH)
    found = Finding(FindingKind.CONFLICT, "Title", 2, "Why.", (group,))
    drawn = page(found, [row(0, "Yes, it is."), row(1, "No.")])

    assert "✕ mend this One says yes, the other no" in words(drawn)
    assert ">Yes</mark>" in drawn and ">No</mark>" in drawn


def test_answers_that_are_only_worded_differently_have_no_marks():
    group = Group((0, 1), (1, 2), "They are worded differently", Grade.INFO)
    found = Finding(FindingKind.CONFLICT, "Title", 2, "Why.", (group,))
    drawn = page(found, [row(0, "We send the missing screw tomorrow."), row(1, "It leaves our house on the next day.")])

    assert "● good to know" in words(drawn) and "<mark" not in drawn


def test_personal_data_are_veiled_on_screen_and_still_marked():
    drawn = page(finding(FindingKind.PERSONAL, 1), [row(0, "a.b@example-shop.com is mine.")])
    assert "a.b@example-shop.com" not in drawn
    assert '<mark title="e-mail address">a•••@e•••.com</mark>' in drawn


def test_the_rejected_answer_of_a_pair_is_shown():
    pair = Row(0, 1, (Message("user", "Hi"), Message("assistant", "Yes.")), rejected=(Message("assistant", "No."),))
    drawn = page(finding(FindingKind.SAME_PAIR, 1), [pair])
    assert "Worse answer (rejected) Answer No." in words(drawn) and "worse" in attributes(drawn, "class")


def test_why_rows_were_left_out_names_the_kind_and_the_reason():
    refused, near = _group(FindingKind.REFUSAL, "refuses to help"), _group(FindingKind.NEAR_DUPLICATE, REASON)
    assert groups.why_out(*refused, one_by_one=True) == "refusals (refuses to help), picked by hand"
    assert groups.why_out(*refused, one_by_one=False) == "refusals (refuses to help), all that were found"
    assert groups.why_out(*near, one_by_one=True) == "nearly the same, picked by hand"
    assert groups.why_out(*near, one_by_one=False) == "nearly the same, one of each is kept"


def _group(kind: FindingKind, reason: str) -> tuple[Finding, Group]:
    found = finding(kind, 2, reason=reason)
    return found, found.groups[0]
