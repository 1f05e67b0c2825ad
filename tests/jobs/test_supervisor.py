"""The supervisor: real processes on a real database, and every way in which they can end."""

import itertools
import os
import signal
import time
from datetime import UTC, datetime

import psutil
import pytest

from studio.domain.event import Event, EventKind
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.jobs import spool
from studio.jobs.attempt import Grace, _bring_all_events
from studio.jobs.ending import Gone, untold
from studio.jobs.launcher import LocalLauncher, worker_environment
from studio.jobs.vital import ended_for_memory
from studio.store import jobs
from tests.locked import taken

# What must hold of every worker, whether it was started afresh or forked.
either_way = pytest.mark.parametrize("stand_ins", ["afresh", "forked"], indirect=True)
SLOW = {"steps": 400, "seconds": 0.05}


def seqs(store, job):
    return [(stored.attempt, stored.event.seq) for stored in jobs.events(store, job.id)]


def steps(store, job):
    return [stored.event.data["step"] for stored in jobs.events(store, job.id, kinds=[EventKind.CHECKPOINT])]


def worker_of(store, job):
    """A question for `eventually`: the process number, once the job has one and has made a checkpoint."""
    return lambda: steps(store, job) and jobs.get(store, job.id).pid


@either_way
def test_a_job_is_carried_out_and_ends_in_the_words_of_its_worker(store, submitted, supervised, eventually, is_now):
    job = submitted("count")
    with supervised():
        done = eventually(is_now(job, JobState.DONE))
    assert (done.message, done.result, done.attempt) == ("Counted to 5.", {"first": 1}, 1)
    assert (done.phase, done.done, done.total, done.pid) == ("counting", 5, 5, None)
    assert seqs(store, job) == [(1, seq) for seq in range(1, 12)]


def test_a_refusal_shows_its_sentence_and_its_fix(submitted, supervised, eventually, is_now):
    job = submitted("refuse")
    with supervised():
        failed = eventually(is_now(job, JobState.FAILED))
    assert (failed.message, failed.fix) == ("The model does not fit.", "Choose a smaller one.")


@either_way
@pytest.mark.parametrize(
    ("play", "spec", "words"),
    [
        ("die", {"signal": signal.SIGKILL}, "was killed (signal 9)"),
        ("die", {"signal": signal.SIGSEGV}, "crashed inside a library (signal 11, Segmentation fault)"),
        ("leave", {}, "ended with status 3 and without a reason"),
    ],
)
def test_a_process_that_is_gone_without_a_word_is_explained(
    store, submitted, supervised, eventually, is_now, play, spec, words
):
    job = submitted(play, **spec)
    with supervised():
        interrupted = eventually(is_now(job, JobState.INTERRUPTED))
    assert jobs.get(store, job.id) == interrupted  # it is not started again before someone asks for it
    assert interrupted.message.startswith("The training process ")
    assert words in interrupted.message
    assert interrupted.fix == "Start it again."
    assert interrupted.result["fault"]["happened"] in interrupted.message


@either_way
def test_a_killed_worker_goes_on_by_itself_once_and_the_second_time_when_it_is_resumed(
    store, submitted, supervised, eventually, is_now
):
    job = submitted("count", steps=60, seconds=0.05)
    with supervised():
        os.kill(eventually(worker_of(store, job)), signal.SIGKILL)
        second = eventually(lambda: (now := jobs.get(store, job.id)).attempt == 2 and now.pid, seconds=4)
        eventually(lambda: faults(store, job))
        os.kill(second, signal.SIGKILL)
        interrupted = eventually(is_now(job, JobState.INTERRUPTED), seconds=2)
        jobs.requeue(store, job.id)
        done = eventually(is_now(job, JobState.DONE))
    told, again = faults(store, job)
    assert told["code"] == "killed" and told["done"] == "It went on by itself from the last checkpoint."
    assert "It was counting, after step " in told["why"]
    assert again["code"] == "killed" and "waits for you" in again["done"]
    assert "waits for you" in interrupted.message
    assert interrupted.fix == "Resume goes on from the last checkpoint."
    assert (done.attempt, done.result["first"] > 1) == (3, True)
    assert sorted(set(steps(store, job))) == list(range(1, 61))


def faults(store, job):
    notes = jobs.events(store, job.id, kinds=[EventKind.NOTE])
    return [note.event.data["fault"] for note in notes if "fault" in note.event.data]


