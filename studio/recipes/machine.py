"""Machine: measure what this computer has. Nothing here raises; what cannot be read counts as absent."""

import os
from collections.abc import Collection
from dataclasses import replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import pynvml

from studio.domain.machine import Gpu, Machine

DISK_FLOOR = 1_000_000_000  # bytes: with less the disk counts as low
CGROUP = Path("/sys/fs/cgroup")
CPU_INFO = Path("/proc/cpuinfo")
CPU_BUILD = "+cpu"


def measure_machine(path: Path, *, cgroup: Path = CGROUP) -> Machine:
    """Cores, memory, disk at `path` and usable GPUs of this computer, or of the container that this process runs in."""
    total, free = memory(cgroup)
    return Machine(
        cores=cores(cgroup),
        memory=total,
        memory_free=free,
        disk_free=disk_free(path),
        gpus=usable_gpus(),
        bf16=has_bf16(),
    )


def without(machine: Machine, pids: Collection[int]) -> Machine:
    """The machine as it will be once these processes of ours have ended, as far as their memory can be seen."""
    held = sum(map(_held, pids))
    return replace(
        machine,
        memory_free=min(machine.memory, machine.memory_free + held),
        gpus=tuple(replace(gpu, free=min(gpu.memory, gpu.free + _held_on(gpu.uuid, pids))) for gpu in machine.gpus),
    )


def usable_gpus() -> tuple[Gpu, ...]:
    """The GPUs that the installed torch can train on."""
    return gpus() if can_use_gpus() else ()


def gpus() -> tuple[Gpu, ...]:
    """NVIDIA GPUs that the driver shows and CUDA_VISIBLE_DEVICES allows, whatever torch can do with them."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        found = tuple(_gpu(index) for index in range(pynvml.nvmlDeviceGetCount()))
    except pynvml.NVMLError:
        found = ()
    finally:
        pynvml.nvmlShutdown()
    return _visible(found, os.environ.get("CUDA_VISIBLE_DEVICES"))


def driver_version() -> str:
    """The NVIDIA driver's version; empty when there is none."""
    try:
        pynvml.nvmlInit()
        return str(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return ""


@cache
def can_use_gpus() -> bool:
    """Whether the installed torch is a build that can use a GPU at all; told from its version, without importing it."""
    try:
        return not version("torch").endswith(CPU_BUILD)
    except PackageNotFoundError:
        return False


def cores(cgroup: Path = CGROUP) -> int:
    """Processor cores that this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    words = _text(cgroup / "cpu.max").split()
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
        return max(1, min(allowed, round(int(words[0]) / int(words[1]))))
    return allowed


def memory(cgroup: Path = CGROUP) -> tuple[int, int]:
    """Total and free bytes, within the container's limit if there is one (control groups, version 2)."""
    whole = psutil.virtual_memory()
    limit = _text(cgroup / "memory.max").strip()
    if not limit.isdigit():
        return whole.total, whole.available
    used = _number(_text(cgroup / "memory.current"))
    lines = dict(line.split(maxsplit=1) for line in _text(cgroup / "memory.stat").splitlines() if " " in line)
    cache = _number(lines.get("inactive_file", "0"))
    free = max(int(limit) - max(used - cache, 0), 0)
    return min(whole.total, int(limit)), min(whole.available, free)


def disk_free(path: Path) -> int:
    """Free bytes on the disk that holds `path` or, while it does not exist, its nearest parent."""
    for place in (path, *path.absolute().parents):
        try:
            return psutil.disk_usage(str(place)).free
        except OSError:
            continue
    return 0


@cache
def has_bf16() -> bool:
    """Whether the processor has bf16 instructions; only Linux on x86 says so, elsewhere it is assumed."""
    text = _text(CPU_INFO)
    return "flags" not in text or "avx512_bf16" in text or "amx_bf16" in text


def _held(pid: int) -> int:
    try:
        return psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return 0


def _held_on(uuid: str, pids: Collection[int]) -> int:
    """Bytes of a GPU that these processes hold; 0 where the driver does not tell, as in some containers."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        there = pynvml.nvmlDeviceGetComputeRunningProcesses(pynvml.nvmlDeviceGetHandleByUUID(uuid))
        return sum(int(process.usedGpuMemory or 0) for process in there if process.pid in pids)
    except pynvml.NVMLError:
        return 0
    finally:
        pynvml.nvmlShutdown()


def _gpu(index: int) -> Gpu:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    name, uuid = pynvml.nvmlDeviceGetName(handle), pynvml.nvmlDeviceGetUUID(handle)
    major, minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    return Gpu(str(name), int(memory.total), int(memory.free), str(uuid), (int(major), int(minor)))


def _visible(found: tuple[Gpu, ...], allowed: str | None) -> tuple[Gpu, ...]:
    """The GPUs that the variable names, by number or by the start of their id, in its order."""
    if allowed is None:
        return found
    names = [name.strip() for name in allowed.split(",") if name.strip()]
    by_name = {str(index): gpu for index, gpu in enumerate(found)}
    picked = [by_name.get(name) or next((gpu for gpu in found if gpu.uuid.startswith(name)), None) for name in names]
    return tuple(gpu for gpu in picked if gpu is not None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0
