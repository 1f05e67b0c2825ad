"""The worker: what it writes, what it says when something fails, and when it must not live on."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from studio.domain.errors import DatasetError, GaveUpWaiting
from studio.domain.event import Event, EventKind, Outcome, Reporter
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.jobs import spool
from studio.jobs.ending import Gone, untold
from studio.worker import OUTCOME_NOT_WRITTEN, EventWriter, attempt, outcome_of
from tests.failing import die, each_operation, each_size, in_a_child
from tests.small_disk import fill

SPEC = {"kind": "ingest", "job": "job-1", "attempt": 1}
DONE = Outcome(state="done", message="All read.")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spec.json").write_text(json.dumps(SPEC))
    return tmp_path


def events(folder: Path) -> list[Event]:
    return [Event.model_validate_json(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]


def ends_with(folder: Path, work: Callable[[dict[str, Any], Reporter], Outcome]) -> Outcome:
    with EventWriter(folder) as reporter:
        return outcome_of(folder, work, reporter)


def raising(error: BaseException) -> Callable[[dict[str, Any], Reporter], Outcome]:
    def work(spec: dict[str, Any], reporter: Reporter) -> Outcome:
        raise error

    return work


def test_events_are_numbered_from_one_and_each_is_one_line(folder: Path) -> None:
    with EventWriter(folder) as reporter:
        reporter.report(EventKind.PHASE, name="reading")
        reporter.report(EventKind.NOTE, text="two\nlines")
    assert [(event.seq, event.kind) for event in events(folder)] == [(1, "phase"), (2, "note")]
    assert events(folder)[1].data == {"text": "two\nlines"}


def test_an_event_is_in_the_file_as_soon_as_it_is_reported(folder: Path) -> None:
    with EventWriter(folder) as reporter:
        reporter.report(EventKind.PROGRESS, done=1, total=2)
        assert len(events(folder)) == 1


def test_a_loss_that_is_not_a_number_is_written_as_null(folder: Path) -> None:
    with EventWriter(folder) as reporter:
        reporter.report(EventKind.METRIC, step=1, loss=float("nan"))
    assert events(folder)[0].data == {"step": 1, "loss": None}


def test_half_a_surrogate_pair_in_a_text_does_not_end_the_attempt(folder: Path) -> None:
    with EventWriter(folder) as reporter:
        reporter.report(EventKind.NOTE, text="a\ud83d b")
    assert events(folder)[0].data == {"text": "a? b"}


def test_a_second_worker_cannot_write_into_the_same_attempt(folder: Path) -> None:
    with EventWriter(folder), pytest.raises(FileExistsError):
        EventWriter(folder)


def test_the_control_file_asks_to_stop(folder: Path) -> None:
    with EventWriter(folder) as reporter:
        assert not reporter.should_stop()
        (folder / "control.json").write_text('{"stop": true}')
        assert within(2, reporter.should_stop)


def test_a_refusal_keeps_its_sentence_its_fix_and_its_code(folder: Path) -> None:
    outcome = ends_with(folder, raising(DatasetError("The file is empty.", fix="Choose another file.")))
    assert outcome == Outcome(state="failed", message="The file is empty.", fix="Choose another file.", code="dataset")


def test_a_fault_of_the_studio_is_one_sentence_and_the_log_has_the_traceback(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = ends_with(folder, raising(KeyError("mess\nages")))
    assert outcome.state == "failed"
    assert outcome.message == (
        "Something in the studio itself failed: KeyError: 'mess\\nages'. The log has the details."
    )
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "The memory of this machine ran out."),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full."),
    ],
)
def test_a_machine_that_is_full_has_a_sentence_of_its_own(folder: Path, error: Exception, message: str) -> None:
    outcome = ends_with(folder, raising(error))
    assert (outcome.state, outcome.message) == ("failed", message)
    assert outcome.fix


def test_an_unreadable_spec_ends_in_words(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{")
    assert ends_with(tmp_path, lambda spec, reporter: DONE).message.startswith("Something in the studio itself failed")


def test_no_work_is_done_with_the_network_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    seen: list[str] = []

    def work(spec: dict[str, Any], reporter: Reporter) -> Outcome:
        seen.append(os.environ["HF_HUB_OFFLINE"])
        return DONE

    ends_with(folder, work)
    assert seen == ["1"]


# ---- real processes -------------------------------------------------------------------------------------------------

WAITING = """
import sys, time
from pathlib import Path
from studio.domain.event import EventKind, Outcome
from studio.worker import attempt

def work(spec, reporter):
    reporter.report(EventKind.PHASE, name="waiting")
    while not reporter.should_stop():
        time.sleep(0.01)
    return Outcome(state="stopped", message="Stopped as asked.")

