"""What this computer has."""

import os
from types import SimpleNamespace

import psutil
import pytest

from studio.domain.machine import Gpu, Machine
from studio.recipes import machine
from studio.recipes.machine import cores, disk_free, measure_machine, memory, without


def test_this_machine_is_measured_without_a_complaint(tmp_path):
    found = measure_machine(tmp_path)
    assert found.cores >= 1
    assert 0 < found.memory_free <= found.memory
    assert found.disk_free > 0


def test_a_folder_that_does_not_exist_yet_counts_as_its_parent(tmp_path):
    assert disk_free(tmp_path / "not" / "yet") > 0


def test_a_containers_limits_are_the_machines_limits(tmp_path):
    (tmp_path / "memory.max").write_text("1000000000\n")
    (tmp_path / "memory.current").write_text("600000000\n")
    (tmp_path / "memory.stat").write_text("anon 500000000\ninactive_file 100000000\n")
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert memory(tmp_path) == (1_000_000_000, 500_000_000)
    assert cores(tmp_path) == 1


@pytest.mark.parametrize("text", ["max\n", "", "nonsense"])
def test_without_a_limit_the_whole_machine_counts(tmp_path, text):
    (tmp_path / "memory.max").write_text(text)
    (tmp_path / "cpu.max").write_text(text)
    assert memory(tmp_path)[0] == psutil.virtual_memory().total
    assert cores(tmp_path) >= 1


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [(None, ["a", "b"]), ("1", ["b"]), ("1,0", ["b", "a"]), ("GPU-a", ["a"]), ("", []), ("-1", []), ("7", [])],
)
def test_only_gpus_that_the_worker_would_see_are_counted(allowed, expected):
    both = tuple(Gpu(name=name, memory=1, free=1, uuid=f"GPU-{name}") for name in "ab")
    assert [gpu.name for gpu in machine._visible(both, allowed)] == expected


def test_what_our_own_processes_hold_is_free_once_they_have_ended(monkeypatch):
    ours = SimpleNamespace(pid=os.getpid(), usedGpuMemory=30)
    others = SimpleNamespace(pid=1, usedGpuMemory=50)
    for name in ("nvmlInit", "nvmlShutdown"):
        monkeypatch.setattr(machine.pynvml, name, lambda: None)
    monkeypatch.setattr(machine.pynvml, "nvmlDeviceGetHandleByUUID", lambda uuid: uuid)
    monkeypatch.setattr(machine.pynvml, "nvmlDeviceGetComputeRunningProcesses", lambda _: [ours, others])
    found = Machine(2, memory=10**12, memory_free=5, disk_free=1, gpus=(Gpu("card", 100, 20, "GPU-1"),))
    left = without(found, [os.getpid()])
    assert left.memory_free > 10_000_000 and left.gpus[0].free == 50
    assert without(found, []) == found


def test_a_process_that_is_gone_and_a_card_that_tells_nothing_free_nothing():
    found = Machine(2, memory=100, memory_free=5, disk_free=1, gpus=(Gpu("card", 100, 20, "GPU-none"),))
    assert without(found, [2**22 + 1]) == found
