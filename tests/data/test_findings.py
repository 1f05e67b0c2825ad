"""Findings: copies and contradictions are grouped by row and line, and each row is counted once."""

from hypothesis import given
from hypothesis import strategies as st

from studio.data.findings import Digests, find
from studio.domain.finding import FindingKind
from studio.domain.row import Message, Row
from tests.data.conftest import pair


def test_exact_copies_are_grouped_in_file_order(bring):
    brought = bring([pair("a", "x"), pair("b", "y"), pair("a", "x", id=3), pair("a", "x")])

    finding = brought.findings["exact_duplicate"]
    assert [(group.rows, group.lines) for group in finding.groups] == [((0, 2, 3), (1, 3, 4))]
    assert (finding.count, finding.title) == (2, "2 rows repeat another word for word")
    assert brought.result["duplicates"] == 2


def test_rows_that_differ_in_typography_alone_are_almost_copies(bring):
    findings = bring([pair("Where is it?", "Here."), pair("where is it", "here"), pair("where is it", "here")]).findings

    assert [group.rows for group in findings["same_after_normalising"].groups] == [(0, 1)]
    assert [group.rows for group in findings["exact_duplicate"].groups] == [(1, 2)]
    assert "conflicting_answers" not in findings


def test_the_same_question_with_different_answers_is_a_contradiction(bring):
    findings = bring([pair("2 + 2?", "4"), pair("2 + 2", "5"), pair("2 - 2", "0"), pair("2 + 2", "5")]).findings

    assert [group.rows for group in findings["conflicting_answers"].groups] == [(0, 1)]
    assert findings["conflicting_answers"].title == "1 question with different answers"


def test_the_system_message_and_earlier_turns_belong_to_the_question(bring):
    first = [{"role": "system", "content": "French"}, {"role": "user", "content": "Greet"}]
    second = [{"role": "system", "content": "German"}, {"role": "user", "content": "Greet"}]
    rows = [
        {"messages": [*asked, {"role": "assistant", "content": said}]}
        for asked, said in ((first, "Salut"), (second, "Hallo"))
    ]

    assert bring(rows).findings == {}


def test_refused_lines_are_a_finding_too(bring):
    finding = bring([pair("a", "b"), pair("c", 5)]).findings["malformed"]

    assert [(group.rows, group.lines) for group in finding.groups] == [((), (2,))]


@given(st.lists(st.tuples(st.sampled_from(["a", "A", "b", "c."]), st.sampled_from(["x", "X.", "y"])), max_size=25))
def test_every_row_is_the_first_of_its_kind_or_counted_once_as_a_copy(rows):
    made = [Row(n, n + 1, (Message("user", asked), Message("assistant", said))) for n, (asked, said) in enumerate(rows)]
    digests = Digests()
    for row in made:
        digests.add(row.messages, line=row.line)
    found = find(digests, made.__getitem__)

    different = {(asked.lower().strip("."), said.lower().strip(".")) for asked, said in rows}
    assert found.duplicates == len(rows) - len(different)
    exact = next((finding for finding in found.findings if finding.kind is FindingKind.EXACT_DUPLICATE), None)
    assert (exact.count if exact else 0) == len(rows) - len(set(rows))


def test_pairs_that_choose_the_same_and_reject_another_answer_are_no_contradiction(bring):
    said = [("x", "y"), ("x", "z"), ("X.", "y")]
    findings = bring([{"prompt": "a?", "chosen": chosen, "rejected": rejected} for chosen, rejected in said]).findings

    assert [group.rows for group in findings["same_after_normalising"].groups] == [(0, 2)]
    assert "conflicting_answers" not in findings


def test_pairs_that_choose_different_answers_contradict_each_other(bring):
    findings = bring([{"prompt": "2 + 2?", "chosen": chosen, "rejected": "6"} for chosen in ("4", "4.", "5")]).findings

    assert [group.rows for group in findings["conflicting_answers"].groups] == [(0, 2)]
