"""What happens is told in one line each, with the number of the press that it came from, and without a secret."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio import logs


@pytest.fixture
def quiet_root() -> Iterator[None]:
    """The root logger as it was before the test."""
    root = logging.getLogger()
    level = root.level
    yield
    made = [
        each
        for each in root.handlers
        if isinstance(each, logs.Faults) or isinstance(each.formatter, logs.Text | logs.Json)
    ]
    for handler in made:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_line_is_text_for_people_and_json_for_programs(quiet_root, tmp_path, capsys):
    file = tmp_path / "logs" / "web.jsonl"
    logs.configure("web", file=file)
    with logs.about(request="0123abcd", job="job-1", nothing=None):
        logging.getLogger("studio.x").warning("the disk is low: %s", "1 MB")
        logging.getLogger("studio.x").info("only in the file")
    (first, second) = lines(file)
    assert (first["level"], first["process"], first["message"]) == ("warning", "web", "the disk is low: 1 MB")
    assert (first["request"], first["job"]) == ("0123abcd", "job-1") and "nothing" not in first
    assert second["message"] == "only in the file"
    told = capsys.readouterr().err
    assert "WARNING the disk is low: 1 MB  [request=0123abcd job=job-1]" in told and "only in" not in told


def test_what_somebody_wrote_makes_no_line_of_its_own_and_moves_no_terminal(quiet_root, tmp_path, capsys):
    logs.configure("web", file=tmp_path / "web.jsonl")
    forged = "x\n2026-01-01T00:00:00.000Z ERROR Olga emptied the bin\x1b[2J\r\x9b1m"
    logging.getLogger("studio.x").warning("%s is no file", forged)
    try:
        raise ValueError(forged)
    except ValueError:
        logging.getLogger("studio.x").exception("a fault")
    told = capsys.readouterr().err
    begun = [line for line in told.splitlines() if not line.startswith("    ")]
    assert [line.split(" ", 1)[1] for line in begun] == ["WARNING x", "ERROR a fault"]
    assert told.replace("\n", "").isprintable() and len(lines(tmp_path / "web.jsonl")) == 2


def test_a_traceback_is_part_of_its_line(quiet_root, tmp_path):
    file = tmp_path / "web.jsonl"
    logs.configure("web", file=file)
    try:
        _ = 1 // 0
    except ZeroDivisionError:
        logging.getLogger("studio.x").exception("that went wrong")
    (line,) = lines(file)
    assert "ZeroDivisionError" in line["traceback"]


@pytest.mark.parametrize(
    "secret",
    [
        "stu_ab12_secretsecret", "/welcome/SECRETSECRET", "/open/SECRETSECRET", "/rate/?t=SECRETSECRET",
        "Authorization: Bearer SECRETSECRET", "password=SECRETSECRET", '{"token": "SECRETSECRET"}', "hf_SECRETSECRET",
    ],
)  # fmt: skip
def test_what_lets_somebody_in_is_in_no_line(quiet_root, tmp_path, capsys, secret):
    file = tmp_path / "web.jsonl"
    logs.configure("web", file=file)
    try:
        raise ValueError(secret)
    except ValueError:
        logging.getLogger("studio.x").exception("%s was sent", secret)
    assert "secretsecret" not in (file.read_text() + capsys.readouterr().err).lower()


def test_the_level_is_a_setting(quiet_root, tmp_path, monkeypatch):
    for level, told in (("debug", 3), ("error", 0), ("nonsense", 2)):
        monkeypatch.setenv(logs.LEVEL, level)
        file = tmp_path / f"{level}.jsonl"
        logs.configure("web", file=file)
        for grave in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger("studio.x").log(grave, "something")
        assert len(lines(file)) == told, level


def test_a_file_that_is_full_is_turned_over_and_a_few_old_ones_stay(quiet_root, tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 1000)
    file = tmp_path / "web.jsonl"
    logs.configure("web", file=file)
    for number in range(100):
        logging.getLogger("studio.x").info("line %d of many", number)
    kept = sorted(tmp_path.iterdir())
    assert len(kept) == logs.FILES + 1 and all(each.stat().st_size <= 1000 for each in kept)
    assert lines(file)[-1]["message"] == "line 99 of many"


def test_a_file_that_cannot_be_written_is_told_and_nothing_else_is_lost(quiet_root, tmp_path, capsys):
    (tmp_path / "logs").write_text("")
    logs.configure("web", file=tmp_path / "logs" / "web.jsonl")
    logging.getLogger("studio.x").warning("still told")
    told = capsys.readouterr().err
    assert "cannot be written" in told and "still told" in told


def test_a_worker_says_for_which_press_it_works(tmp_path, root):
    folder = tmp_path / "attempt-1"
    folder.mkdir()
    spec = {"kind": "mend", "job": "job-7", "attempt": 1, "request": "0123abcd"}
    (folder / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-m", "studio.worker", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=True)
    told = lines(folder / "worker.jsonl")
    assert [line["message"].partition(":")[0] for line in told] == ["begins", "the work ended in an error", "ended"]
    assert all((line["request"], line["job"], line["attempt"]) == ("0123abcd", "job-7", 1) for line in told)
    assert "ValueError" in told[1]["traceback"] and "ValueError" in done.stderr
