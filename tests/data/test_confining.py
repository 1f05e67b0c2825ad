"""Confining: a file that would take too much memory, disk or time ends in a sentence, and nothing else suffers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.domain.event import Outcome
from studio.domain.job import JobKind, JobState
from studio.jobs import spool
from studio.jobs.ending import Gone, untold
from studio.jobs.launcher import worker_environment
from tests.ui import examples

ROOT = Path(__file__).parents[2]
# A worker that does what the test says, held to the confines that the test names.
WORKER = """
import json, re, sys, time
from pathlib import Path
from studio.data.confining import Confines, confined
from studio.data.ingest import ingest
from studio.data.progress import Stopped
from studio.domain.event import EventKind, Outcome
from studio.worker import attempt

def work(spec, reporter):
    try:
        with confined(reporter, Confines(**({"memory": 2**33} | spec["confines"]))) as watched:
            watched.report(EventKind.PHASE, name="begun")
            exec(spec["play"], globals() | {"watched": watched})
            return ingest(spec, watched)
    except Stopped:
        return Outcome(state="stopped", message="Stopped at once.")

sys.exit(attempt(Path(sys.argv[1]), work=work))
"""
ROW = '{"prompt": "a", "completion": "b"}\n'
NEVER_ENDING = 're.match(r"(a+)+$", "a" * 60 + "b")'

Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "attempt"


@pytest.fixture
def start(folder: Path, tmp_path: Path) -> Start:
    """Starts the worker on a file with this content."""

    def begin(content: str = ROW, *, play: str = "", **confines: int) -> subprocess.Popen[bytes]:
        source = tmp_path / "source"
        source.write_text(content)
        spec = {"kind": JobKind.INGEST, "source": str(source), "out": str(tmp_path / "out"), "mapping": None}
        spool.write_spec(folder, spec | {"confines": confines, "play": play})
        command = [sys.executable, "-P", "-c", WORKER, str(folder)]
        environment = worker_environment(os.environ) | {"PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)

    return begin


def outcome(folder: Path) -> Outcome:
    found = spool.read_outcome(folder)
    assert found is not None
    return found


def test_a_file_within_its_confines_is_read(start: Start, folder: Path) -> None:
    assert start(ROW * 50, memory=2**30, written=2**20, busy=60, idle=60).wait() == 0

    assert outcome(folder).message == "50 rows read."


def test_a_file_that_takes_too_much_memory_says_so_and_what_to_do(start: Start, folder: Path) -> None:
    rows = ",".join(json.dumps({"prompt": "é" * 1_000_000, "completion": "b"}, ensure_ascii=False) for _ in range(60))

    assert start(f"[{rows}]", memory=2**28).wait() == 0

    ended = outcome(folder)
    assert ended.message == "Reading this file takes more than the 0.25 GB of memory that one file may take."
    assert (ended.state, ended.fix) == ("failed", "Upload it in parts, or read it on a machine with more memory.")
    assert not (folder.parent / "out" / "rows.jsonl").exists()


@pytest.mark.parametrize(
    "play", ["bytearray(2**31)", "import numpy; numpy.ones(2**28)", "import pyarrow; pyarrow.allocate_buffer(2**31)"]
)
def test_memory_is_held_to_its_limit_whoever_asks_for_it(start: Start, folder: Path, play: str) -> None:
    assert start(play=play, memory=2**30).wait() == 0

    assert outcome(folder).message.startswith("Reading this file takes more than the 1 GB of memory")


def test_a_file_that_fills_the_disk_says_so_and_leaves_nothing(start: Start, folder: Path) -> None:
    assert start(ROW * 50_000, written=2**20).wait() == 0

    ended = outcome(folder)
    assert (ended.message, ended.fix) == (
        "Reading this file writes more than 0.000977 GB to the disk.",
        "Upload it in parts.",
    )
    assert list((folder.parent / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("play", "confines", "ended_by"),
    [(NEVER_ENDING, {"busy": 1}, signal.SIGXCPU), ("time.sleep(600)", {"idle": 1}, signal.SIGALRM)],
    ids=["busy", "idle"],
)
def test_work_that_gets_no_further_is_ended_whatever_it_does(
    start: Start, folder: Path, play: str, confines: dict[str, int], ended_by: signal.Signals
) -> None:
    status = start(play=play, **confines).wait()

    assert status == -ended_by and spool.read_outcome(folder) is None
    ending = untold(examples.job(kind=JobKind.INGEST), Gone(status), stopping=False, has_checkpoint=False)
    assert (ending.state, ending.message) == (JobState.FAILED, "The reading got no further for minutes and was ended.")
    assert "in two halves" in ending.fix


def test_work_that_gets_on_may_take_as_long_as_it_needs(start: Start, folder: Path) -> None:
    gets_on = "while time.process_time() < 4: watched.should_stop()"

    assert start(play=gets_on, busy=2, idle=60).wait() == 0
    assert outcome(folder).message == "1 row read."


def test_reading_stops_at_once_even_where_nobody_asks_whether_it_should(start: Start, folder: Path) -> None:
    worker = start(play=NEVER_ENDING)
    deadline = time.monotonic() + 60
    while not ((folder / "events.jsonl").exists() and spool.read_events(folder, offset=0).events):
        assert time.monotonic() < deadline
        time.sleep(0.02)

    worker.terminate()

    assert worker.wait() == 0
    assert outcome(folder).message == "Stopped at once."