@either_way
def test_a_worker_that_does_nothing_any_more_is_ended_and_goes_on_once(
    store, submitted, supervised, eventually, is_now
):
    """SIGSTOP stands for whatever hangs: it tells nothing and uses no processor time."""
    job = submitted("count", steps=400, seconds=0.05)
    with supervised(grace=Grace(silent=2.0)):
        for attempt in (1, 2):
            eventually(lambda n=attempt: any(told == n for told, _ in seqs(store, job)))
            pid = eventually(lambda: jobs.get(store, job.id).pid)
            os.kill(pid, signal.SIGSTOP)
            eventually(lambda gone=pid: _is_gone(gone))
        interrupted = eventually(is_now(job, JobState.INTERRUPTED))
    assert interrupted.result["fault"]["code"] == "stalled"
    assert "told nothing and computed nothing for" in interrupted.message
    assert [told["code"] for told in faults(store, job)] == ["stalled"]


def test_that_a_worker_does_nothing_is_told_before_it_is_ended_and_no_more_once_it_works(
    store, submitted, supervised, eventually
):
    job = submitted("count", steps=400, seconds=0.05)
    with supervised(grace=Grace(silent=60.0, worrying=0.5)):
        eventually(lambda: seqs(store, job))
        pid = eventually(lambda: jobs.get(store, job.id).pid)
        os.kill(pid, signal.SIGSTOP)
        told = eventually(lambda: jobs.get(store, job.id).message)
        assert "told nothing and computed nothing" in told and "ended after 60 seconds" in told
        assert jobs.get(store, job.id).state is JobState.RUNNING
        os.kill(pid, signal.SIGCONT)
        eventually(lambda: not jobs.get(store, job.id).message)
        assert jobs.get(store, job.id).attempt == 1


