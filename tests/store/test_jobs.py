"""Jobs: submitted once, claimed by one, moved only as the table of transitions allows, and told event by event."""

import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from studio.domain.errors import RunError, StudioError
from studio.domain.event import Event, EventKind
from studio.domain.job import LIVE, TRANSITIONS, Job, JobKind, JobState, Wish
from studio.store import jobs, tables
from studio.store.database import Store
from tests.store.examples import Examples

ALL_KINDS = list(JobKind)


def test_a_submitted_job_waits_with_its_spec(store: Store):
    spec = {"dataset": "/team/datasets/data-1", "rows": [0, 1], "recipe": {"rank": 16}}
    job = jobs.submit(store, kind=JobKind.TRAIN, subject_id="run-1", spec=spec)
    assert (job.state, job.wish, job.attempt, job.words) == (JobState.QUEUED, Wish.RUN, 0, "waiting")
    assert jobs.get(store, job.id) == job
    assert jobs.spec(store, job.id) == spec


def test_the_same_key_is_the_same_job_whatever_became_of_it(store: Store, examples: Examples):
    job = examples.job(key="measure:data-1:starter")
    examples.finish(job.id)
    again = examples.job(key="measure:data-1:starter")
    assert again.id == job.id and again.state is JobState.DONE


def test_keys_of_different_kinds_have_nothing_to_do_with_each_other(examples: Examples):
    assert examples.job(kind=JobKind.TRAIN, key="k").id != examples.job(kind=JobKind.GENERATE, key="k").id


def test_jobs_without_a_key_are_all_different(examples: Examples):
    assert examples.job().id != examples.job().id


def test_twenty_submits_of_one_key_at_once_make_one_job(store: Store, examples: Examples):
    together = threading.Barrier(20)

    def submit(_: int) -> str:
        together.wait(30)
        return examples.job(key="one click").id

    with ThreadPoolExecutor(20) as pool:
        made = set(pool.map(submit, range(20)))
    assert len(made) == 1
    assert [job.id for job in jobs.live(store)] == list(made)


def test_an_unknown_job_is_named(store: Store):
    with pytest.raises(StudioError, match="no job called job-0"):
        jobs.get(store, "job-0")


def test_the_job_that_waited_longest_is_claimed_first(store: Store, examples: Examples):
    waiting = [examples.job().id for _ in range(5)]
    assert [job.id for job in jobs.live(store)] == waiting
    assert [_claimed(store).id for _ in range(5)] == waiting
    assert jobs.claim(store, kinds=ALL_KINDS) is None


def test_only_the_kinds_that_are_asked_for_are_claimed(store: Store, examples: Examples):
    examples.job(kind=JobKind.TRAIN)
    generate = examples.job(kind=JobKind.GENERATE)
    assert jobs.claim(store, kinds=[JobKind.INGEST]) is None
    assert _claimed(store, JobKind.INGEST, JobKind.GENERATE).id == generate.id
    assert [job.kind for job in jobs.live(store, kinds=[JobKind.TRAIN])] == [JobKind.TRAIN]


def test_a_claim_is_a_new_attempt_that_knows_what_to_do(store: Store, examples: Examples):
    job = examples.job()
    for attempt in (1, 2):
        claimed = jobs.claim(store, kinds=ALL_KINDS)
        assert claimed is not None
        running, spec = claimed
        assert (running.state, running.attempt) == (JobState.RUNNING, attempt)
        assert running.started_at is not None and running.ended_at is None
        assert spec == {"kind": "measure", "job": job.id, "attempt": attempt, "rows": [0, 1]}
        assert jobs.move(store, job.id, attempt=attempt, to=JobState.QUEUED)


CLAIMERS = """
import json, os, sys
from pathlib import Path
from studio.domain.job import JobKind
from studio.store import jobs
from studio.store.database import open_store
from studio.store.workspace import Workspace
begin, go = os.pipe()
for _ in range(3):
    if os.fork() == 0:
        os.close(go)
        store = open_store(Workspace(Path(sys.argv[1])), url=sys.argv[2] or None)
        os.read(begin, 1)
        claimed = []
        while found := jobs.claim(store, kinds=list(JobKind)):
            claimed.append(found[0].id)
        os.write(1, json.dumps(claimed).encode() + b"\\n")
        os._exit(0)
os.close(go)
sys.exit(any([os.wait()[1] for _ in range(3)]))
"""


