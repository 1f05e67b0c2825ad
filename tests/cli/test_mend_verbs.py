"""Rows are mended from the command line as on the screen; every answer names the version that was made."""

from pathlib import Path

import pytest

from tests.command_line import CommandLine


@pytest.fixture
def dataset(studio: CommandLine, tmp_path: Path) -> str:
    path = tmp_path / "mail.jsonl"
    rows = ['{"prompt": "Write to ada@example.com", "completion": "Sent to ada@example.com."}']
    rows += [
        f'{{"prompt": "Question {n} about topic {n * 7}", "completion": "Answer {n}, in words."}}' for n in range(12)
    ]
    path.write_text("\n".join([*rows, rows[3], "nonsense"]) + "\n")
    return studio.json("import", path)["dataset"]


def test_the_whole_way_from_a_finding_to_a_version_without_it(studio: CommandLine, dataset: str):
    masked = studio.json("mend", "mask", dataset, "--finding", "personal_data")
    assert (masked["version"], masked["edited"], masked["rows"]) == (2, 1, 14)
    (row,) = studio.json("mend", "rows", masked["dataset"], "--search", "sent to")["rows"]
    assert (row["line"], row["edited"], row["messages"][1]["content"]) == (1, True, "Sent to [EMAIL].")
    kinds = {finding["kind"] for finding in studio.json("inspect", masked["dataset"])["findings"]}
    assert "exact_duplicate" in kinds and "personal_data" not in kinds


def test_the_rows_are_listed_with_where_they_ended_and_not_those_of_the_sealed_test(studio: CommandLine, dataset: str):
    listed = studio.json("mend", "rows", dataset, "--count", "50")["rows"]
    assert {"train", "held_out"} <= {row["bin"] for row in listed} and "test" not in {row["bin"] for row in listed}
    assert "Held out" in studio("mend", "rows", dataset, "--count", "50").words
    refused = studio("mend", "rows", dataset, "--bin", "test", "--json")
    assert refused.status == 1 and "sealed" in refused.values["error"]["message"]


def test_edit_drop_keep_undo_history_and_diff(studio: CommandLine, dataset: str):
    edited = studio.json("mend", "edit", dataset, "--line", "2", "--text", "Mended.")
    dropped = studio.json("mend", "drop", edited["dataset"], "--line", "5", "--line", "6", "--why", "off topic")
    kept = studio.json("mend", "keep", dropped["dataset"], "chosen", "--line", "14")
    undone = studio.json("mend", "undo", kept["dataset"])
    assert (undone["version"], undone["left_out"], undone["edited"]) == (5, 2, 1)
    words = [entry["words"] for entry in studio.json("mend", "history", undone["dataset"])]
    assert words == [
        "mail.jsonl was read.", "Line 2 was edited.", "2 rows were left out: off topic.",
        "Of its copies, line 14 is kept.", "Went back to version 3.",
    ]  # fmt: skip
    found = studio.json("mend", "diff", dataset, undone["dataset"])
    assert (found["edited"], found["left_out"]) == (1, {"5": "off topic", "6": "off topic"})
    assert studio.json("mend", "restore", undone["dataset"], "--line", "5")["left_out"] == 1
    assert studio.json("split", undone["dataset"])["counts"]["removed"] == 2


def test_the_same_for_the_next_file(studio: CommandLine, dataset: str, tmp_path: Path):
    masked = studio.json("mend", "mask", dataset, "--finding", "personal_data")
    next_file = tmp_path / "next.jsonl"
    next_file.write_text(
        "".join(f'{{"prompt": "Tell {n} about it", "completion": "Wrote to bob{n}@example.org."}}\n' for n in range(12))
    )
    done = studio.json("mend", "replay", masked["dataset"], studio.json("import", next_file)["dataset"])
    assert done["done"] == ["Secrets and personal data were masked in 12 rows."] and done["skipped"] == []


def test_what_cannot_be_is_refused_with_a_fix(studio: CommandLine, dataset: str):
    changed = studio.json("mend", "drop", dataset, "--line", "5")["dataset"]
    for arguments, said in (
        (("drop", changed, "--line", "15"), "Line 15 is no row."),
        (("drop", changed, "--finding", "refusal"), "No row has the finding refusal."),
        (("edit", changed, "--line", "2", "--text", " "), "A message cannot be empty."),
        (("edit", changed, "--line", "2", "--text", "x", "--message", "9"), "This row has no such message."),
        (("drop", dataset, "--line", "6"), "has been changed meanwhile"),
        (("return", changed, "9"), "There is no version 9."),
        (("undo", "data-none"), "There is no dataset"),
    ):
        answer = studio("mend", *arguments, "--json")
        assert answer.status == 1 and said in answer.values["error"]["message"] and answer.values["error"]["fix"], (
            arguments
        )


def test_rows_must_be_named_in_one_way(studio: CommandLine, dataset: str):
    for arguments in (
        ("drop", dataset),
        ("mask", dataset, "--line", "1", "--finding", "secret"),
        ("keep", dataset, "chosen"),
    ):
        assert studio("mend", *arguments).status == 2
