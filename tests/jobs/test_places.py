"""What runs beside what, and on which device: a supervisor on machines that are only described to it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from studio.domain.event import Outcome
from studio.domain.job import Job, JobKind, JobState, Need, need_of
from studio.jobs import supervisor
from studio.jobs.attempt import settle
from studio.jobs.supervisor import Supervisor
from studio.store import jobs
from studio.store.database import Store

A, B = "GPU-a", "GPU-b"
NO_PROCESS = 2**22 + 1  # more than Linux counts to


@dataclass
class Held:
    """A worker that does nothing until it is asked to end."""

    folder: Path
    gpu: str | None
    pid: int = NO_PROCESS

    def poll(self) -> int | None:
        if (self.folder / "control.json").exists():
            self.end("stopped")
        return 0 if (self.folder / "outcome.json").exists() else None

    def end(self, state: str) -> None:
        (self.folder / "outcome.json").write_text(Outcome(state=state, message="It ended.").model_dump_json())

    def stop(self) -> None:
        self.end("stopped")

    def kill(self) -> None:
        self.end("stopped")


@dataclass
class Holding:
    started: list[Held] = field(default_factory=list)

    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> Held:
        self.started.append(Held(attempt_folder, env.get("CUDA_VISIBLE_DEVICES")))
        return self.started[-1]


@pytest.fixture(autouse=True)
def nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def waiting(store: Store, name: str, *, kind: JobKind = JobKind.TRAIN, wants: str | None = None) -> Job:
    return jobs.submit(store, kind=kind, subject_id=name, spec={}, wants=wants)


def running(store: Store) -> dict[str, str | None]:
    """What runs, and where."""
    return {job.subject_id: job.place for job in jobs.live(store) if job.state is JobState.RUNNING}


def ended(looking: Supervisor, name: str) -> None:
    """A worker ends; it is noticed at one look, and what follows is started at the same one or the next."""
    next(attempt for attempt in looking.at_work.values() if attempt.job.subject_id == name).process.end("done")  # type: ignore[attr-defined]
    looking.tick()
    looking.tick()


@pytest.mark.parametrize("gpus", [(), (A,)])
def test_one_device_has_one_run_at_a_time_and_is_not_named_to_it(store: Store, gpus: tuple[str, ...]):
    looking = Supervisor(store, holding := Holding(), gpus=gpus)
    waiting(store, "first"), waiting(store, "second")
    looking.tick()
    assert list(running(store)) == ["first"]
    ended(looking, "first")
    assert list(running(store)) == ["second"]
    assert [held.gpu for held in holding.started] == [None, None]


def test_two_runs_never_get_one_gpu_at_once(store: Store):
    looking = Supervisor(store, holding := Holding(), gpus=(A, B))
    for name in ("first", "second", "third"):
        waiting(store, name)
    looking.tick()
    assert running(store) == {"first": A, "second": B}
    ended(looking, "second")
    assert running(store) == {"first": A, "third": B}
    assert [held.gpu for held in holding.started] == [A, B, B]


def test_a_run_is_not_begun_on_another_gpu_before_its_earlier_worker_is_gone(store: Store):
    launcher = Holding()
    job, machine = waiting(store, "run"), Supervisor(store, launcher, gpus=(A, B))
    machine.tick()
    launcher.started[0].kill = lambda: None  # it takes its time
    assert jobs.move(store, job.id, attempt=1, to=JobState.QUEUED)
    machine.tick()
    assert len(launcher.started) == 1
    launcher.started[0].end("stopped")
    machine.tick(), machine.tick()
    assert len(launcher.started) == 2 and jobs.get(store, job.id).attempt == 2


def test_a_run_waits_for_the_gpu_that_was_chosen_for_it_and_holds_nobody_up(store: Store):
    looking = Supervisor(store, Holding(), gpus=(A, B))
    waiting(store, "first", wants=B), waiting(store, "second", wants=B), waiting(store, "third")
    looking.tick()
    assert running(store) == {"first": B, "third": A}
    ended(looking, "third")
    assert running(store) == {"first": B}
    ended(looking, "first")
    assert running(store) == {"second": B}


def test_whoever_takes_any_gpu_leaves_a_chosen_one_to_whoever_chose_it(store: Store):
    waiting(store, "any"), waiting(store, "chosen", wants=A)
    Supervisor(store, Holding(), gpus=(A, B)).tick()
    assert running(store) == {"any": B, "chosen": A}


def test_a_gpu_that_is_not_there_is_waited_for(store: Store):
    job = waiting(store, "elsewhere", wants="GPU-gone")
    Supervisor(store, Holding(), gpus=(A, B)).tick()
    assert jobs.get(store, job.id).state is JobState.QUEUED


def test_reading_delivering_and_a_download_go_on_beside_a_run(store: Store):
    for kind in sorted(set(JobKind) - supervisor.GIVES_WAY):
        waiting(store, f"{kind} 1", kind=kind), waiting(store, f"{kind} 2", kind=kind)
    Supervisor(store, Holding()).tick()
    needs = Counter(need_of(job.kind) for job in jobs.live(store) if job.state is JobState.RUNNING)
    assert needs == {Need.DEVICE: 1, **supervisor.BESIDE}


def test_a_chat_gives_way_to_what_waits_for_its_place_and_says_so(store: Store):
    looking = Supervisor(store, Holding(), gpus=(A, B))
    left, stays = (waiting(store, name, kind=JobKind.CHAT, wants=gpu) for name, gpu in (("left", A), ("stays", B)))
    looking.tick()
    waiting(store, "run", wants=A)
    for _ in range(3):
        looking.tick()
    assert running(store) == {"run": A, "stays": B}
    ended_job = jobs.get(store, left.id)
    assert (ended_job.state, ended_job.message) == (JobState.STOPPED, "It made room for what waited for its place.")
    later = waiting(store, "later", kind=JobKind.CHAT, wants=B)
    for _ in range(3):
        looking.tick()
    assert jobs.get(store, later.id).state is JobState.QUEUED and jobs.get(store, stays.id).is_live


def test_a_chat_does_not_come_back_by_itself_after_the_studio_was_stopped(store: Store):
    talk = waiting(store, "talk", kind=JobKind.CHAT)
    Supervisor(store, Holding()).tick()
    settle(store, jobs.get(store, talk.id), offset=0)
    left = jobs.get(store, talk.id)
    assert (left.state, left.message) == (JobState.STOPPED, "It was stopped together with the studio.")
    assert jobs.requeue(store, talk.id).state is JobState.QUEUED


@dataclass
class Noting(Holding):
    """What each kind of worker is told of the environment."""

    known: dict[JobKind, Mapping[str, str]] = field(default_factory=dict)

    def start(self, attempt_folder: Path, *, kind: JobKind, env: Mapping[str, str]) -> Held:
        self.known[kind] = env
        return super().start(attempt_folder, kind=kind, env=env)


def test_a_judges_key_reaches_the_one_worker_that_asks_it(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STUDIO_JUDGE_KEY", "k")
    monkeypatch.setenv("HF_TOKEN", "t")
    for kind in (JobKind.OPINION, JobKind.TRAIN):
        jobs.submit(store, kind=kind, subject_id="study-1", spec={"judge": {"key_variable": "STUDIO_JUDGE_KEY"}})
    Supervisor(store, noting := Noting()).tick()
    asking, training = noting.known[JobKind.OPINION], noting.known[JobKind.TRAIN]
    assert asking["STUDIO_JUDGE_KEY"] == "k" and "HF_TOKEN" not in asking
    assert "STUDIO_JUDGE_KEY" not in training


def test_a_judge_cannot_be_told_to_send_another_secret(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STUDIO_DATABASE", "postgresql://me:hunter2@host/db")
    spec = {"judge": {"key_variable": "STUDIO_DATABASE"}}
    jobs.submit(store, kind=JobKind.OPINION, subject_id="study-1", spec=spec)
    Supervisor(store, noting := Noting()).tick()
    assert "STUDIO_DATABASE" not in noting.known[JobKind.OPINION]
