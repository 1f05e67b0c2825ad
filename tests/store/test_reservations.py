"""Reservations: what jobs may still write is promised once, never twice, for as long as they wait or run."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from studio.domain.errors import RunError, StudioError
from studio.domain.event import Event, EventKind
from studio.domain.job import JobKind, JobState, Wish
from studio.domain.space import SPARE, Claim
from studio.store import jobs
from studio.store.database import Store
from studio.store.ids import new_id

DISK = SPARE + 1_000


def claim(store: Store, size: int, *, place: Path | None = None, disk: int = DISK, budget: int | None = None) -> Claim:
    place = place or store.workspace.run(new_id("run"))
    return Claim(size, place, store.workspace.root, disk, budget, lambda missing: RunError(f"{missing} are missing"))


def start(store: Store, asked: Claim, kind: JobKind = JobKind.TRAIN) -> str:
    return jobs.submit(store, kind=kind, subject_id="any", spec={}, claim=asked).id


def test_what_waits_counts_and_is_refused_by_how_much_is_missing(store: Store):
    start(store, claim(store, 700))
    with pytest.raises(RunError, match="400 are missing"):
        start(store, claim(store, 700))
    assert len(jobs.live(store)) == 1
    start(store, claim(store, 300))
    assert jobs.promised(store, store.workspace.root) == (1000, 1000)


def test_it_is_given_back_however_a_job_ends_and_taken_again_when_it_goes_on(store: Store):
    job_id = start(store, claim(store, 700))
    other = claim(store, 700)
    for number, ending in enumerate((JobState.INTERRUPTED, JobState.FAILED, JobState.STOPPED), start=1):
        assert jobs.claim(store, kinds=[JobKind.TRAIN])
        assert jobs.left_beside(store, other) < 0
        assert jobs.move(store, job_id, attempt=number, to=ending)
        assert jobs.left_beside(store, other) == 300
        jobs.requeue(store, job_id)
        assert jobs.left_beside(store, other) < 0
    jobs.wish(store, job_id, Wish.STOP)
    assert jobs.promised(store, store.workspace.root) == (0, 0)
    start(store, other)
    with pytest.raises(RunError, match="400 are missing"):
        jobs.requeue(store, job_id, claim=claim(store, 700))
    assert jobs.get(store, job_id).state is JobState.STOPPED


def test_what_is_written_already_is_not_promised_a_second_time(store: Store):
    place = store.workspace.release("release-1")
    draft = place.with_name(".release-1.part")
    draft.mkdir()
    (draft / "model").write_bytes(bytes(400))
    start(store, claim(store, 700, place=place))
    assert jobs.promised(store, store.workspace.root) == (300, 300)
    draft.rename(place)
    assert jobs.promised(store, store.workspace.root) == (300, 300)


def test_of_a_model_as_much_is_promised_as_the_hub_says_it_has(store: Store):
    job_id = start(store, claim(store, 0, place=store.workspace.model("m")), JobKind.DOWNLOAD)
    assert jobs.claim(store, kinds=[JobKind.DOWNLOAD])
    told = Event(seq=1, at=1.0, kind=EventKind.PROGRESS, data={"done": 0, "total": 900})
    jobs.add_events(store, job_id, 1, [told], offset=10)
    assert jobs.promised(store, store.workspace.root) == (900, 900)


def test_the_budget_counts_what_is_in_the_workspace_alone(store: Store, tmp_path: Path):
    start(store, claim(store, 500, place=tmp_path / "elsewhere"))
    start(store, claim(store, 300, budget=300))
    with pytest.raises(RunError, match="100 are missing"):
        start(store, claim(store, 100, budget=300))


def test_many_starts_at_once_are_never_promised_more_than_there_is(store: Store):
    def press(_: int) -> bool:
        try:
            return bool(start(store, claim(store, 300)))
        except StudioError:
            return False

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(press, range(24))) == 3
    assert jobs.promised(store, store.workspace.root) == (900, 900)
