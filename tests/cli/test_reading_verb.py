"""The verb `import` reads other layouts and encodings, says how it read a file, and remembers what was chosen."""

import json
from pathlib import Path

from tests.command_line import CommandLine


def test_import_maps_every_part_of_every_layout(studio: CommandLine, tmp_path: Path):
    row = {"q": "Open?", "good": "Yes.", "bad": "Dunno.", "role": "Be brief."}
    path = tmp_path / "pairs.jsonl"
    path.write_text((json.dumps(row) + "\n") * 3)
    maps = [
        f"--map={part}={name}"
        for part, name in {"prompt": "q", "chosen": "good", "rejected": "bad", "system": "role"}.items()
    ]
    read = studio.json("import", path, *maps)
    assert read["guess"]["mapping"]["layout"] == "preference" and read["rows"] == 3
    again = studio.json("import", path)
    assert again["guess"]["origin"] == "remembered" and again["guess"]["mapping"] == read["guess"]["mapping"]
    back = studio("import", path, "--by-guess", "--json")
    assert back.status == 1 or back.values["guess"]["origin"] == "guessed"


def test_import_says_which_encoding_to_try_and_reads_the_file_in_it(studio: CommandLine, tmp_path: Path):
    good = json.dumps({"prompt": "Open?", "completion": "Yes."})
    bad = json.dumps({"prompt": "Café?", "completion": "Schön."}, ensure_ascii=False)
    path = tmp_path / "alt.jsonl"
    path.write_bytes(f"{good}\n{bad}\n".encode("cp1252") * 2)
    words = studio("import", path).words
    assert "All 2 rows have a prompt in “prompt” and its answer in “completion”." in words
    assert "As Windows-1252 (Western Europe), line 2 says: " in words and "Café?" in words
    assert "Import with --encoding cp1252." in words
    read = studio.json("import", path, "--encoding", "cp1252")
    assert (read["rows"], read["rejects"], read["encodings"]) == (4, 0, [])
    refused = studio("import", path, "--encoding", "klingon", "--json")
    assert refused.status == 1 and "no encoding" in refused.values["error"]["message"]
