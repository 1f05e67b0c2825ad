"""Listed: findings are listed by weight, each with its grade, its count, why it matters and one thing to do."""

import pytest

from studio.domain.finding import TREATMENTS, Finding, FindingKind, Group
from studio.domain.mending import Mending
from studio.flows.treat import treated
from studio.ui.parts import listed
from tests.ui.markup import attributes, tags, words


def finding(kind: FindingKind, rows: int = 2, title: str = "Some rows") -> Finding:
    numbers = tuple(range(rows))
    count = rows - 1 if kind in (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_DUPLICATE) else rows
    return Finding(kind, title, count, "It matters.", (Group(numbers, tuple(n + 1 for n in numbers)),))


def drawn(*findings: Finding, picked: FindingKind | None = None, **mending) -> str:
    return listed.listed(findings, Mending(**mending), picked)


def test_what_matters_most_comes_first_with_sign_word_count_and_reason():
    page = drawn(finding(FindingKind.FAMILY, title="20 rows"), finding(FindingKind.SECRET, title="2 rows hold a key"))
    said = words(page)

    assert said.index("✕ mend this 2 rows hold a key It matters.") < said.index("● good to know 20 rows")


@pytest.mark.parametrize("kind", [kind for kind in FindingKind if kind is not FindingKind.MALFORMED])
def test_each_finding_has_one_thing_to_do_beside_its_name(kind):
    page = drawn(finding(kind, rows=3))
    assert tags(page).count("button") == 2
    assert attributes(page, "data-kind") == [kind.value] * 2


@pytest.mark.parametrize(
    ("kind", "mending", "label", "act"),
    [
        (FindingKind.SECRET, {}, "Mask in 3 rows", listed.TREAT),
        (FindingKind.REFUSAL, {}, "Leave 3 rows out", listed.TREAT),
        (FindingKind.REFUSAL, {"removed": {0: "", 1: "", 2: ""}}, "Take 3 rows back", listed.TAKE_BACK),
        (FindingKind.NEAR_DUPLICATE, {}, "Keep one of each", listed.TREAT),
        (FindingKind.NEAR_DUPLICATE, {"removed": {0: "", 2: ""}}, "Keep every copy", listed.TAKE_BACK),
        (FindingKind.EXACT_DUPLICATE, {}, "Keep every copy", listed.TAKE_BACK),
        (FindingKind.EXACT_DUPLICATE, {"keep_copies": True}, "Keep one of each", listed.TREAT),
        (FindingKind.CONFLICT, {}, "Look at them", listed.SHOW),
    ],
)
def test_the_button_says_what_it_does_next(kind, mending, label, act):
    found = finding(kind, rows=3)
    assert listed.words(found, treated(found, Mending(**mending)))[:2] == (label, act)


def test_the_one_that_is_open_is_told_to_those_who_do_not_see_it():
    page = drawn(finding(FindingKind.SECRET), finding(FindingKind.CONFLICT), picked=FindingKind.CONFLICT)
    assert attributes(page, "aria-pressed") == ["false", "true"]


def test_refused_lines_point_to_where_they_are_listed():
    found = Finding(FindingKind.MALFORMED, "1 line", 1, "Why.", (Group((), (7,)),))
    assert "listed on the Data tab" in words(drawn(found)) and "button" not in tags(drawn(found))


def test_no_findings_say_so():
    assert "✓ Nothing was found that needs a look." in words(drawn())


def test_titles_are_escaped():
    assert "i" not in tags(drawn(finding(FindingKind.LABELS, title="<i>Billing</i>")))


def test_every_kind_has_words_for_what_was_done():
    assert set(TREATMENTS) == set(FindingKind)