sys.exit(attempt(Path(sys.argv[1]), work=work))
"""


def within(seconds: float, condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def started(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, *command, str(folder)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert within(20, lambda: (folder / "events.jsonl").exists() and events(folder)), process.stderr
    return process


def test_a_worker_is_killed_when_its_supervisor_goes(folder: Path) -> None:
    with started(folder, "-c", WAITING) as process:
        assert process.stdin
        process.stdin.close()
        assert process.wait(3) == -signal.SIGKILL
    assert not (folder / "outcome.json").exists()


def test_a_worker_asked_by_signal_ends_with_its_outcome(folder: Path) -> None:
    with started(folder, "-c", WAITING) as process:
        process.terminate()
        assert process.wait(5) == 0
    outcome = Outcome.model_validate_json((folder / "outcome.json").read_bytes())
    assert (outcome.state, outcome.message) == ("stopped", "Stopped as asked.")


def test_an_outcome_that_cannot_be_written_shows_in_the_exit_status(folder: Path) -> None:
    (folder / "outcome.json").mkdir()  # what cannot be replaced stands for a disk that cannot be written
    with started(folder, "-c", WAITING) as process:
        process.terminate()
        assert process.wait(5) == OUTCOME_NOT_WRITTEN
    job = Job("job-1", JobKind.INGEST, "data-1", JobState.RUNNING, Wish.RUN, 1, datetime.now(UTC))
    ending = untold(job, Gone(OUTCOME_NOT_WRITTEN), stopping=False, has_checkpoint=False)
    assert "could not write down how it ended" in ending.message


def test_a_worker_without_a_folder_says_how_it_is_used() -> None:
    answer = subprocess.run([sys.executable, "-m", "studio.worker"], capture_output=True, text=True, timeout=60)
    assert answer.returncode == 2
    assert "usage" in answer.stderr


def test_the_worker_itself_loads_no_torch_and_no_database() -> None:
    code = "import studio.worker, sys; print({'torch', 'transformers', 'sqlalchemy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stdout.strip() == "set()"


def test_an_event_waits_while_the_disk_is_full_and_is_there_whole_afterwards(small_disk: Path) -> None:
    with EventWriter(small_disk, pause=lambda _: (small_disk / "filler").unlink()) as reporter:
        reporter.is_patient = True
        reporter.report(EventKind.NOTE, text="before")
        fill(small_disk / "filler")
        reporter.report(EventKind.NOTE, text="said from the room set aside")
        assert (small_disk / "filler").exists()
        fill(small_disk / "filler")
        reporter.report(EventKind.NOTE, text="said when there was room again" * 1000)
    assert [event.data["text"][:12] for event in events(small_disk)] == ["before", "said from th", "said when th"]


def tell_of_three_things(folder: Path) -> None:
    """A whole attempt; OSError where not all of it could be told."""

    def work(spec: dict[str, Any], reporter: Reporter) -> Outcome:
        for step in (1, 2, 3):
            reporter.report(EventKind.CHECKPOINT, step=step)
        return DONE

    if attempt(folder, work=work) or spool.read_outcome(folder) != DONE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def afresh(folder: Path) -> None:
    """What is there is whole, so begin once more without it."""
    read = spool.read_events(folder, offset=0).events
    assert [event.seq for event in read] == list(range(1, len(read) + 1))
    outcome = spool.read_outcome(folder)
    assert outcome is None or outcome.state == "failed" or (outcome == DONE and len(read) == 3)
    for path in folder.iterdir():
        if path.name != "spec.json":
            path.unlink()


def test_wherever_a_worker_is_killed_while_it_tells_what_is_there_is_whole(folder: Path) -> None:
    killed = in_a_child(lambda: tell_of_three_things(folder))
    tried = [afresh(folder) for _ in each_operation(folder, killed, instead=die)]
    assert len(tried) > 8
    assert len(events(folder)) == 3 and spool.read_outcome(folder) == DONE


def test_at_whatever_byte_the_disk_refuses_what_a_worker_told_is_whole_lines(folder: Path) -> None:
    tried = 0
    for tried in each_size(lambda: tell_of_three_things(folder), by=11):
        told = folder / "events.jsonl"
        assert not told.exists() or told.read_bytes()[-1:] in (b"", b"\n"), f"{tried} bytes"
        afresh(folder)
    assert tried > 150
    assert len(events(folder)) == 3 and spool.read_outcome(folder) == DONE


def test_whoever_waits_for_the_disk_can_be_stopped(small_disk: Path) -> None:
    with EventWriter(small_disk, pause=lambda _: reporter.on_signal(15, None)) as reporter:
        reporter.is_patient = True
        reporter.has_ended()  # nothing is set aside any more
        fill(small_disk / "filler")
        with pytest.raises(GaveUpWaiting):
            reporter.report(EventKind.NOTE, text="too late" * 1000)
    assert events(small_disk) == []
