"""One supervisor per workspace: started when needed, alone, and gone when nobody needs it."""

import json
import os
import signal
import subprocess

import psutil
import pytest

from studio.domain.errors import SetupError
from studio.domain.job import JobState
from studio.jobs import presence
from studio.jobs.presence import ensure_supervisor, is_supervised, keep_supervised, sole_supervisor
from studio.store import jobs
from studio.store.workspace import Workspace

NOBODY = "999999999"


@pytest.fixture
def started(tmp_path):
    """A workspace; the supervisor that a test started in it is ended with the test."""
    workspace = Workspace(tmp_path / "detached")
    workspace.prepare()
    yield workspace
    if is_supervised(workspace):
        os.kill(who(workspace), signal.SIGTERM)


def who(workspace):
    return json.loads(workspace.supervisor_info.read_text())["pid"]


def test_a_second_supervisor_leaves_with_one_line(store, supervisor_process, eventually):
    with supervisor_process() as first:
        eventually(lambda: is_supervised(store.workspace))
        with supervisor_process() as second:
            said = second.communicate(timeout=20)[1]
            assert second.returncode == 0
        assert first.poll() is None
    assert "another supervisor looks after" in said
    assert len(said.splitlines()) == 1


NEEDED = {
    "HF_TOKEN": "hf_of_the_hub", "STUDIO_JUDGE_KEY": "sk-of-a-judge", "WANDB_API_KEY": "of a tracker",
    "HTTPS_PROXY": "http://me:through-here@proxy:3128", "PGPASSFILE": "/etc/pgpass",
}  # fmt: skip
LEFT_OUT = {
    "STUDIO_OIDC_SECRET": "of the provider", "STUDIO_OIDC_SECRET_FILE": "/etc/secret", "AWS_SECRET_ACCESS_KEY": "of a cloud",
    "GITHUB_TOKEN": "of a forge", "SMTP_PASSWORD": "of the post", "REDIS_URL": "redis://me:elsewhere@host/0",
}  # fmt: skip


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root may read what a supervisor was started with")
def test_a_supervisor_is_started_without_the_secrets_that_it_has_no_use_for(started, monkeypatch):
    needed = NEEDED | {"STUDIO_DATABASE": f"sqlite:///{started.database}"}
    for name, value in (needed | LEFT_OUT).items():
        monkeypatch.setenv(name, value)
    ensure_supervisor(started)
    environment = psutil.Process(who(started)).environ()
    assert not environment.keys() & LEFT_OUT.keys() and environment.items() >= needed.items()
    assert not [value for value in LEFT_OUT.values() if value in str(environment)]
    assert "PATH" in environment


def test_two_supervisors_carry_out_a_job_once(store, submitted, supervisor_process, eventually, is_now):
    job = submitted("count")
    with supervisor_process(), supervisor_process():
        done = eventually(is_now(job, JobState.DONE))
    assert done.attempt == 1


def test_a_stopped_supervisor_ends_its_workers_and_says_so_by_status_0(
    store, submitted, supervisor_process, eventually
):
    job = submitted("count", steps=400, seconds=0.05)
    with supervisor_process() as process:
        pid = eventually(lambda: jobs.get(store, job.id).phase and jobs.get(store, job.id).pid)
        process.terminate()
        assert process.wait(10) == 0
    assert not psutil.pid_exists(pid)
    assert jobs.get(store, job.id).state is JobState.QUEUED


def test_a_supervisor_whose_studio_is_closed_finishes_what_is_live_and_then_leaves(
    store, submitted, supervisor_process, is_now
):
    job = submitted("count", steps=20, seconds=0.05)
    with supervisor_process("--parent", NOBODY, "--idle-exit", "0.5") as process:
        assert process.wait(30) == 0
    assert is_now(job, JobState.DONE)()


def test_a_supervisor_whose_workspace_is_removed_leaves_and_no_crowd_of_them_is_left(
    store, submitted, supervisor_process, eventually, is_now
):
    job = submitted("count")
    with supervisor_process("--parent", str(os.getpid())) as supervisor:
        eventually(is_now(job, JobState.DONE))
        store.workspace.root.rename(store.workspace.root.with_name("away"))
        assert supervisor.wait(20) == 0


def test_a_supervisor_stays_while_its_studio_is_open(store, submitted, supervisor_process, eventually, is_now):
    with supervisor_process("--parent", str(os.getpid()), "--idle-exit", "0.1") as process:
        for name in ("one", "two"):
            eventually(is_now(submitted("count", name=name, steps=1), JobState.DONE))
        assert process.poll() is None


def test_a_supervisor_that_is_asked_for_stays_though_the_studio_that_started_it_is_closed(
    store, supervisor_process, eventually
):
    with supervisor_process("--parent", NOBODY, "--idle-exit", "1") as process:
        eventually(lambda: is_supervised(store.workspace))
        for _ in range(5):
            ensure_supervisor(store.workspace)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.4)
        assert process.wait(20) == 0


def test_asking_starts_one_supervisor_and_asking_again_starts_no_other(started):
    ensure_supervisor(started)
    first = who(started)
    ensure_supervisor(started)
    assert who(started) == first
    assert is_supervised(started)


def test_a_detached_supervisor_leads_a_session_of_its_own(started):
    ensure_supervisor(started)
    assert os.getsid(who(started)) == who(started) != os.getsid(0)


def test_a_killed_supervisor_is_replaced_when_it_is_asked_for(started):
    ensure_supervisor(started)
    first = who(started)
    os.kill(first, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(first)] if psutil.pid_exists(first) else [], timeout=5)
    ensure_supervisor(started)
    assert who(started) != first


def test_a_supervisor_that_cannot_start_says_where_the_reason_is(started):
    started.database.write_bytes(b"this is no database " * 100)
    with pytest.raises(SetupError, match="did not start") as refusal:
        ensure_supervisor(started)
    assert str(started.supervisor_log) in refusal.value.fix
    assert "cannot be opened" in started.supervisor_log.read_text()


def test_however_often_a_process_asks_for_it_one_thread_keeps_the_supervisor(started, monkeypatch, eventually):
    keepers = []
    monkeypatch.setattr(presence, "_keep", keepers.append)
    for _ in range(3):
        keep_supervised(started)
    eventually(lambda: keepers)
    assert keepers == [started]


def test_the_lock_is_free_again_after_its_holder(started):
    with sole_supervisor(started, patience=0) as first:
        with sole_supervisor(started, patience=0) as second:
            assert (first, second) == (True, False)
    with sole_supervisor(started, patience=0) as third:
        assert third
