"""Beside: single rows are checked in a process of their own, with the same findings, and nothing of it is left."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from studio.data import overlay
from studio.data.again import examine_again
from studio.data.beside import ENDED, Beside
from studio.data.findings import load_findings
from studio.data.ingest import ingest
from studio.data.rows import load_rows
from studio.domain.errors import DatasetError
from tests.data.conftest import ListReporter, pair

Begun = Callable[[], list[psutil.Process]]
ROWS = [
    pair(f"Where is parcel {n}?", "I'm sorry, but I can't help with that." if n % 7 == 0 else f"In depot {n}.", id=n)
    for n in range(300)
]
STORED = [
    {
        "line": n,
        "messages": [{"role": "user", "content": f"a{n}"}, {"role": "assistant", "content": "Ask ada@lovelace.org."}],
        "extra": {},
    }
    for n in range(3)
]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture
def begun() -> Begun:
    """The processes that this test began and that are still there."""
    others = set(psutil.Process().children())
    return lambda: [process for process in psutil.Process().children() if process not in others]


def read(source: Path, out: Path, *, stop_after: int | None = None) -> Path:
    ingest({"source": str(source), "out": str(out), "mapping": None}, ListReporter(stop_after=stop_after))
    return out


def test_what_is_found_is_the_same_in_a_process_of_its_own(
    source: Path, tmp_path: Path, monkeypatch, begun: Begun
) -> None:
    alone = load_findings(read(source, tmp_path / "alone"))
    monkeypatch.setattr("studio.data.ingest.FEWEST_ROWS", 100)
    out = read(source, tmp_path / "beside")

    assert load_findings(out) == alone and any(finding.kind == "refusal" for finding in alone)
    assert {path.name for path in out.iterdir()} == {path.name for path in (tmp_path / "alone").iterdir()}
    assert begun() == []


def test_edited_rows_are_checked_again_in_a_process_of_its_own_with_the_same_findings(
    source: Path, tmp_path: Path, monkeypatch, begun: Begun
) -> None:
    found = {}
    for name, fewest in (("alone", 1000), ("beside", 100)):
        monkeypatch.setattr("studio.data.again.FEWEST_ROWS", fewest)
        out = read(source, tmp_path / name)
        changed = [load_rows(out).record(number) | {"number": number} for number in (3, 7, 299)]
        for row in changed:
            row["messages"][1]["content"] = "Ask ada@lovelace.org."
        (out / "edited.jsonl").write_text("".join(json.dumps(row) + "\n" for row in changed))
        assert examine_again({"dataset": str(out)}, ListReporter()).state == "done"
        found[name] = load_findings(out)
        assert not (out / "checks").exists() and begun() == []

    counts = {finding.kind.value: finding.count for finding in found["beside"]}
    assert found["beside"] == found["alone"]
    assert (counts["personal_data"], counts["refusal"]) == (3, len(range(0, 300, 7)) - 1)


def test_checking_again_that_is_stopped_leaves_the_findings_as_they_were(
    source: Path, tmp_path: Path, monkeypatch, begun: Begun
) -> None:
    monkeypatch.setattr("studio.data.again.FEWEST_ROWS", 10)
    out = read(source, tmp_path / "again")
    before = load_findings(out)
    told = examine_again({"dataset": str(out)}, ListReporter(stop_after=200))

    assert told.state == "stopped" and load_findings(out) == before
    assert not (out / "checks").exists() and begun() == []


def test_a_version_takes_nothing_from_the_checks_that_are_at_work(source: Path, tmp_path: Path) -> None:
    out = read(source, tmp_path / "parent")
    (out / "checks").mkdir()
    (out / "checks" / "rows.jsonl").write_text("half of a row")

    overlay.follow(out, tmp_path / "child", None)
    there = {path.name for path in out.iterdir()} - {"checks"}
    assert {path.name for path in (tmp_path / "child").iterdir()} == there


def test_it_ends_with_the_reading_that_is_stopped(source: Path, tmp_path: Path, monkeypatch, begun: Begun) -> None:
    monkeypatch.setattr("studio.data.ingest.FEWEST_ROWS", 10)
    out = read(source, tmp_path / "stopped", stop_after=900)

    assert not (out / "findings.json").exists() and not (out / "checks").exists()
    assert begun() == []


def test_rows_are_checked_as_they_are_written(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl.part"
    lines = [json.dumps(row) + "\n" for row in STORED]
    rows.write_text(lines[0] + lines[1][:20])

    with Beside(tmp_path / "checks") as beside:
        beside.follow(rows)
        assert beside.is_at_work
        with rows.open("a") as file:
            file.write(lines[1][20:] + lines[2])
        rows.rename(tmp_path / "rows.jsonl")
        found = beside.findings(rows=3, at=lambda: None)

    assert [(finding.kind, finding.count) for finding in found] == [("personal_data", 3)]


def test_a_row_that_the_checks_cannot_get_past_is_named(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps(STORED[0]) + "\nno row at all\n")

    with Beside(tmp_path / "checks") as beside:
        beside.follow(rows)
        with pytest.raises(DatasetError, match=r"failed near line 0: JSONDecodeError") as told:
            beside.findings(rows=2, at=lambda: None)
    assert "in two halves" in told.value.fix


@pytest.mark.parametrize(
    ("number", "words"), [(signal.SIGKILL, "memory ran out"), (signal.SIGXCPU, "no further"), (signal.SIGSEGV, "-11")]
)
def test_an_end_from_outside_is_told_in_words(tmp_path: Path, number: int, words: str, begun: Begun) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("")

    with Beside(tmp_path / "checks") as beside:
        beside.follow(rows)
        (process,) = begun()
        process.send_signal(number)
        with pytest.raises(DatasetError, match=words):
            beside.findings(rows=1, at=lambda: None)


def test_it_is_held_to_a_part_of_the_memory_of_the_reading(tmp_path: Path) -> None:
    memory = 200_000_000
    reading, writing = os.pipe()
    subprocess.run(
        [sys.executable, "-m", "studio.data.beside", tmp_path, str(reading)],
        stdin=subprocess.DEVNULL,
        pass_fds=[reading],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (memory, resource.RLIM_INFINITY)),
        check=False,
    )
    os.close(reading)
    os.close(writing)
    told = json.loads((tmp_path / ENDED).read_text())
    assert told["message"] == "Reading this file takes more than the 0.0466 GB of memory that one file may take."


def test_checking_a_large_file_may_take_longer_than_the_reading_had_left_when_it_began(tmp_path: Path) -> None:
    with (tmp_path / "rows.jsonl").open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in STORED * 10_000)
    reading, writing = os.pipe()
    os.write(writing, b"30000\n")
    with (tmp_path / "rows.jsonl").open("rb") as rows:
        done = subprocess.run(
            [sys.executable, "-m", "studio.data.beside", tmp_path, str(reading)],
            stdin=rows,
            pass_fds=[reading],
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (2, resource.RLIM_INFINITY)),
            check=False,
        )
    os.close(reading)
    os.close(writing)
    assert done.returncode == 0 and [finding.count for finding in load_findings(tmp_path)] == [30_000]


KILLED = """
import os, signal, sys
from pathlib import Path
from studio.data import overlay
from studio.data.again import examine_again
from studio.data.beside import Beside
beside = Beside(Path(sys.argv[1]) / "checks")
beside.follow(Path(sys.argv[1]) / "rows.jsonl")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_when_the_reading_is_killed_however_much_is_left_to_check(tmp_path: Path) -> None:
    with (tmp_path / "rows.jsonl").open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in STORED * 200_000)

    # Both write to one pipe, and it is read until both have ended.
    killed = subprocess.run([sys.executable, "-c", KILLED, tmp_path], stdout=subprocess.PIPE, timeout=30, check=False)
    assert killed.returncode == -signal.SIGKILL
