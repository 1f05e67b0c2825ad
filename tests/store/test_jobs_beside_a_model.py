"""Jobs on both databases do what a model of a few lines does, whatever is done to them in whichever order."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test
from sqlalchemy import func, select

from studio.domain.errors import RunError, StudioError
from studio.domain.event import Event, EventKind
from studio.domain.job import LIVE, TRANSITIONS, JobKind, JobState, Wish
from studio.store import jobs, tables
from studio.store.database import Store

FEW = settings(
    max_examples=12,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
KINDS = (JobKind.TRAIN, JobKind.MEASURE)


@dataclass
class Attempt:
    seqs: set[int] = field(default_factory=set)
    offset: int = 0
    last_seq: int = 0


@dataclass
class Model:
    """One job, as it should be; `place` is its place in the line."""

    kind: JobKind
    place: int
    state: JobState = JobState.QUEUED
    wish: Wish = Wish.RUN
    pausing: bool = False
    done: int = 0
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def seen(self) -> tuple[JobState, Wish, bool, int, int]:
        return self.state, self.wish, self.pausing, len(self.attempts), self.done


class Jobs(RuleBasedStateMachine):
    store: Store
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        with self.store.write() as connection:
            for table in (tables.events, tables.attempts, tables.specs, tables.jobs):
                connection.execute(table.delete())
        self.models: dict[str, Model] = {}
        self.keys: dict[tuple[JobKind, str], str] = {}
        self.places = 0

    def next_place(self) -> int:
        self.places += 1
        return self.places

    @rule(target=ids, kind=st.sampled_from(KINDS), key=st.sampled_from([None, "a", "b"]))
    def submit(self, kind, key):
        made = jobs.submit(self.store, kind=kind, subject_id="data-1", spec={}, key=key)
        if key is not None and (kind, key) in self.keys:
            assert made.id == self.keys[kind, key]
            return multiple()
        assert made.id not in self.models
        self.models[made.id] = Model(kind, self.next_place())
        if key is not None:
            self.keys[kind, key] = made.id
        return made.id

    @rule(kinds=st.sets(st.sampled_from(KINDS), min_size=1))
    def claim(self, kinds):
        waiting = [job for job in self.in_line() if self.models[job].kind in kinds]
        for job in waiting:
            if self.models[job].wish is Wish.STOP:
                self.models[job].state = JobState.STOPPED
        first = next((job for job in waiting if self.models[job].state is JobState.QUEUED), None)
        claimed = jobs.claim(self.store, kinds=kinds)
        assert (claimed[0].id if claimed else None) == first
        if first is not None:
            self.models[first].state = JobState.RUNNING
            self.models[first].attempts.append(Attempt())

    def in_line(self) -> list[str]:
        waiting = (job for job, model in self.models.items() if model.state is JobState.QUEUED)
        return sorted(waiting, key=lambda job: self.models[job].place)

    @rule(job=ids, behind=st.integers(-1, 2), to=st.sampled_from(sorted(set(JobState) - {JobState.RUNNING})))
    def move(self, job, behind, to):
        """Also in the name of attempts that are superseded or never were."""
        model = self.models[job]
        allowed = behind == 0 and to in TRANSITIONS[model.state]
        assert jobs.move(self.store, job, attempt=len(model.attempts) - behind, to=to) is allowed
        if allowed:
            model.state = to

    @rule(job=ids, wanted=st.sampled_from(Wish), pausing=st.booleans())
    def wish(self, job, wanted, pausing):
        model = self.models[job]
        jobs.wish(self.store, job, wanted, pausing=pausing)
        if model.state in LIVE:
            model.wish, model.pausing = wanted, pausing
            if wanted is Wish.STOP and model.state is JobState.QUEUED:
                model.state = JobState.STOPPED

    @rule(job=ids)
    def requeue(self, job):
        model = self.models[job]
        if model.state is JobState.DONE:
            with pytest.raises(RunError):
                jobs.requeue(self.store, job)
            return
        jobs.requeue(self.store, job)
        if model.state not in LIVE:
            model.state, model.wish, model.pausing, model.place = JobState.QUEUED, Wish.RUN, False, self.next_place()

    @rule(job=ids, behind=st.integers(-1, 2), seqs=st.lists(st.integers(1, 9), max_size=6), far=st.integers(0, 3))
    def tell(self, job, behind, seqs, far):
        """Twice, out of order, from an earlier byte, or in the name of an earlier attempt."""
        model, number = self.models[job], len(self.models[job].attempts) - behind
        told = [Event(seq=seq, at=1.0, kind=EventKind.PROGRESS, data={"done": seq, "total": 9}) for seq in seqs]
        if not 1 <= number <= len(model.attempts):
            with pytest.raises(StudioError):
                jobs.add_events(self.store, job, number, told, offset=far)
            return
        jobs.add_events(self.store, job, number, told, offset=far)
        attempt = model.attempts[number - 1]
        attempt.seqs |= set(seqs)
        if (
            (fresh := [seq for seq in seqs if seq > attempt.last_seq])
            and behind == 0
            and model.state is JobState.RUNNING
        ):
            model.done = max(fresh)
        if far >= attempt.offset:
            attempt.offset, attempt.last_seq = far, max([attempt.last_seq, *seqs])

    @invariant()
    def every_job_is_as_the_model_says(self):
        with self.store.read() as connection:
            rows = {row.id: jobs.job_of(row) for row in connection.execute(select(tables.jobs))}
            told = connection.execute(
                select(tables.events.c.job_id, tables.events.c.attempt, tables.events.c.seq)
            ).all()
            live = tables.attempts.c.ended_at.is_(None)
            alive = select(tables.attempts.c.job_id, func.count()).where(live).group_by(tables.attempts.c.job_id)
            assert all(count == 1 for _, count in connection.execute(alive))
        assert {job: (row.state, row.wish, row.pausing, row.attempt, row.done) for job, row in rows.items()} == {
            job: model.seen for job, model in self.models.items()
        }
        assert sorted(map(tuple, told)) == sorted(
            (job, number, seq)
            for job, model in self.models.items()
            for number, attempt in enumerate(model.attempts, 1)
            for seq in attempt.seqs
        )

    @invariant()
    def the_line_is_in_order(self):
        assert [job.id for job in jobs.live(self.store) if job.state is JobState.QUEUED] == self.in_line()


def test_jobs_do_what_the_model_does(store: Store):
    class OnThisDatabase(Jobs):
        pass

    OnThisDatabase.store = store
    run_state_machine_as_test(OnThisDatabase, settings=FEW)
