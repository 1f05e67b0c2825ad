"""Finding: every kind has a treatment, and what matters most comes first."""

from studio.domain.finding import GRADE_WORDS, TREATMENTS, Action, Finding, FindingKind, Grade, Group, by_weight


def finding(kind: FindingKind, *grades: Grade) -> Finding:
    return Finding(kind, "Title", 1, "Why.", tuple(Group((0,), (1,), grade=grade) for grade in grades))


def test_every_kind_has_a_name_a_grade_and_an_action() -> None:
    assert set(TREATMENTS) == set(FindingKind)
    assert len({treatment.name for treatment in TREATMENTS.values()}) == len(FindingKind)
    assert set(GRADE_WORDS) == set(Grade)


def test_the_table_is_in_order_of_grade() -> None:
    grades = [list(Grade).index(treatment.grade) for treatment in TREATMENTS.values()]
    assert grades == sorted(grades)


def test_what_can_do_harm_comes_first_and_what_is_only_to_be_known_last() -> None:
    kinds = [FindingKind.FAMILY, FindingKind.EXACT_DUPLICATE, FindingKind.CONFLICT, FindingKind.SECRET]
    assert [one.kind for one in by_weight(map(finding, kinds))] == kinds[::-1]


def test_a_finding_weighs_as_much_as_its_gravest_group() -> None:
    told = finding(FindingKind.CONFLICT, Grade.INFO)
    assert told.grade is Grade.INFO
    assert finding(FindingKind.CONFLICT, Grade.INFO, Grade.HIGH, Grade.MEDIUM).grade is Grade.HIGH
    assert [one.kind for one in by_weight([told, finding(FindingKind.REFUSAL)])] == [
        FindingKind.REFUSAL, FindingKind.CONFLICT,
    ]  # fmt: skip


def test_rows_that_are_shown_and_never_left_out_by_a_click_are_only_looked_at() -> None:
    for kind in (FindingKind.FAMILY, FindingKind.MEANING, FindingKind.CONFLICT, FindingKind.VARIETY):
        assert TREATMENTS[kind].action is Action.LOOK
    assert {kind for kind, treatment in TREATMENTS.items() if treatment.action is Action.MASK} == {
        FindingKind.SECRET, FindingKind.PERSONAL,
    }  # fmt: skip
