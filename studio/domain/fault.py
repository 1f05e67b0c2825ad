"""Fault: what went wrong with a run, why as far as it is known, what was done, and the one change that may mend it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class FaultCode(StrEnum):
    NOT_FINITE = "not_finite"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    STALLED = "stalled"
    KILLED = "killed"
    DATA = "data"
    MODEL = "model"
    CRASH = "crash"


class Fault(BaseModel):
    """One thing that went wrong; all but `code`, `change` and `step` are sentences for people.

    `change` are the values of the recipe that a new run should have instead, `proposal` the same in words without a
    full stop, and `step` the checkpoint that it should begin from; without one it begins anew. `fix` is what else to
    do.
    """

    model_config = ConfigDict(frozen=True)

    code: FaultCode
    happened: str
    why: str = ""
    done: str = ""
    fix: str = ""
    change: dict[str, int | float | bool | str] = {}
    proposal: str = ""
    step: int | None = None

    @property
    def sentence(self) -> str:
        """What happened, why, and what was done, as one line."""
        return " ".join(part for part in (self.happened, self.why, self.done) if part)

    @property
    def next_step(self) -> str:
        """What to do about it, as one sentence; empty where nothing needs to be done."""
        return f"{self.proposal}." if self.proposal else self.fix


def third(rate: float) -> float:
    """A third of a learning rate, in two digits."""
    return float(f"{rate / 3:.1e}")


def lower_rate(rate: float) -> tuple[dict[str, int | float | bool | str], str]:
    """What helps a loss that broke: the change, and its words without a beginning."""
    lower = third(rate)
    return {"learning_rate": lower}, f"with a third of the learning rate ({lower:.3g} instead of {rate:.3g})"