def test_claimers_in_several_processes_never_get_the_same_job(store: Store, examples: Examples):
    waiting = [examples.job().id for _ in range(40)]
    url = "" if store.engine.dialect.name == "sqlite" else store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", CLAIMERS, str(store.workspace.root), url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == 3 and sorted(job_id for claimed in told for job_id in claimed) == sorted(waiting)
    assert {jobs.get(store, job_id).attempt for job_id in waiting} == {1}


def test_claimers_in_several_threads_never_get_the_same_job(store: Store, examples: Examples):
    waiting = [examples.job().id for _ in range(30)]
    together = threading.Barrier(6)

    def claim_all(_: int) -> list[str]:
        together.wait(30)
        mine = []
        while len(taken) < len(waiting):
            if claimed := jobs.claim(store, kinds=ALL_KINDS):
                mine.append(claimed[0].id)
                taken.append(claimed[0].id)
        return mine

    taken: list[str] = []
    with ThreadPoolExecutor(6) as pool:
        shares = list(pool.map(claim_all, range(6)))
    assert sorted(job_id for share in shares for job_id in share) == sorted(waiting)


def test_the_database_itself_refuses_a_second_live_attempt(store: Store, examples: Examples):
    job = examples.running()
    second = {"job_id": job.id, "attempt": 2, "began_at": datetime.now(UTC), "offset": 0, "last_seq": 0}
    with pytest.raises(IntegrityError):
        with store.write() as connection:
            connection.execute(tables.attempts.insert().values(second))


@pytest.mark.parametrize("source", list(JobState))
def test_a_job_moves_exactly_where_the_table_of_transitions_lets_it(store: Store, examples: Examples, source: JobState):
    for target in set(JobState) - {JobState.RUNNING}:
        job = _in_state(store, examples, source)
        allowed = target in TRANSITIONS[source]
        moved = jobs.move(store, job.id, attempt=job.attempt, to=target, message="Why.", fix="How.", result={"x": 1})
        after = jobs.get(store, job.id)
        assert moved is allowed
        if allowed:
            assert (after.state, after.message, after.fix, after.result) == (target, "Why.", "How.", {"x": 1})
            assert (after.ended_at is None) is (target is JobState.QUEUED)
        else:
            assert after == job


def test_a_job_begins_to_run_only_by_being_claimed(store: Store, examples: Examples):
    job = examples.job()
    with pytest.raises(ValueError):
        jobs.move(store, job.id, attempt=job.attempt, to=JobState.RUNNING)


def test_an_attempt_that_was_superseded_changes_nothing(store: Store, examples: Examples):
    job = examples.running()
    assert jobs.move(store, job.id, attempt=1, to=JobState.INTERRUPTED)
    jobs.requeue(store, job.id)
    second = _claimed(store)
    assert not jobs.move(store, job.id, attempt=1, to=JobState.DONE)
    jobs.set_process(store, job.id, 1, pid=4321, started="boot:1")
    examples.report(job, (EventKind.PHASE, {"name": "loading"}), attempt=1)
    assert jobs.get(store, job.id) == second


def test_of_two_endings_at_once_one_counts(store: Store, examples: Examples):
    job = examples.running()
    together = threading.Barrier(2)

    def end(to: JobState) -> bool:
        together.wait(30)
        return jobs.move(store, job.id, attempt=1, to=to, message=to.value)

    with ThreadPoolExecutor(2) as pool:
        applied = list(pool.map(end, [JobState.DONE, JobState.STOPPED]))
    after = jobs.get(store, job.id)
    assert sorted(applied) == [False, True]
    assert after.message == after.state.value


def test_a_job_that_is_stopped_while_it_waits_ends_at_once(store: Store, examples: Examples):
    stopped = jobs.wish(store, examples.job().id, Wish.STOP)
    assert stopped.state is JobState.STOPPED and stopped.message == "Stopped while it waited."
    assert jobs.claim(store, kinds=ALL_KINDS) is None


