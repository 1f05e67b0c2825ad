"""Chaos: whatever can be done to supervisors and workers, at random, and what must hold all the same.

    python -m tests.jobs.chaos [--minutes 10] [--seed 1] [--postgresql | --small-disk]

On SQLite two supervisors of one machine vie for its lock; on PostgreSQL two hosts vie for the lease. On a small disk, which
needs root, it is filled up as well. What must hold:
never two live workers of one run or on one device; what was acknowledged stays; events are numbered without a gap; what
is done stays done; every step is there; all ends well once the chaos does; and no process is left.
"""

import argparse
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import sqlalchemy
from sqlalchemy import create_engine, text

from studio.domain.errors import RunError, StudioError
from studio.domain.event import EventKind
from studio.domain.job import LIVE, Job, JobKind, JobState, Wish
from studio.store import jobs
from studio.store.database import Store, open_store
from studio.store.workspace import Workspace
from tests.postgresql import running_server
from tests.small_disk import fill, mounted

HERE = Path(__file__).parent
TERMS = ("0.2", "2.0", "3.5")
GRACE = ("0.5", "0.5", "0.5", "2.5")
AT_ONCE = 3
WAIT = 180.0
SMALL = "24m"


@dataclass
class Host:
    """A supervisor that is started again and again."""

    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        if self.process is None or self.process.poll() is not None:
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(self.command, env=self.environment, stderr=log)

    def send(self, number: signal.Signals) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)


@dataclass
class Chaos:
    """`is_small` says that the workspace lies on a disk that may be filled up."""

    store: Store
    hosts: list[Host]
    random: random.Random
    steps: int = 12
    is_small: bool = False
    done_to: Counter[str] = field(default_factory=Counter)
    acknowledged: list[str] = field(default_factory=list)
    finished: dict[str, Job] = field(default_factory=dict)
    attempts: Counter[str] = field(default_factory=Counter)
    stopped: list[psutil.Process] = field(default_factory=list)

    def rage(self, *, until: Callable[[int], bool]) -> None:
        """Do one thing after the other, until as many as that."""
        while not until(self.done_to.total()):
            for host in self.hosts:
                host.ensure()
            if len(self.live()) < AT_ONCE:
                self.submit()
            fault = self.random.choice(self.faults())
            with suppress(RunError):  # the moment for a press had passed
                fault()
            self.done_to[fault.__name__] += 1
            self.look()
            time.sleep(self.random.uniform(0.05, 0.6))

    def faults(self) -> list[Callable[[], None]]:
        mild = [self.kill_worker, self.kill_worker, self.hang_worker, self.kill_supervisor, self.end_supervisor]
        mild += [self.hang_supervisor, self.lock_database, self.press_stop, self.press_resume, self.lose_caller]
        return mild + ([self.fill_disk] if self.is_small else [])

    def calm(self) -> None:
        """Let everything go on, and have people resume what waits for them, until all is done."""
        self.let_go_on()
        deadline = time.monotonic() + WAIT
        while left := [job for job in self.all() if job.state is not JobState.DONE]:
            assert time.monotonic() < deadline, f"not done in {WAIT:.0f} s: {left}"
            for host in self.hosts:
                host.ensure()
            for job in left:
                if job.state not in LIVE or job.wish is Wish.STOP:
                    with suppress(RunError):
                        jobs.requeue(self.store, job.id)
            self.look()
            time.sleep(0.2)
        for host in self.hosts:
            host.send(signal.SIGTERM)
        for host in self.hosts:
            if host.process:
                host.process.wait(30)

    # What is done to them

    def kill_worker(self) -> None:
        if worker := self.worker():
            worker.kill()

    def hang_worker(self) -> None:
        if worker := self.worker():
            worker.suspend()
            self.stopped.append(worker)

    def kill_supervisor(self) -> None:
        self.random.choice(self.hosts).send(signal.SIGKILL)

    def end_supervisor(self) -> None:
        self.random.choice(self.hosts).send(signal.SIGTERM)

    def hang_supervisor(self) -> None:
        """Sometimes for longer than the others wait."""
        self.let_go_on()
        host = self.random.choice(self.hosts)
        host.send(signal.SIGSTOP)
        time.sleep(self.random.choice([0.5, 0.5, 5.0]))
        host.send(signal.SIGCONT)

    def lock_database(self) -> None:
        with self.store.write() as connection:
            if self.store.is_shared:
                connection.execute(text("LOCK TABLE jobs IN ACCESS EXCLUSIVE MODE"))
            time.sleep(self.random.uniform(0.1, 2.0))

    def press_stop(self) -> None:
        if live := self.live():
            jobs.wish(self.store, self.random.choice(live).id, Wish.STOP)

    def press_resume(self) -> None:
        if all_ := self.all():
            jobs.requeue(self.store, self.random.choice(all_).id)

    def lose_caller(self) -> None:
        """Whoever submits is killed at any moment: what was acknowledged is there, and asking again makes no second."""
        key, kind, (reads, writes) = f"key-{len(self.acknowledged)}-{self.random.random()}", self.kind(), os.pipe()
        if (child := os.fork()) == 0:
            with suppress(BaseException):
                os.write(writes, self.submit(key, kind).encode())
            time.sleep(60)
            os._exit(1)
        os.close(writes)
        time.sleep(self.random.uniform(0, 0.1))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reads, "rb") as told:
            heard = told.read().decode()
        again = self.submit(key, kind)
        assert heard in ("", again)

    def fill_disk(self) -> None:
        filler = self.store.workspace.root / "filler"
        fill(filler)
        time.sleep(self.random.uniform(0.1, 1.0))
        filler.unlink()

    # What is looked at

    def kind(self) -> JobKind:
        return JobKind.TRAIN if self.random.random() < 0.8 else JobKind.MEASURE

    def submit(self, key: str | None = None, kind: JobKind | None = None) -> str:
        name = key or f"run-{len(self.acknowledged)}"
        spec = {"play": "count", "run": str(self.runs / name), "steps": self.steps, "seconds": 0.03}
        made = jobs.submit(self.store, kind=kind or self.kind(), subject_id=name, spec=spec, key=key)
        self.acknowledged.append(made.id)
        return made.id

    @property
    def runs(self) -> Path:
        return self.store.workspace.root / "runs"

    def all(self) -> list[Job]:
        return [jobs.get(self.store, job_id) for job_id in self.acknowledged]

    def live(self) -> list[Job]:
        return [job for job in self.all() if job.is_live]

    def worker(self) -> psutil.Process | None:
        pids = [job.pid for job in self.live() if job.pid]
        with suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.random.choice(pids)) if pids else None
            if worker and "stand_in.py" in " ".join(worker.cmdline()):
                return worker
        return None

    def let_go_on(self) -> None:
        for worker in self.stopped:
            with suppress(psutil.NoSuchProcess):
                worker.resume()
        self.stopped.clear()

    def look(self) -> None:
        """What is done stays as it was, and no attempt comes back."""
        for job in self.all():
            assert job.attempt >= self.attempts[job.id], job
            self.attempts[job.id] = job.attempt
            if job.id in self.finished:
                assert job == self.finished[job.id]
            elif job.state is JobState.DONE:
                self.finished[job.id] = job

    def check(self) -> None:
        """After the calm."""
        assert not list(self.runs.rglob("*.overlap")), "two live workers of one run, or on one device"
        for job in self.all():
            told = jobs.events(self.store, job.id)
            for attempt in {stored.attempt for stored in told}:
                seqs = [stored.event.seq for stored in told if stored.attempt == attempt]
                assert seqs == list(range(1, len(seqs) + 1)), (job, attempt)
            steps = {stored.event.data["step"] for stored in told if stored.event.kind is EventKind.CHECKPOINT}
            assert steps == set(range(1, self.steps + 1)), job
        root = str(self.store.workspace.root)
        left = [
            process for process in psutil.process_iter(["cmdline"]) if root in " ".join(process.info["cmdline"] or [])
        ]
        assert not left, left


