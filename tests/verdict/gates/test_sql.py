"""SQL results: compared as what was asked for, not as texts."""

import pytest

from studio.domain.gate import SqlResult
from studio.domain.gate_result import Answered
from studio.domain.query import QueryResult
from studio.verdict.gates.sql import is_ordered, judge, same_result

GATE = SqlResult(databases=("shop.sqlite",))


def rows(*found: tuple) -> QueryResult:
    return QueryResult("rows", columns=len(found[0]) if found else 1, rows=found)


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("SELECT a FROM t ORDER BY a", True),
        ("select a from t\norder\tby a limit 3", True),
        ("SELECT a FROM t", False),
        ("SELECT * FROM (SELECT a FROM t ORDER BY a)", False),
        ("SELECT row_number() OVER (ORDER BY a) FROM t", False),
        ("SELECT 'ORDER BY a' FROM t -- ORDER BY a", False),
        ('SELECT "order by" FROM t /* ORDER BY a */', False),
        ("SELECT a FROM t ORDER /* by */ BY a", True),
        ("WITH x AS (SELECT 1 ORDER BY 1) SELECT * FROM x UNION SELECT 2 ORDER BY 1", True),
    ],
)
def test_an_order_counts_only_where_the_whole_result_has_one(query: str, ordered: bool) -> None:
    assert is_ordered(query) is ordered


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (rows((1, "a"), (2, "b")), rows((2, "b"), (1, "a")), True),
        (rows((1,), (1,), (2,)), rows((1,), (2,), (2,)), False),
        (rows((None,), (1,)), rows((1,), (None,)), True),
        (rows((None,)), rows((0,)), False),
        (rows((0.1 + 0.2,)), rows((0.3,)), True),
        (rows((3,)), rows((3.0,)), True),
        (rows(("3",)), rows((3,)), False),
        (rows((b"a",)), rows(("a",)), False),
        (rows((1, 2)), rows((1,)), False),
        (rows((0.1 + 0.2, "b"), (0.3, "a")), rows((0.3, "b"), (0.3, "a")), True),
        (QueryResult("rows", columns=2), QueryResult("rows", columns=1), False),
        (QueryResult("rows", columns=1), QueryResult("rows", columns=1), True),
    ],
)
def test_results_are_equal_as_multisets_of_rows(one: QueryResult, other: QueryResult, same: bool) -> None:
    assert same_result(one, other, ordered=False) is same
    assert same_result(other, one, ordered=False) is same


def test_with_an_order_the_rows_must_come_in_it() -> None:
    assert not same_result(rows((1,), (2,)), rows((2,), (1,)), ordered=True)


def test_columns_may_be_swapped_by_choice_but_rows_stay_whole() -> None:
    one, other = rows((1, "a"), (2, "b")), rows(("a", 1), ("b", 2))
    assert not same_result(one, other, ordered=False)
    assert same_result(one, other, ordered=False, any_column_order=True)
    assert not same_result(rows((1, 2), (2, 1)), rows((1, 1), (2, 2)), ordered=False, any_column_order=True)


def test_every_answer_has_its_class_and_a_broken_reference_counts_for_neither() -> None:
    known = {
        "right": rows((1,)),
        "alike": rows((1,)),
        "other": rows((2,)),
        "write": QueryResult("denied", message="It asks for anything but reading."),
        "slow": QueryResult("stopped"),
        "wrong": QueryResult("error", message="no such table: t."),
        "```sql\nright\n```": QueryResult("error", message="syntax"),
    }
    answers = [
        Answered("1", "right", "write", "alike"),
        Answered("2", "right", "slow", "```sql\nright\n```"),
        Answered("3", "right", "other", "wrong"),
        Answered("4", "wrong", "right", "right"),
        Answered("5", "right", " ", None),
        Answered("6", "", "right", "right"),
    ]
    found = judge(GATE, answers, lambda gate, queries: [[known[query] for query in queries]] * 2)
    marks = {each.prompt_id: (each.base.found, each.tuned.found) for each in found.pairs}
    assert marks == {
        "1": ("not a question", "same result"),
        "2": ("too slow", "needs cleaning"),
        "3": ("other result", "does not run"),
        "5": ("does not run", "no answer"),
    }
    assert {each.prompt_id: each.why for each in found.unjudged} == {
        "4": "The reference query cannot be run: no such table: t.",
        "6": "The reference query cannot be run: it is empty",
    }


def test_a_query_must_be_right_in_every_database() -> None:
    results = [{"gold": rows((1,)), "luck": rows((1,))}, {"gold": rows((5,)), "luck": rows((1,))}]
    found = judge(
        GATE, [Answered("1", "gold", "gold", "luck")], lambda _, asked: [[db[q] for q in asked] for db in results]
    )
    assert found.pairs[0].change == "worse"


def test_rows_with_an_empty_text_can_be_put_in_order() -> None:
    one, other = (QueryResult("rows", 1, rows) for rows in ((("",), ("Anna",)), (("Anna",), ("",))))
    assert same_result(one, other, ordered=False)
