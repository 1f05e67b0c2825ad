"""Import with repairs: offered in words and in JSON, made only where they are named."""

from pathlib import Path

import pytest

from tests.command_line import CommandLine

GOOD = '{"prompt": "Open?", "completion": "Yes."}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "faq.jsonl"
    path.write_text("\n".join([GOOD] * 3 + [GOOD[:-1] + ",}", GOOD + ",", "{"]))
    return path


def test_import_offers_what_it_could_repair(studio: CommandLine, file: Path):
    read = studio.json("import", file)
    assert (read["rows"], read["rejects"], read["repaired"]) == (3, 3, {})
    assert [(offer["kind"], offer["count"]) for offer in read["repairs"]] == [("trailing_comma", 1), ("comma_after", 1)]
    assert read["repairs"][1]["examples"] == [{"line": 5, "before": GOOD + ",", "after": GOOD}]
    assert read["rejected"][0]["repair"] == "trailing_comma" and read["rejected"][0]["repaired"] == GOOD
    assert "Import with --repair trailing_comma." in studio("import", file).words


def test_import_repairs_what_is_named_and_says_how_many(studio: CommandLine, file: Path):
    one = studio.json("import", file, "--repair", "comma_after")
    assert (one["rows"], one["rejects"], one["repaired"]) == (4, 2, {"comma_after": 1})
    words = studio("import", file, "--repair", "all").words
    assert "5 rows read, 1 line refused." in words and "2 lines were repaired as you asked" in words


def test_a_repair_that_does_not_exist_is_wrong_usage(empty: CommandLine, file: Path):
    answer = empty("import", file, "--repair", "magic")
    assert answer.status == 2 and not empty.workspaces.exists()


def test_a_refused_line_is_shown_with_a_caret_below_what_is_wrong(studio: CommandLine, tmp_path: Path):
    path = tmp_path / "carets.jsonl"
    path.write_text(f'{GOOD}\n{{"prompt": "漢字", "completion": "b",}}\n')
    told = studio("import", path).words.splitlines()
    place = next(number for number, line in enumerate(told) if line.startswith("  line 2, column 35: There is a comma"))
    assert told[place].endswith("Import with --repair trailing_comma.")
    assert told[place + 1] == '      {"prompt": "漢字", "completion": "b",}'
    assert told[place + 2] == " " * (6 + 34 + 2) + "^", "each of the two characters takes two columns"
    assert studio.json("import", path)["rejected"][0]["excerpt"]["at"] == ","


def test_of_a_file_without_a_row_the_lines_are_shown_as_well(studio: CommandLine, tmp_path: Path):
    path = tmp_path / "none.jsonl"
    path.write_text('{"prompt": "a", completion: "b"}\n')
    answer = studio("import", path)
    assert answer.status == 1 and "line 1, column 17: A field name without double quotes" in answer.complaint
    assert '      {"prompt": "a", completion: "b"}\n' + " " * 22 + "^" in answer.complaint
