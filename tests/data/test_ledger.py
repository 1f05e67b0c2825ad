"""Ledger: every line of the file is in exactly one bin, and each can be downloaded with its reason."""

import csv
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.data.findings import DUPLICATES
from studio.data.ledger import bin_rows, ledger_of, why_of_row, write_bin
from studio.data.splitting import deal
from studio.data.spreadsheet import spreadsheet_safe
from studio.data.ties import TOGETHER
from studio.domain.errors import DatasetError
from studio.domain.lengths import Lengths
from studio.domain.split import Bin, Split, SplitChoices
from tests.data.conftest import pair

PARTS = (Bin.TRAIN, Bin.VALIDATION, Bin.TEST)


def split_of(brought, choices: SplitChoices) -> Split:
    made = deal(brought.rows, choices)
    return Split("split", "data", choices, made.bins, made.duplicate_of)


def lengths_of(totals: list[int]) -> Lengths:
    return Lengths("model", (1,) * len(totals), tuple(totals), True, "<|end|>")


LINES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abcdeABC"), st.sampled_from("xyzX")).map(
            lambda texts: json.dumps(pair(*texts, group=texts[0]))
        ),
        st.sampled_from(["", "  ", "{", "5", '{"prompt": "a"}', '{"prompt": 1, "completion": "b"}']),
        st.integers(0, 10_000).map(lambda number: json.dumps(pair(f"question {number}", "yes"))),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=LINES, data=st.data())
def test_every_line_is_in_exactly_one_bin_whatever_the_file_and_the_choices(bring, lines, data):
    brought = bring("\n".join(lines))
    if brought.outcome.state == "failed":
        return
    count = len(brought.rows)
    numbers = st.integers(0, count - 1)
    copies = [group.rows for kind in DUPLICATES for group in getattr(brought.findings.get(kind.value), "groups", ())]
    choices = SplitChoices(
        keep={rows[0]: data.draw(st.sampled_from(rows)) for rows in copies},
        stratify=data.draw(st.sampled_from(["length", "field:group"])),
        seed=data.draw(st.integers(0, 99)),
        held_out=data.draw(st.floats(0.05, 0.9)),
        keep_copies=data.draw(st.booleans()),
        removed=dict.fromkeys(data.draw(st.sets(numbers, max_size=5)), "by hand"),
        by=data.draw(st.sampled_from([None, "group"])),
    )
    try:
        split = split_of(brought, choices)
    except DatasetError as refused:
        assert refused.fix
        return
    lengths = lengths_of(data.draw(st.lists(st.integers(1, 200), min_size=count, max_size=count)))

    ledger = ledger_of(split, rejects=len(brought.rejects), lengths=lengths, cut_off=100)
    assert ledger.adds_up and ledger.lines == sum(bool(line.strip()) for line in lines) == brought.result["lines"]
    listed = {
        bin: [
            row.line
            for row in bin_rows(bin, split, rows=brought.rows, rejects=brought.rejects, lengths=lengths, cut_off=100)
        ]
        for bin in Bin
    }
    assert {bin: len(held) for bin, held in listed.items()} == ledger.counts
    assert sorted(line for held in listed.values() for line in held) == [
        number for number, line in enumerate(lines, start=1) if line.strip()
    ]
    assert all(ledger_of(split, rejects=0).counts[bin] > 0 for bin in PARTS)
    for rows in [
        group.rows for finding in brought.findings.values() if finding.kind in TOGETHER for group in finding.groups
    ]:
        assert len({split.bins[number] for number in rows} & {*PARTS}) <= 1


def test_a_row_is_too_long_only_where_it_would_have_been_used(bring):
    brought = bring([*[pair(f"question {number}", "yes") for number in range(10)], pair("question 3", "yes")])
    split = split_of(brought, SplitChoices(removed=dict.fromkeys([5], "by hand")))

    counts = ledger_of(split, rejects=0, lengths=lengths_of([200] * 11), cut_off=100).counts
    assert (counts[Bin.TOO_LONG], counts[Bin.DUPLICATE], counts[Bin.REMOVED], counts[Bin.TRAIN]) == (9, 1, 1, 0)


def test_each_bin_says_why_a_line_is_in_it(bring):
    brought = bring(
        [
            *[pair(f"question {n}", "yes") for n in range(10)],
            pair("question 3", "yes"),
            pair("Question  4", "Yes!"),
            pair("x", 5),
        ]
    )
    split, lengths = (
        split_of(brought, SplitChoices(removed=dict.fromkeys([5], "by hand"))),
        lengths_of([50] * 9 + [130, 50, 50]),
    )

    def reasons(bin: Bin) -> list[tuple[int, str]]:
        held = bin_rows(bin, split, rows=brought.rows, rejects=brought.rejects, lengths=lengths, cut_off=100)
        return [(row.line, row.reason) for row in held]

    assert reasons(Bin.DUPLICATE) == [
        (11, "Word for word the same as line 4, which is kept."),
        (12, "The same as line 5 but for capitals, spaces or punctuation; that line is kept."),
    ]
    assert reasons(Bin.REMOVED) == [(6, "Left out by you: by hand.")]
    assert reasons(Bin.MALFORMED) == [(13, "Column 31: The field “completion” is a number, not a text.")]
    long = "It has 130 tokens; at a cut-off of 100 its answer would lose the last 30."
    assert reasons(Bin.TOO_LONG) == [(10, long)]
    assert why_of_row(brought.rows[9], split, rows=brought.rows, lengths=lengths, cut_off=100) == long


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_a_downloaded_table_holds_no_formula(bring, tmp_path, sign):
    brought = bring([pair(f"{sign}1+1 question {number}", f"{sign}SUM(A1)") for number in range(10)])
    target = tmp_path / "train.csv"

    split = split_of(brought, SplitChoices())
    write_bin(bin_rows(Bin.TRAIN, split, rows=brought.rows, rejects=[]), target)

    with target.open(newline="", encoding="utf-8") as file:
        held = list(csv.DictReader(file))
    assert len(held) == 8
    assert all(row["answer"] == f"'{sign}SUM(A1)" and row["question"].startswith("'") for row in held)


def test_a_text_that_is_no_formula_is_left_alone():
    assert spreadsheet_safe("a = b") == "a = b" and spreadsheet_safe("") == ""


def test_a_bin_can_be_had_as_jsonl_unchanged(bring, tmp_path):
    brought = bring([*[pair(f"question {number}", "=1") for number in range(10)], pair("=2", None)])
    target = tmp_path / "malformed.jsonl"

    write_bin(
        bin_rows(Bin.MALFORMED, split_of(brought, SplitChoices()), rows=brought.rows, rejects=brought.rejects), target
    )

    (held,) = [json.loads(line) for line in target.read_text().splitlines()]
    assert held["line"] == 11 and json.loads(held["text"]) == {"prompt": "=2", "completion": None}