def test_numbers_of_events_that_are_missing_are_told(store, submitted, caplog):
    job = submitted("count")
    jobs.claim(store, kinds=[JobKind.TRAIN])
    folder = store.workspace.attempt(job.id, 1)
    folder.mkdir(parents=True)
    lines = [Event(seq=seq, at=1.0, kind=EventKind.PHASE, data={"name": "step"}).model_dump_json() for seq in (1, 2, 5)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    _bring_all_events(store, jobs.get(store, job.id), folder, offset=0)
    assert "2 of its events are missing" in caplog.text
    assert "2 things that this told did not arrive" in jobs.get(store, job.id).message


def test_a_worker_that_is_ended_for_want_of_memory_goes_on_with_fewer_rows():
    job = Job(
        "job-1", JobKind.TRAIN, "run-1", JobState.RUNNING, Wish.RUN, 1, datetime.now(UTC), phase="training", done=7
    )
    ending = untold(job, Gone(-signal.SIGKILL, for_memory=True), stopping=False, has_checkpoint=True)
    assert (ending.state, ending.result["fewer_rows"]) == (JobState.QUEUED, {"doing": "training", "step": 7})
    assert "because memory ran out" in ending.message
    assert "fewer_rows" not in untold(job, Gone(-signal.SIGKILL), stopping=False, has_checkpoint=True).result


def test_the_kernel_is_asked_whether_it_ended_a_process_for_want_of_memory(tmp_path):
    (tmp_path / "memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    assert ended_for_memory(tmp_path / "none", tmp_path / "memory.events") == 2
    assert ended_for_memory(tmp_path / "none") is None


@either_way
def test_what_a_killed_worker_leaves_running_is_killed_with_it(store, submitted, supervised, eventually, is_now):
    job = submitted("with_child")
    with supervised():
        eventually(is_now(job, JobState.INTERRUPTED))
    texts = [note.event.data["text"] for note in jobs.events(store, job.id, kinds=[EventKind.NOTE])]
    for child in (int(text) for text in texts if text.isdecimal()):
        eventually(lambda pid=child: _is_gone(pid), seconds=2)


@either_way
def test_a_torn_last_line_is_left_out_and_what_came_before_is_kept(store, submitted, supervised, eventually, is_now):
    job = submitted("tear")
    with supervised():
        eventually(is_now(job, JobState.INTERRUPTED))
    assert seqs(store, job) == [(1, 1), (2, 1), (2, 2)]


@either_way
def test_a_wish_to_stop_ends_a_running_job_in_the_words_of_its_worker(store, submitted, supervised, eventually, is_now):
    job = submitted("count", **SLOW)
    with supervised(grace=Grace()):
        eventually(worker_of(store, job))
        jobs.wish(store, job.id, Wish.STOP)
        stopped = eventually(is_now(job, JobState.STOPPED), seconds=4)
    assert stopped.message.startswith("Stopped at ")


@either_way
def test_a_worker_that_does_not_listen_is_ended_all_the_same(store, submitted, supervised, eventually, is_now):
    job = submitted("deaf", kind=JobKind.GENERATE)
    with supervised():
        pid = eventually(lambda: jobs.get(store, job.id).phase == "deaf" and jobs.get(store, job.id).pid)
        jobs.wish(store, job.id, Wish.STOP)
        stopped = eventually(is_now(job, JobState.STOPPED), seconds=5)
    assert stopped.message == "Stopped; it did not finish its step in time and was ended."
    assert _is_gone(pid)


def test_only_one_job_trains_or_answers_at_a_time_while_two_are_read(store, submitted, supervised, eventually, is_now):
    trains = [submitted("count", name=f"run-{n}", steps=8, seconds=0.05) for n in range(2)]
    reads = [submitted("count", kind=JobKind.INGEST, name=f"data-{n}", steps=8, seconds=0.05) for n in range(3)]
    seen = set()

    def all_done():
        running = [job.kind for job in jobs.live(store) if job.state is JobState.RUNNING]
        seen.add((running.count(JobKind.TRAIN), running.count(JobKind.INGEST)))
        return all(jobs.get(store, job.id).state is JobState.DONE for job in [*trains, *reads])

    with supervised():
        eventually(all_done, seconds=40)
    assert max(train for train, _ in seen) == 1
    assert max(read for _, read in seen) == 2


def test_a_supervisor_that_is_stopped_puts_its_jobs_back_and_the_next_one_finishes_them(
    store, submitted, supervised, eventually, is_now
):
    job = submitted("count", steps=40, seconds=0.05)
    with supervised():
        pid = eventually(worker_of(store, job))
    waiting = jobs.get(store, job.id)
    assert (waiting.state, waiting.message) == (
        JobState.QUEUED,
        "The studio was stopped; this goes on from the last checkpoint.",
    )
    assert _is_gone(pid)
    with supervised():
        done = eventually(is_now(job, JobState.DONE))
    assert done.result["first"] > 1
    assert sorted(set(steps(store, job))) == list(range(1, 41))


def test_a_killed_supervisor_takes_its_worker_with_it_and_the_next_one_finishes_the_job(
    store, submitted, supervisor_process, eventually, is_now
):
    job = submitted("count", steps=60, seconds=0.05)
    with supervisor_process() as first:
        pid = eventually(worker_of(store, job))
        first.send_signal(signal.SIGKILL)
        first.wait(5)
        eventually(lambda: _is_gone(pid), seconds=3)
    assert jobs.get(store, job.id).state is JobState.RUNNING
    with supervisor_process():
        done = eventually(is_now(job, JobState.DONE))
    assert done.attempt == 2
    assert done.result["first"] > 1
    assert sorted(set(steps(store, job))) == list(range(1, 61))
    assert len(seqs(store, job)) == len(set(seqs(store, job)))


def test_an_outcome_that_a_dead_supervisor_did_not_read_still_counts(
    store, submitted, supervised, eventually, is_now, left_behind
):
    job = submitted("count")
    claimed, spec = jobs.claim(store, kinds=[JobKind.TRAIN])
    process = left_behind(claimed, spec)
    eventually(lambda: process.poll() is not None)
    with supervised():
        done = eventually(is_now(job, JobState.DONE))
    assert (done.attempt, done.message) == (1, "Counted to 5.")
    assert seqs(store, job) == [(1, seq) for seq in range(1, 12)]


def test_a_worker_that_outlived_its_supervisor_is_ended_before_its_job_goes_on(
    store, submitted, supervised, eventually, left_behind
):
    job = submitted("count", **SLOW)
    claimed, spec = jobs.claim(store, kinds=[JobKind.TRAIN])
    process = left_behind(claimed, spec)
    with supervised():
        eventually(lambda: process.poll() is not None)
        assert process.poll() == -signal.SIGKILL
        eventually(lambda: jobs.get(store, job.id).attempt == 2)


def test_after_the_machine_started_anew_what_ran_goes_on_and_whoever_has_its_number_now_is_left_alone(
    store, submitted, supervised, eventually, is_now
):
    job = submitted("count")
    jobs.claim(store, kinds=[JobKind.TRAIN])
    jobs.set_process(store, job.id, 1, pid=os.getpid(), started="an-earlier-boot/1:99")
    with supervised():
        done = eventually(is_now(job, JobState.DONE))
    assert done.attempt == 2


def test_a_clock_that_jumps_by_hours_ends_nothing(store, submitted, supervised, eventually, is_now, monkeypatch):
    job, jumps = submitted("count", steps=20, seconds=0.05), itertools.cycle((0.0, 7200.0, -7200.0))
    now = time.time
    with supervised(grace=Grace(silent=30.0)):
        monkeypatch.setattr(time, "time", lambda: now() + next(jumps))
        done = eventually(is_now(job, JobState.DONE))
    assert (done.attempt, steps(store, job)) == (1, list(range(1, 21)))


def test_a_machine_that_tells_every_process_to_end_finds_its_run_going_on_at_the_next_start(
    store, submitted, supervised, supervisor_process, eventually, is_now
):
    job = submitted("count", steps=60, seconds=0.05)
    with supervisor_process() as supervisor:
        pid = eventually(worker_of(store, job))
        os.kill(pid, signal.SIGTERM)
        supervisor.terminate()
        assert supervisor.wait(20) == 0
    assert _is_gone(pid)
    assert jobs.get(store, job.id).state is JobState.QUEUED
    with supervised():
        done = eventually(is_now(job, JobState.DONE))
    assert done.result["first"] > 1
    assert sorted(set(steps(store, job))) == list(range(1, 61))


def test_events_that_were_brought_already_are_not_brought_twice(store, submitted, supervised, eventually, is_now):
    """As after a supervisor that died between two batches: the reading begins anew at an earlier byte."""
    job = submitted("count")
    with supervised():
        eventually(is_now(job, JobState.DONE))
    before = jobs.events(store, job.id)
    batch = spool.read_events(store.workspace.attempt(job.id, 1), offset=0)
    jobs.add_events(store, job.id, 1, batch.events, offset=batch.offset)
    assert jobs.events(store, job.id) == before


def test_a_job_that_cannot_be_followed_fails_alone(store, submitted, supervised, eventually, is_now):
    bad = submitted("mumble", name="bad")
    good = submitted("count", kind=JobKind.INGEST, name="good")
    with supervised():
        failed = eventually(is_now(bad, JobState.FAILED))
        eventually(is_now(good, JobState.DONE))
    assert failed.message.startswith("Something in the studio itself failed while it followed this")


def test_a_worker_that_cannot_be_started_fails_its_job_and_the_next_one_is_tried(
    store, submitted, supervised, eventually, is_now
):
    first, second = submitted("count", name="first"), submitted("count", name="second")
    with supervised(LocalLauncher(command=("/nowhere/python",))):
        for job in (first, second):
            failed = eventually(is_now(job, JobState.FAILED))
            assert failed.message.startswith("The studio could not start a process for this")
            assert failed.fix


def test_a_locked_database_delays_the_news_and_loses_nothing(store, submitted, supervised, eventually, is_now):
    job = submitted("count", steps=20, seconds=0.05)
    with supervised():
        eventually(worker_of(store, job))
        with taken(store):
            folder = store.workspace.attempt(job.id, 1)
            eventually((folder / "outcome.json").exists)
        done = eventually(is_now(job, JobState.DONE), seconds=30)
    assert done.attempt == 1
    assert steps(store, job) == list(range(1, 21))


@pytest.mark.slow
def test_a_database_that_does_not_answer_for_longer_ends_no_worker(
    store, submitted, supervised, eventually, is_now, caplog
):
    job = submitted("count", **SLOW)
    with supervised():
        pid = eventually(worker_of(store, job))
        with taken(store):
            eventually(lambda: "database is locked" in caplog.text, seconds=30)
        known = len(steps(store, job))
        eventually(lambda: len(steps(store, job)) > known)
        assert jobs.get(store, job.id).pid == pid


def test_a_worker_is_told_no_secret_of_its_surroundings(store, submitted, supervised, eventually, is_now, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("STUDIO_DATABASE", "postgresql://user:secret@host/studio")
    for name in ("STUDIO_OIDC_SECRET", "STUDIO_OIDC_SECRET_FILE", "STUDIO_JUDGE_KEY", "WANDB_API_KEY"):
        monkeypatch.setenv(name, f"the secret in {name}")
    job = submitted("count", **SLOW)
    with supervised():
        pid = eventually(worker_of(store, job))
        environment = psutil.Process(pid).environ()
    assert "secret" not in str(environment)


def test_a_download_alone_is_given_the_token_and_the_way_to_the_hub():
    around = {"HF_TOKEN": "hf_secret", "HF_ENDPOINT": "http://hub", "HTTPS_PROXY": "http://proxy", "DATABASE": "secret"}
    assert not around.keys() & worker_environment(around).keys()
    assert around.keys() & worker_environment(around, online=True).keys() == {"HF_TOKEN", "HF_ENDPOINT", "HTTPS_PROXY"}


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
