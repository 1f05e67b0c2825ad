"""What this computer can do, for the header row and for a run that is started now."""

import os

from studio.domain.job import JobKind
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
