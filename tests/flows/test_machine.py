"""What this computer can do, for the header row and for a run that is started now."""

import os

import pytest

from studio.domain.job import JobKind
from studio.domain.machine import Gpu, Machine
from studio.flows import machine
from studio.flows.studio import Studio
from studio.store import jobs


def test_the_machine_is_measured_where_the_workspace_is(resting: Studio):
    found = machine.machine(resting)
    assert found.cores >= 1 and 0 < found.memory_free <= found.memory and found.disk_free > 0


def test_what_runs_now_has_ended_when_the_next_run_begins(resting: Studio):
    assert not machine.for_the_next(resting)[1]
    jobs.submit(resting.store, kind=JobKind.TRAIN, subject_id="run-1", spec={})
    assert not machine.for_the_next(resting)[1], "it waits, and holds nothing"
    claimed = jobs.claim(resting.store, kinds=[JobKind.TRAIN])
    assert claimed is not None
    jobs.set_process(resting.store, claimed[0].id, claimed[0].attempt, pid=os.getpid(), started="now")
    before, (after, has_to_wait) = machine.machine(resting), machine.for_the_next(resting)
    assert has_to_wait and after.memory_free > before.memory_free + 20_000_000


def test_of_several_gpus_the_chosen_one_is_planned_for_and_of_any_an_idle_one_with_the_most_free_memory(
    resting: Studio, monkeypatch: pytest.MonkeyPatch
):
    small, large, busy = (
        Gpu(f"Card {name}", 10**11, free, f"GPU-{name}") for name, free in zip("abc", (2, 4, 9), strict=True)
    )
    monkeypatch.setattr(
        machine, "measure_machine", lambda _: Machine(8, 10**11, 10**11, 10**11, gpus=(small, large, busy))
    )
    jobs.submit(resting.store, kind=JobKind.TRAIN, subject_id="run-1", spec={})
    jobs.claim(resting.store, kinds=[JobKind.TRAIN], place=busy.uuid)
    for chosen, first, waits in ((None, large, False), (small.uuid, small, False), (busy.uuid, busy, True)):
        found, has_to_wait = machine.for_the_next(resting, chosen)
        assert (found.gpus[0], has_to_wait, len(found.gpus)) == (first, waits, 3)
