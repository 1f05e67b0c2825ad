"""What this computer can do, for the header row."""

from studio.flows import machine
from studio.flows.studio import Studio


def test_the_machine_is_measured_where_the_workspace_is(resting: Studio):
    found = machine.machine(resting)
    assert found.cores >= 1 and 0 < found.memory_free <= found.memory and found.disk_free > 0
