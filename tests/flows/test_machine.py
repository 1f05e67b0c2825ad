"""What this computer can do, for the header row and for the doctor."""

from pathlib import Path

from studio.flows import machine
from studio.flows.studio import Studio


def test_the_machine_is_measured_where_the_workspace_is(resting: Studio):
    found = machine.machine(resting)
    assert found.cores >= 1 and 0 < found.memory_free <= found.memory and found.disk_free > 0


def test_the_doctor_needs_no_workspace_and_makes_none(tmp_path: Path):
    checks = machine.doctor(tmp_path / "none", port=0)
    assert [check.name for check in checks if check.needed and not check.ok] == []
    assert not (tmp_path / "none").exists()
