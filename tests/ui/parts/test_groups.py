"""Groups: every row of a finding can be reached, its places are marked, its differences shown and its secrets veiled."""

import re
from html import unescape

import pytest
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
    assert groups.pages_words(groups.page_of(found, 2)) == "rows 12 to 14 of 14 · page 3 of 3"


def test_lines_that_are_no_rows_have_no_page():
    malformed = Finding(FindingKind.MALFORMED, "1 line", 1, "Why.", (Group((), (7,)),))
    assert groups.page_count(malformed) == 0 and groups.page_of(malformed, 0) is None


def test_every_place_that_is_meant_is_marked():
    drawn = page(finding(FindingKind.PLACEHOLDER, 1), [row(0, "I am {{name}}, made by {{author}}.")])
    assert drawn.count("<mark") == 2 and '<mark title="a name in braces">{{name}}</mark>' in drawn


@pytest.mark.parametrize(
    ("kind", "answer", "marked"),
    [
        (FindingKind.ONE_WORD, "Hello", ["Hello"]),
        (FindingKind.EMPTY, "...", ["..."]),
        (FindingKind.REPEATS, "Is it open?", ["Is it open?"]),
        (FindingKind.LANGUAGE, "Bonjour, madame.", ["Bonjour, madame."]),
        (FindingKind.CUT_SHORT, "It is long and then it goes on and on and", ["it goes on and on and"]),
        (FindingKind.FORMAT, "## Now\n\n- one\n- **two**", ["## N", "- ", "- ", "**two**"]),
        (FindingKind.FORMAT, "category: billing\npriority: low", ["category:", "priority:"]),
        (FindingKind.FORMAT, '{"a": 1}', ['{"a": 1}']),
    ],
)
def test_what_is_meant_in_an_answer_is_marked_in_every_row(kind, answer, marked):
    drawn = page(finding(kind, 1), [row(0, answer)])
    assert [unescape(text) for text in re.findall(r"<mark[^>]*>(.*?)</mark>", drawn, re.DOTALL)] == marked


def test_of_a_label_only_the_rare_way_to_write_it_is_marked():
    reason = "“billing ” once, “Billing” 2 times, “billing” 20 times"
    drawn = page(finding(FindingKind.LABELS, 1, reason=reason), [row(0, "category: Billing\nteam: billing")])
    assert drawn.count("<mark") == 1 and ">Billing</mark>" in drawn


def test_what_fills_a_template_is_marked_in_every_row():
    rows = [row(n, "It is on its way.", f"Where is the {thing} now?") for n, thing in enumerate(("kettle", "lamp"))]
    drawn = page(finding(FindingKind.FAMILY, 2, reason="where is the … now"), rows)
    assert [">kettle</mark>" in drawn, ">lamp</mark>" in drawn, drawn.count("<mark")] == [True, True, 2]
    assert "The template: where is the … now" in words(drawn)


def pair(number: int, chosen: str, rejected: str) -> Row:
    messages = (Message("user", "Hi"), Message("assistant", chosen))
    return Row(number, number + 1, messages, rejected=(Message("assistant", rejected),))


def test_an_answer_that_is_judged_both_ways_says_where_it_is_the_other():
    drawn = page(finding(FindingKind.SWAPPED_PAIR, 2), [pair(0, "Yes.", "No."), pair(1, "Maybe.", "yes")])
    assert (
        '<mark title="rejected in line 2">Yes.</mark>' in drawn and '<mark title="chosen in line 1">yes</mark>' in drawn
    )
    assert drawn.count("<mark") == 2


def test_two_answers_that_are_all_but_one_are_marked_where_they_differ():
    drawn = page(finding(FindingKind.SAME_PAIR, 1), [pair(0, "Yes, we do.", "yes we do")])
    assert ">Yes,</mark> we do" in drawn and ">yes</mark> we do" in drawn
    assert page(finding(FindingKind.SAME_PAIR, 1), [pair(0, "No.", "No.")]).count(">No.</mark>") == 2


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
    drawn = page(finding(FindingKind.PAIR_LENGTH, 1), [pair(0, "Yes.", "No.")])
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


def test_copies_say_which_line_they_repeat_and_the_first_says_nothing():
    said = words(page(finding(FindingKind.EXACT_DUPLICATE, 3), [row(n, "Yes.") for n in range(3)]))
    assert said.startswith("line 1 User Hello") and said.count("word for word the same as line 1") == 2


@pytest.mark.parametrize("before", ["", "A long story. " * 200])
def test_what_asks_for_something_made_up_is_marked_wherever_it_stands(before: str):
    rows = [row(n, answer, f"{before}Write a poem about tea.") for n, answer in enumerate(("Tea, dear tea.", "O cup."))]
    drawn = page(finding(FindingKind.VARIETY, 2), rows)
    found = re.findall("<mark [^>]*>([^<]*)</mark>", drawn)
    assert len(found) == 2 and found[0] == found[1] and found[0].startswith("Write a poem")
    assert 'title="asks for something made up"' in drawn


def test_of_pairs_in_which_length_decides_the_letters_beyond_the_other_answer_are_marked():
    for better, worse, said in (("Yes, we do.", "Yes", ", we do."), ("Yes", "Yes, we do.", ", we do.")):
        drawn = page(finding(FindingKind.PAIR_LENGTH, 1), [pair(0, better, worse)])
        assert re.findall("<mark [^>]*>([^<]*)</mark>", drawn) == [said]
        assert f"better answer {len(better)} letters, worse answer {len(worse)} letters" in words(drawn)
