"""Ingest: the promises of a read file as a whole: fingerprint, progress, stopping, failing, the planted faults."""

import json
import re
from pathlib import Path

from studio.data import progress
from studio.data.ingest import ingest
from studio.domain.event import EventKind
from tests.data.conftest import ListReporter, pair

ROWS = [pair(f"question {number}", f"answer {number}", id=str(number)) for number in range(5)]


def test_the_fingerprint_does_not_depend_on_how_the_file_is_formatted(bring):
    compact = bring(ROWS).result["fingerprint"]
    spaced = "\r\n\r\n".join(
        json.dumps(dict(reversed(row.items())), indent=None, separators=(" , ", " : ")) for row in ROWS
    )

    assert re.fullmatch("[0-9a-f]{16}", compact)
    assert bring(spaced).result["fingerprint"] == compact
    assert bring(json.dumps(ROWS, indent=2)).result["fingerprint"] == compact


def test_the_fingerprint_tells_any_change_of_a_row_or_of_their_order(bring):
    prints = {
        bring(rows).result["fingerprint"]
        for rows in (ROWS, ROWS[::-1], ROWS[:-1], [*ROWS[:-1], pair("question 4", "answer 4 ", id="4")])
    }

    assert len(prints) == 4


def test_rows_are_stored_in_order_with_their_lines_and_other_fields(bring):
    brought = bring(ROWS)

    stored = [json.loads(line) for line in (brought.folder / "rows.jsonl").read_text().splitlines()]
    assert stored[1] == {
        "line": 2,
        "messages": [{"role": "user", "content": "question 1"}, {"role": "assistant", "content": "answer 1"}],
        "extra": {"id": "1"},
    }
    assert len(brought.rows) == 5 and [row.number for row in brought.rows[1:3]] == [1, 2]


def test_a_file_without_a_good_row_fails_but_keeps_what_it_refused(bring):
    brought = bring("hello\nworld\n")

    assert brought.outcome.state == "failed"
    assert brought.outcome.message.startswith("No line of this file is a JSON object. Line 1, for one:")
    assert [reject.line for reject in brought.rejects] == [1, 2]
    assert brought.result["rejects"] == 2 and len(brought.rows) == 0


def test_equal_reasons_are_counted_together(bring):
    brought = bring([*ROWS, pair("a", 5), pair("b", 6), pair("c", "")])

    assert brought.result["reject_reasons"] == {
        "The field “completion” is a number, not a text.": 2,
        "The field “completion” is empty.": 1,
    }


def test_the_text_of_a_refused_line_is_kept_up_to_2000_characters(bring):
    (reject,) = bring([*ROWS, pair("ü" * 5000, None)]).rejects

    assert len(reject.text) == 2000 and reject.text.startswith('{"prompt": "')


def test_a_stop_leaves_nothing_half_written(tmp_path: Path):
    source, out = tmp_path / "source", tmp_path / "out"
    source.write_text("".join(json.dumps(row) + "\n" for row in ROWS))

    outcome = ingest({"source": str(source), "out": str(out)}, ListReporter(stop_after=8))

    assert outcome.state == "stopped"
    assert list(out.iterdir()) == []


def test_progress_never_goes_back_and_ends_at_the_size_of_the_file(bring, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_SECONDS", 0)
    brought = bring([pair(f"question {number}" * 20, "answer") for number in range(500)])

    told = [data for kind, data in brought.events if kind is EventKind.PROGRESS]
    done = [data["done"] for data in told]
    assert done == sorted(done) and done[-1] == brought.result["bytes"] and len(set(done)) > 500
    assert {data["total"] for data in told} == {brought.result["bytes"]}


def test_reading_again_replaces_what_was_there(tmp_path: Path):
    source, out = tmp_path / "source", tmp_path / "out"
    for rows in (ROWS, ROWS[:2]):
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        result = ingest({"source": str(source), "out": str(out)}, ListReporter()).result

    assert result["rows"] == len((out / "rows.jsonl").read_text().splitlines()) == 2


FOUND_AS_FINDING = {
    "duplicate": "exact_duplicate",
    "trivial_duplicate": "same_after_normalising",
    "conflict": "conflicting_answers",
}
REFUSED = ("not_an_object", "no_answer", "broken_json", "role_order", "empty_answer", "unknown_role")


def test_every_fault_planted_in_the_messy_sample_is_found_by_its_line(bring, root: Path):
    planted = json.loads((root / "assets/samples/messy.faults.json").read_text())
    brought = bring(root / "assets/samples/messy.jsonl")

    refused = {line for fault in planted if fault["kind"] in REFUSED for line in fault["lines"]}
    assert {reject.line for reject in brought.rejects} == refused
    blank = sum(len(fault["lines"]) for fault in planted if fault["kind"] == "blank_line")
    assert brought.result["blank_lines"] == blank
    for kind, finding in FOUND_AS_FINDING.items():
        lines = {tuple(fault["lines"]) for fault in planted if fault["kind"] == kind}
        assert {group.lines for group in brought.findings[finding].groups} == lines


def test_the_samples_are_read_whole(bring, root: Path):
    for entry in json.loads((root / "assets/samples/index.json").read_text()):
        if entry["file"] != "messy.jsonl":
            result = bring(root / "assets/samples" / entry["file"]).result
            assert (result["rows"], result["rejects"]) == (entry["rows"], 0)


def test_a_flood_of_refused_lines_is_told_with_the_first_of_them(bring, monkeypatch):
    monkeypatch.setattr("studio.data.ingest.MOST_REFUSED", 100)
    brought = bring("\n".join([json.dumps(pair("a", "b")), *["1"] * 101]))

    assert brought.outcome.message == (
        "More than 100 lines of this file are refused; line 2, for one: This line is a number, not an object."
    )
    assert brought.outcome.fix and [path.name for path in brought.folder.iterdir()] == ["source"]


def test_reasons_that_differ_from_line_to_line_are_counted_up_to_a_limit(bring, monkeypatch):
    monkeypatch.setattr("studio.data.ingest.MOST_REASONS", 3)
    talks = [{"messages": [{"role": f"wizard {n}", "content": "a"}]} for n in range(10)]
    brought = bring([{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}, *talks])

    assert list(brought.result["reject_reasons"].values()) == [7, 1, 1, 1]
    assert len({reject.reason for reject in brought.rejects}) == 10


def test_of_very_many_fields_the_first_and_the_well_known_can_be_chosen(bring):
    fields = {f"field {n}": n for n in range(2000)} | {"x" * 500: 1}
    brought = bring([fields | pair("a", "b")])

    columns = brought.result["guess"]["columns"]
    assert len(columns) == 1002 and list(columns[-2:]) == ["prompt", "completion"]
    assert len(brought.rows.extra(0)) == 2001
