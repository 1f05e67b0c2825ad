"""Machine: what this computer can do, as measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gpu:
    """A card as its driver tells of it; `capability` is that of CUDA, and (0, 0) where it is not known."""

    name: str
    memory: int
    free: int
    uuid: str
    capability: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Machine:
    """Memory and disk in bytes; `bf16` says whether the processor has instructions for 16-bit floats."""

    cores: int
    memory: int
    memory_free: int
    disk_free: int
    gpus: tuple[Gpu, ...] = ()
    bf16: bool = True

    @property
    def has_gpu(self) -> bool:
        return bool(self.gpus)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report: `ok`, or what is missing and what to do about it."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    needed: bool = True
