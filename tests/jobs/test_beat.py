"""A supervisor is heard as long as it works, also where the disk is full; and a press is known to its end."""

import logging
from dataclasses import replace
from pathlib import Path

from studio import logs
from studio.domain.job import JobState
from studio.jobs.beat import EVERY, LOOK_AT_THE_DISK_EVERY, Heart, heard
from studio.jobs.presence import turn_over
from studio.store.workspace import Workspace


def test_a_supervisor_is_heard_while_it_works_and_says_how_far_behind_it_is(
    store, submitted, supervised, eventually, is_now
):
    assert heard(store.workspace) is None
    job = submitted("count", steps=40, seconds=0.05)
    with supervised():
        eventually(lambda: (beat := heard(store.workspace)) and beat.attempts == 1)
        eventually(is_now(job, JobState.DONE))
        beat = eventually(lambda: (beat := heard(store.workspace)) and beat.attempts == 0 and beat)
    assert beat.age < 10 and 0 <= beat.lag < 10


def test_a_beat_of_long_ago_is_old_and_one_of_another_machine_goes_by_the_clock(tmp_path):
    workspace = Workspace(tmp_path)
    Heart(workspace).beat(attempts=0, lag=0.0)
    beat = heard(workspace)
    assert beat and beat.age < 5
    assert replace(beat, counted=beat.counted - 100).age > 99
    elsewhere = replace(beat, process="another:1:2", counted=0.0)
    assert elsewhere.age < 5 and replace(elsewhere, at=beat.at - 100).age > 99


def test_it_is_heard_on_a_disk_that_is_full(small_disk: Path):
    workspace = Workspace(small_disk)
    heart = Heart(workspace)
    heart.beat(attempts=0, lag=0.0)
    try:
        with (small_disk / "much").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
    except OSError:
        pass
    heart.beaten -= EVERY
    heart.beat(attempts=3, lag=0.0)
    beat = heard(workspace)
    assert beat and beat.attempts == 3


def test_a_disk_that_becomes_low_is_told_once_and_once_when_there_is_room_again(tmp_path, caplog):
    heart = Heart(Workspace(tmp_path), floor=10**18)
    with caplog.at_level(logging.WARNING, logger="studio.jobs.beat"):
        for _ in range(3):
            heart.beat(attempts=0, lag=0.0)
            heart.looked -= LOOK_AT_THE_DISK_EVERY
        heart.floor = 0
        heart.beat(attempts=0, lag=0.0)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the disk is low", "the disk has room again",
    ]  # fmt: skip


def test_what_became_of_a_job_is_one_line_each_with_the_number_of_the_press(
    submitted, supervised, eventually, is_now, caplog
):
    told: list[str] = []

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(self.format(record))

    hears = Told()
    hears.setFormatter(logs.Json("supervisor"))
    logging.getLogger("studio.jobs").addHandler(hears)
    with logs.about(request="0123abcd"):
        well, ill = submitted("count"), submitted("refuse", name="other")
    with caplog.at_level(logging.INFO, logger="studio.jobs"), supervised():
        eventually(is_now(well, JobState.DONE))
        eventually(is_now(ill, JobState.FAILED))
    logging.getLogger("studio.jobs").removeHandler(hears)
    ends = [line for line in told if "attempt 1: done" in line or "attempt 1: failed" in line]
    assert len(ends) == 2 and all('"request":"0123abcd"' in line for line in ends)
    assert any("failed. The model does not fit." in line and '"level":"warning"' in line for line in ends)


def test_a_log_that_has_become_too_long_begins_anew_and_the_one_before_stays(tmp_path):
    path = tmp_path / "supervisor.log"
    turn_over(path, longest=3)
    for words, kept in (("one", None), ("four", "four"), ("fifth", "fifth")):
        path.write_text(words)
        turn_over(path, longest=3)
        assert path.exists() is (kept is None)
        assert kept is None or Path(f"{path}.1").read_text() == kept