def test_a_running_job_that_is_to_stop_goes_on_until_the_supervisor_ends_it(store: Store, examples: Examples):
    job = examples.running()
    stopping = jobs.wish(store, job.id, Wish.STOP)
    assert stopping.state is JobState.RUNNING and stopping.is_stopping
    assert jobs.wish(store, job.id, Wish.STOP) == stopping
    assert jobs.move(store, job.id, attempt=1, to=JobState.STOPPED)


def test_nothing_can_be_wished_of_a_job_that_has_ended(store: Store, examples: Examples):
    job = examples.running()
    jobs.move(store, job.id, attempt=1, to=JobState.DONE)
    before = jobs.get(store, job.id)
    assert jobs.wish(store, job.id, Wish.STOP) == before


def test_a_job_that_was_to_stop_when_its_supervisor_went_is_not_begun_again(store: Store, examples: Examples):
    job = examples.running()
    jobs.wish(store, job.id, Wish.STOP)
    jobs.move(store, job.id, attempt=1, to=JobState.QUEUED, message="The supervisor was stopped.")
    other = examples.job()
    assert _claimed(store).id == other.id
    assert jobs.get(store, job.id).state is JobState.STOPPED


@pytest.mark.parametrize("end", [JobState.INTERRUPTED, JobState.FAILED, JobState.STOPPED])
def test_a_job_that_did_not_finish_can_go_on(store: Store, examples: Examples, end: JobState):
    job = examples.running()
    jobs.wish(store, job.id, Wish.STOP)
    jobs.move(store, job.id, attempt=1, to=end, message="No memory.", fix="Use less.", result={"best_step": 5})
    waiting = jobs.requeue(store, job.id, message="Waiting to go on.")
    assert (waiting.state, waiting.wish, waiting.attempt) == (JobState.QUEUED, Wish.RUN, 1)
    assert (waiting.message, waiting.fix, waiting.result, waiting.ended_at) == ("Waiting to go on.", "", {}, None)
    assert _claimed(store).attempt == 2


def test_what_a_job_goes_on_after_is_told_to_its_next_attempt(store: Store, examples: Examples):
    job, fault = examples.running(), {"code": "killed", "happened": "It was killed."}
    jobs.move(store, job.id, attempt=1, to=JobState.INTERRUPTED, result={"fault": fault, "came_back": 1})
    assert jobs.requeue(store, job.id).result == {"after": fault}
    assert _claimed(store).attempt == 2
    first, second = jobs.stretches(store, job.id)
    assert first.ended_at and first.began_at <= first.ended_at <= second.began_at and second.ended_at is None


def test_going_on_twice_waits_once(store: Store, examples: Examples):
    job = examples.running()
    jobs.move(store, job.id, attempt=1, to=JobState.INTERRUPTED)
    assert jobs.requeue(store, job.id, message="Once.") == jobs.requeue(store, job.id, message="Twice.")


def test_what_is_done_does_not_begin_again(store: Store, examples: Examples):
    job = examples.running()
    jobs.move(store, job.id, attempt=1, to=JobState.DONE)
    with pytest.raises(RunError, match="has finished"):
        jobs.requeue(store, job.id)


def test_a_job_that_goes_on_after_a_restart_keeps_its_place_in_the_queue(store: Store, examples: Examples):
    first = examples.running()
    examples.job()
    jobs.move(store, first.id, attempt=1, to=JobState.QUEUED)
    assert _claimed(store).id == first.id


def test_a_job_that_a_person_lets_go_on_waits_behind_those_that_were_there(store: Store, examples: Examples):
    first = examples.running()
    second = examples.job()
    jobs.move(store, first.id, attempt=1, to=JobState.FAILED)
    jobs.requeue(store, first.id)
    assert [_claimed(store).id, _claimed(store).id] == [second.id, first.id]


def test_the_process_of_an_attempt_is_remembered(store: Store, examples: Examples):
    job = examples.running()
    assert jobs.process(store, job.id, 1) is None
    jobs.set_process(store, job.id, 1, pid=4321, started="boot:99")
    assert jobs.process(store, job.id, 1) == jobs.Process(4321, "boot:99")
    assert jobs.get(store, job.id).pid == 4321
    jobs.move(store, job.id, attempt=1, to=JobState.DONE)
    assert jobs.get(store, job.id).pid is None


