"""One host at a time carries out the jobs of a database, and another one only after it is sure that nobody else does."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from studio.domain.errors import SetupError
from studio.domain.job import JobKind, JobState
from studio.jobs.lease import Lease, Terms, check_folder, lease_of
from studio.jobs.process import identity_of
from studio.store import jobs, supervision
from studio.store.database import Store, Superseded, open_store
from studio.store.supervision import Holder
from studio.store.workspace import Workspace

TERMS = Terms(beat=5, sure=45, lost=60)


@dataclass
class Clock:
    """The seconds of one host."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Host:
    """A host that looks and beats as often as it should, unless it hangs."""

    lease: Lease
    clock: Clock = field(default_factory=Clock)

    def live(self, seconds: float) -> None:
        for _ in range(int(seconds / self.lease.terms.beat)):
            self.clock.now += self.lease.terms.beat
            self.lease.beat()
            self.lease.current()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, tmp_path: Path):
    """A database that several hosts could reach; the rules are SQL, so SQLite keeps them as well."""
    url = None
    if request.param == "postgresql":
        url = request.getfixturevalue("new_database")(template=request.getfixturevalue("migrated"))
    store = open_store(Workspace(tmp_path / "workspace"), url=url)
    yield store
    store.close()


@pytest.fixture
def host(shared: Store) -> Callable[..., Host]:
    def make(name: str, *, folder: str = "ours", now: float = 0.0) -> Host:
        clock = Clock(now)
        return Host(Lease(shared, Holder(name, 7, f"{name}:1", folder), TERMS, clock), clock)

    return make


def test_who_comes_first_holds_it_and_the_other_waits_as_long_as_it_counts(host):
    first, second = host("first"), host("second", now=5_000.0)
    assert (first.lease.current(), second.lease.current()) == (1, None)
    for _ in range(30):
        first.live(10)
        second.live(10)
    assert (first.lease.current(), second.lease.current()) == (1, None)


def test_who_is_silent_is_unsure_before_another_takes_over_and_can_write_no_more(shared, host):
    for name in ("run-1", "run-2"):
        jobs.submit(shared, kind=JobKind.TRAIN, subject_id=name, spec={})
    first, second = host("first"), host("second")
    assert first.lease.current() == 1
    as_first = replace(shared, term=1)
    job, _ = jobs.claim(as_first, kinds=[JobKind.TRAIN])
    second.live(50)
    first.clock.now = 50
    assert (first.lease.current(), second.lease.current()) == (None, None)  # nobody: the one is not sure, nor the other
    second.live(15)
    assert second.lease.current() == 2
    with pytest.raises(Superseded):
        jobs.move(as_first, job.id, attempt=1, to=JobState.DONE)
    with pytest.raises(Superseded):
        jobs.claim(as_first, kinds=[JobKind.TRAIN])
    assert jobs.get(shared, job.id).state is JobState.RUNNING
    assert jobs.move(replace(shared, term=2), job.id, attempt=1, to=JobState.QUEUED)
    assert not first.lease.beat()
    assert first.lease.current() is None


def test_who_was_silent_goes_on_if_nobody_came_meanwhile(host):
    first = host("first")
    assert first.lease.current() == 1
    first.clock.now = 10_000
    assert first.lease.current() is None
    assert first.lease.beat()
    assert first.lease.current() == 1


def test_who_hangs_while_it_waits_does_not_mistake_that_for_the_silence_of_the_other(host):
    first, second = host("first"), host("second")
    first.lease.current(), second.lease.current()
    first.live(100)
    second.clock.now = 100
    assert second.lease.current() is None
    first.live(5)
    second.live(55)
    assert second.lease.current() is None


def test_who_counts_on_in_the_very_moment_of_a_takeover_keeps_it(shared, host):
    first, second = host("first").lease, host("second").lease
    assert first.current() == 1
    silent = supervision.held(shared)
    assert first.beat()
    assert supervision.take(shared, second.holder, seen=silent) is None and first.beat()
    assert supervision.take(shared, second.holder, seen=supervision.held(shared)) == 2 and not first.beat()


def test_what_was_given_back_is_taken_at_once(host):
    first, second = host("first"), host("second")
    first.lease.current()
    first.lease.give_back()
    assert first.lease.term is None
    assert second.lease.current() == 2


def test_a_supervisor_of_the_same_machine_that_has_ended_is_not_waited_for(shared, host):
    here = lease_of(shared, TERMS)
    me = identity_of(os.getpid())
    gone, alive = replace(here.holder, started=me.started + "0"), replace(here.holder, pid=os.getppid())
    for other, taken in ((gone, 2), (replace(alive, started=identity_of(os.getppid()).started), None)):
        assert Lease(shared, other, TERMS, Clock(), seen=None).current()
        assert lease_of(shared, TERMS).current() == taken
        shared.workspace.folder_id.write_text(here.holder.folder)
        here.term = taken
        here.give_back()


def test_another_folder_is_refused_in_a_sentence(shared, host, tmp_path):
    check_folder(shared)
    host("first").lease.current()
    other = Workspace(tmp_path / "other")
    other.prepare()
    for look in (host("second", folder="theirs").lease.current, lambda: check_folder(replace(shared, workspace=other))):
        with pytest.raises(SetupError, match="files in a folder on first, and this is another folder"):
            look()