@contextmanager
def two_hosts(store: Store, url: str | None, folder: Path):
    """Supervisors for the store; none is left at the end."""
    command = [sys.executable, str(HERE / "stand_in_supervisor.py"), str(store.workspace.root), "--grace", *GRACE]
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])} | ({"STUDIO_DATABASE": url} if url else {})
    hosts = [
        Host([*command, *(("--host", name, "--terms", *TERMS) if url else ())], environment, folder / f"{name}.log")
        for name in ("first", "second")
    ]
    try:
        yield hosts
    finally:
        for host in hosts:
            host.send(signal.SIGKILL)
            if host.process:
                host.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.jobs.chaos")
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--postgresql", action="store_true")
    kind.add_argument("--small-disk", action="store_true", help="SQLite on a disk that is filled up now and then")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        if options.small_disk:
            with mounted(Path(folder) / "disk", size=SMALL) as disk:
                rage_for(options.minutes, options.seed, Path(folder), None, disk=disk)
            return
        if not options.postgresql:
            rage_for(options.minutes, options.seed, Path(folder), None)
            return
        with running_server() as server:
            engine = create_engine(server.address.format(name="postgres"), isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text("CREATE DATABASE chaos"))
            engine.dispose()
            rage_for(options.minutes, options.seed, Path(folder), server.address.format(name="chaos"))


def rage_for(minutes: float, seed: int, folder: Path, url: str | None, *, disk: Path | None = None) -> None:
    """On a `disk` that may be filled up, if there is one."""
    store, end = open_store(Workspace((disk or folder) / "workspace"), url=url), time.monotonic() + minutes * 60
    with closing(store), two_hosts(store, url, folder) as hosts:
        chaos = Chaos(store, hosts, random.Random(seed), is_small=disk is not None)
        try:
            chaos.rage(until=lambda _: time.monotonic() > end)
            chaos.calm()
            chaos.check()
        except (AssertionError, StudioError):
            print(*(host.log.read_text()[-5000:] for host in hosts), sep="\n")
            raise
        told = ", ".join(f"{count} × {name.replace('_', ' ')}" for name, count in chaos.done_to.most_common())
        events = sum(len(jobs.events(store, job_id)) for job_id in chaos.acknowledged)
        print(
            f"{chaos.done_to.total()} faults on {len(chaos.finished)} jobs in {chaos.attempts.total()} attempts with "
            f"{events:,} events: all held ({told}); {version(store)}, SQLAlchemy {sqlalchemy.__version__}, "
            f"Python {platform.python_version()}"
        )


def version(store: Store) -> str:
    """Which database it was."""
    with store.read() as connection:
        found = connection.dialect.server_version_info or ()
    return f"{connection.dialect.name} {'.'.join(map(str, found))}"


if __name__ == "__main__":
    main()