PHASE = Event(seq=1, at=1.0, kind=EventKind.PHASE, data={"name": "training"})
PROGRESS = Event(seq=2, at=2.0, kind=EventKind.PROGRESS, data={"done": 30, "total": 120, "seconds_left": 88.5})
METRIC = Event(seq=3, at=3.0, kind=EventKind.METRIC, data={"step": 30, "epoch": 0.5, "loss": 1.25})
NOTE = Event(seq=4, at=4.0, kind=EventKind.NOTE, data={"text": "Went on from step 20."})
LATER = Event(seq=5, at=5.0, kind=EventKind.PROGRESS, data={"done": 31, "total": 120})


def test_what_a_worker_reports_shows_on_its_job(store: Store, examples: Examples):
    job = examples.running()
    jobs.add_events(store, job.id, 1, [PHASE, PROGRESS, METRIC, NOTE], offset=400)
    shown = jobs.get(store, job.id)
    assert (shown.phase, shown.done, shown.total) == ("training", 30, 120)
    assert (shown.message, shown.seconds_left, shown.result) == ("Went on from step 20.", 88.5, {})
    jobs.add_events(store, job.id, 1, [LATER], offset=500)
    shown = jobs.get(store, job.id)
    assert (shown.phase, shown.done, shown.seconds_left) == ("training", 31, None)


def test_events_come_back_as_they_were_told(store: Store, examples: Examples):
    job = examples.running()
    odd = Event(
        seq=1, at=1764000000.123456, kind=EventKind.NOTE, data={"text": "a\x00b \ud800 ü\n", "deep": [{"x": None}]}
    )
    jobs.add_events(store, job.id, 1, [odd], offset=10)
    assert jobs.events(store, job.id) == [jobs.StoredEvent(1, odd)]


def test_a_loss_that_is_no_number_is_kept_as_such(store: Store, examples: Examples):
    job = examples.running()
    broken = Event(seq=1, at=1.0, kind=EventKind.METRIC, data={"step": 1, "epoch": 0.1, "loss": math.nan})
    jobs.add_events(store, job.id, 1, [broken], offset=10)
    assert math.isnan(jobs.events(store, job.id)[0].event.data["loss"])


def test_the_same_events_again_change_nothing(store: Store, examples: Examples):
    job = examples.running()
    jobs.add_events(store, job.id, 1, [PHASE, PROGRESS, METRIC], offset=300)
    jobs.add_events(store, job.id, 1, [NOTE, LATER], offset=500)
    before = jobs.get(store, job.id), jobs.events(store, job.id)
    jobs.add_events(store, job.id, 1, [PHASE, PROGRESS, METRIC], offset=300)
    assert (jobs.get(store, job.id), jobs.events(store, job.id)) == before
    assert jobs.offset(store, job.id, 1) == 500


def test_a_batch_that_overlaps_what_is_kept_adds_only_what_is_new(store: Store, examples: Examples):
    job = examples.running()
    jobs.add_events(store, job.id, 1, [PHASE, PROGRESS], offset=200)
    jobs.add_events(store, job.id, 1, [PROGRESS, METRIC, NOTE], offset=400)
    assert [stored.event.seq for stored in jobs.events(store, job.id)] == [1, 2, 3, 4]


def test_events_and_how_far_they_were_read_are_kept_together_or_not_at_all(store: Store, examples: Examples):
    job = examples.running()
    unreadable = Event(seq=2, at=2.0, kind=EventKind.PROGRESS, data={"total": 9})
    with pytest.raises(KeyError):
        jobs.add_events(store, job.id, 1, [PHASE, unreadable], offset=200)
    assert jobs.events(store, job.id) == [] and jobs.offset(store, job.id, 1) == 0


def test_a_file_may_be_read_on_without_a_new_event(store: Store, examples: Examples):
    job = examples.running()
    jobs.add_events(store, job.id, 1, [], offset=17)
    assert jobs.offset(store, job.id, 1) == 17


