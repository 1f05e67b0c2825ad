"""Workers that are forked: as good as those that were started afresh, whatever becomes of the process they come from."""

import os
import signal

import psutil
import pytest

from studio.domain.job import JobKind, JobState, Wish
from studio.jobs.forking import ForkingLauncher
from studio.jobs.launcher import worker_environment
from studio.store import jobs
from tests.jobs.conftest import NURSERY, STAND_IN

forked = pytest.mark.parametrize("stand_ins", ["forked"], indirect=True)
SLOW = {"steps": 400, "seconds": 0.05}


@pytest.fixture
def running(store, eventually):
    """The process of a job, once it has begun."""

    def find(job):
        return psutil.Process(eventually(lambda: jobs.get(store, job.id).done and jobs.get(store, job.id).pid))

    return find


@forked
def test_two_workers_come_from_one_nursery_and_say_what_they_are(
    store, submitted, supervised, eventually, is_now, running
):
    job = submitted("count", **SLOW)
    with supervised():
        worker = running(job)
        nursery = worker.parent()
        assert os.getpgid(worker.pid) == worker.pid
        assert [word for word in worker.cmdline() if word] == [
            *STAND_IN.command,
            str(store.workspace.attempt(job.id, 1)),
        ]
        assert nursery.cmdline()[:3] == ["python", "-m", "studio.nursery"]
        jobs.wish(store, job.id, Wish.STOP)
        eventually(is_now(job, JobState.STOPPED))
        other = submitted("count", name="other", **SLOW)
        assert running(other).parent() == nursery
    eventually(lambda: _is_gone(nursery))


@forked
def test_a_killed_nursery_takes_its_worker_with_it_and_the_job_goes_on_from_another(
    store, submitted, supervised, eventually, is_now, running
):
    job = submitted("count", steps=40, seconds=0.05)
    with supervised():
        worker = running(job)
        first = worker.parent()
        first.kill()
        done = eventually(is_now(job, JobState.DONE))
    assert _is_gone(worker)
    assert done.attempt == 2 and done.result["first"] > 1


def test_where_nothing_can_be_loaded_workers_are_started_in_the_ordinary_way(submitted, supervised, eventually, is_now):
    first = submitted("count")
    launcher = ForkingLauncher(STAND_IN, (*NURSERY, "barren"))
    with supervised(launcher):
        eventually(is_now(first, JobState.DONE))
        second = submitted("count", name="second")
        assert eventually(is_now(second, JobState.DONE)).attempt == 1
    assert launcher.is_barren


@forked
def test_work_that_loads_little_begins_no_nursery_and_joins_one_that_is_there(stand_ins, tmp_path):
    assert stand_ins._nursery(JobKind.MEASURE) is None
    assert stand_ins._nursery(JobKind.TRAIN) is not None
    assert stand_ins._nursery(JobKind.INGEST) is None


@forked
def test_a_worker_that_is_killed_before_it_is_born_never_begins(stand_ins, tmp_path, eventually):
    (tmp_path / "spec.json").write_text("{}")
    process = stand_ins.start(tmp_path, kind=JobKind.TRAIN, env=worker_environment(os.environ))
    process.kill()
    assert process.poll() == -signal.SIGKILL
    eventually(stand_ins.nursery.is_ready)
    other = tmp_path / "other"
    other.mkdir()
    (other / "spec.json").write_text('{"kind": "train", "play": "refuse"}')
    after = stand_ins.start(other, kind=JobKind.TRAIN, env=worker_environment(os.environ))
    assert eventually(lambda: after.poll() is not None) and after.poll() == 0
    assert not (tmp_path / "events.jsonl").exists()


def test_a_killed_supervisor_takes_the_nursery_and_its_worker_with_it(
    submitted, supervisor_process, eventually, running
):
    job = submitted("count", **SLOW)
    with supervisor_process("--forking") as supervisor:
        worker = running(job)
        family = [worker, worker.parent()]
        supervisor.kill()
    eventually(lambda: all(_is_gone(process) for process in family))


def _is_gone(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