def test_events_of_an_attempt_that_never_was_are_refused(store: Store, examples: Examples):
    job = examples.running()
    with pytest.raises(StudioError, match="no attempt 2"):
        jobs.add_events(store, job.id, 2, [PHASE], offset=100)
    assert jobs.offset(store, job.id, 2) == 0


def test_late_events_are_kept_but_the_last_word_stays(store: Store, examples: Examples):
    job = examples.running()
    jobs.move(store, job.id, attempt=1, to=JobState.DONE, message="All read.", result={"rows": 7})
    jobs.add_events(store, job.id, 1, [PHASE, PROGRESS, NOTE], offset=400)
    after = jobs.get(store, job.id)
    assert (after.message, after.result, after.phase) == ("All read.", {"rows": 7}, "")
    assert len(jobs.events(store, job.id)) == 3


def test_events_can_be_asked_for_by_kind_and_from_where_one_left_off(store: Store, examples: Examples):
    job = examples.running()
    jobs.add_events(store, job.id, 1, [PHASE, PROGRESS, METRIC], offset=300)
    jobs.move(store, job.id, attempt=1, to=JobState.QUEUED)
    _claimed(store)
    jobs.add_events(store, job.id, 2, [PHASE, PROGRESS], offset=200)

    def places(**asked: object) -> list[tuple[int, int]]:
        return [(stored.attempt, stored.event.seq) for stored in jobs.events(store, job.id, **asked)]  # pyright: ignore

    assert places() == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert places(kinds=[EventKind.PROGRESS]) == [(1, 2), (2, 2)]
    assert places(after=(1, 2)) == [(1, 3), (2, 1), (2, 2)]
    assert places(after=(2, 2)) == []


def test_readers_that_bring_the_same_events_at_once_keep_each_once(store: Store, examples: Examples):
    job = examples.running()
    together = threading.Barrier(4)
    listed = [PHASE, PROGRESS, METRIC, NOTE, LATER]

    def bring(_: int) -> None:
        together.wait(30)
        for end in range(1, 6):
            jobs.add_events(store, job.id, 1, listed[:end], offset=100 * end)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bring, range(4)))
    assert [stored.event for stored in jobs.events(store, job.id)] == listed
    assert jobs.offset(store, job.id, 1) == 500
    assert jobs.get(store, job.id).done == 31


def test_the_line_is_moved_and_claimed_in_its_new_order(store: Store, examples: Examples):
    first, second, third = (examples.job(kind=JobKind.TRAIN).id for _ in range(3))
    other = examples.job(kind=JobKind.MEASURE).id

    def moved(job_id: str, to: int) -> list[str]:
        jobs.move_in_line(store, job_id, kinds=[JobKind.TRAIN], to=to)
        return [job.id for job in jobs.live(store, kinds=[JobKind.TRAIN])]

    assert moved(third, 1) == [third, first, second]
    assert moved(third, 2) == [first, third, second]
    assert moved(first, 99) == [third, second, first]
    assert [_claimed(store, JobKind.TRAIN).id for _ in range(3)] == [third, second, first]
    assert _claimed(store, JobKind.MEASURE).id == other
    last = examples.job(kind=JobKind.TRAIN).id
    with pytest.raises(RunError, match="does not wait any more"):
        jobs.move_in_line(store, first, kinds=[JobKind.TRAIN], to=1)
    assert [job.id for job in jobs.live(store, kinds=[JobKind.TRAIN])][-1] == last


def test_those_that_were_queued_in_one_moment_are_told_apart_when_they_are_moved(store: Store, examples: Examples):
    ids = [examples.job().id for _ in range(4)]
    moment = datetime.now(UTC)
    with store.write() as connection:
        connection.execute(tables.jobs.update().values(queued_at=moment))
    jobs.move_in_line(store, ids[3], kinds=ALL_KINDS, to=2)
    assert [job.id for job in jobs.live(store)] == [ids[0], ids[3], ids[1], ids[2]]


def test_a_device_is_chosen_only_for_what_waits_and_kept_from_others(store: Store, examples: Examples):
    job = examples.job()
    jobs.want(store, job.id, "GPU-b")
    assert jobs.claim(store, kinds=ALL_KINDS, place="GPU-a") is None
    claimed = jobs.claim(store, kinds=ALL_KINDS, place="GPU-b")
    assert claimed and (claimed[0].id, claimed[0].wants, claimed[0].place) == (job.id, "GPU-b", "GPU-b")
    with pytest.raises(RunError, match="does not wait any more"):
        jobs.want(store, job.id, None)


def _claimed(store: Store, *kinds: JobKind) -> Job:
    claimed = jobs.claim(store, kinds=kinds or ALL_KINDS)
    assert claimed is not None
    return claimed[0]


def _in_state(store: Store, examples: Examples, state: JobState) -> Job:
    """A job that came into this state the way jobs do; nothing else waits afterwards."""
    for waiting in jobs.live(store):
        jobs.wish(store, waiting.id, Wish.STOP)
        jobs.move(store, waiting.id, attempt=waiting.attempt, to=JobState.STOPPED)
    job = examples.job()
    if state is not JobState.QUEUED:
        job = _claimed(store)
    if state not in LIVE:
        assert jobs.move(store, job.id, attempt=job.attempt, to=state)
    return jobs.get(store, job.id)


def test_keeping_events_that_is_cut_short_at_any_statement_changes_nothing_and_is_made_up_for(
    store: Store, examples: Examples
):
    job = examples.running()
    before, statement = jobs.get(store, job.id), 0

    class CutError(Exception):
        pass

    while True:
        statement += 1
        done = 0

        def cut(*_: object, at: int = statement) -> None:
            nonlocal done
            done += 1
            if done == at:
                raise CutError

        for name in ("before_cursor_execute", "commit"):
            event.listen(store.engine, name, cut)
        try:
            jobs.add_events(store, job.id, 1, [PHASE, PROGRESS, METRIC, NOTE], offset=400)
            break
        except CutError:
            pass
        finally:
            for name in ("before_cursor_execute", "commit"):
                event.remove(store.engine, name, cut)
        assert (jobs.get(store, job.id), jobs.events(store, job.id), jobs.offset(store, job.id, 1)) == (before, [], 0)
    assert statement > 4
    assert [stored.event for stored in jobs.events(store, job.id)] == [PHASE, PROGRESS, METRIC, NOTE]
    assert (jobs.get(store, job.id).done, jobs.offset(store, job.id, 1)) == (30, 400)


def test_fifty_presses_from_ten_pages_have_one_effect_each(store: Store, examples: Examples):
    def pressed(act: Callable[[], Job]) -> set[tuple[str, JobState, Wish, int]]:
        with ThreadPoolExecutor(10) as pool:
            seen = list(pool.map(lambda _: act(), range(50)))
        return {(job.id, job.state, job.wish, job.attempt) for job in seen}

    started = pressed(lambda: examples.job(key="Start"))
    [(job_id, state, _, attempt)] = started
    assert (state, attempt) == (JobState.QUEUED, 0) and len(jobs.live(store)) == 1
    assert pressed(lambda: jobs.wish(store, job_id, Wish.STOP)) == {(job_id, JobState.STOPPED, Wish.STOP, 0)}
    assert pressed(lambda: jobs.requeue(store, job_id)) == {(job_id, JobState.QUEUED, Wish.RUN, 0)}
    assert _claimed(store).id == job_id and jobs.claim(store, kinds=ALL_KINDS) is None
    assert pressed(lambda: jobs.wish(store, job_id, Wish.STOP)) == {(job_id, JobState.RUNNING, Wish.STOP, 1)}
    assert jobs.move(store, job_id, attempt=1, to=JobState.DONE)
    assert pressed(lambda: jobs.wish(store, job_id, Wish.STOP)) == {(job_id, JobState.DONE, Wish.STOP, 1)}


def test_numbers_of_events_that_were_left_out_are_counted_once(store: Store, examples: Examples):
    job = examples.running()

    def keep(*seqs: int) -> int:
        told = [Event(seq=seq, at=1.0, kind=EventKind.PHASE, data={"name": "x"}) for seq in seqs]
        return jobs.add_events(store, job.id, 1, told, offset=max(seqs))

    assert [keep(1, 2), keep(5, 6), keep(5, 6), keep(6, 7), keep(9), keep(8)] == [0, 2, 0, 0, 1, 0]
