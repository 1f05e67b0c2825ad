"""Faults: what broke in a run, told from the evidence at hand."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from studio.domain.errors import RunError, StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.fault import Fault, FaultCode, lower_rate
from studio.domain.method import FURTHER
from studio.domain.recipe import Recipe

MOST_LINES = 12


class Following:
    """Passes on what a run reports, and remembers what it was doing and how far it was."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.doing = "starting"
        self.step = 0
        self.longest = 0  # tokens of the longest row, once the rows are prepared

    def report(self, kind: EventKind, **data: Any) -> None:
        if kind is EventKind.PHASE:
            self.doing = data["name"]
        elif kind is EventKind.PROGRESS:
            self.step = data["done"]
        self.reporter.report(kind, **data)

    def should_stop(self) -> bool:
        return self.reporter.should_stop()


class Blamed(StudioError):
    """A refusal of which it is known what it is about."""

    def __init__(self, about: FaultCode, error: StudioError) -> None:
        super().__init__(error.message, fix=error.fix)
        self.about = about


@contextmanager
def about(code: FaultCode) -> Iterator[None]:
    """Whatever is refused or missing in here is about the rows, or about the model."""
    try:
        yield
    except StudioError as error:
        raise Blamed(code, error) from error
    except FileNotFoundError as error:
        what = "rows" if code is FaultCode.DATA else "model"
        raise Blamed(
            code,
            RunError(
                f"The {what} of this run {'are' if what == 'rows' else 'is'} no longer where it was: {error.filename}.",
                fix="Bring the file again and start a new run."
                if what == "rows"
                else "Put the model's folder back and resume, or choose another model.",
            ),
        ) from error


def refused(error: StudioError) -> Outcome:
    """The outcome of a run that cannot be carried out as it was asked for."""
    if not isinstance(error, Blamed):
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    return ended(Fault(code=error.about, happened=error.message, fix=error.fix))


def ended(fault: Fault, *, result: dict[str, Any] | None = None) -> Outcome:
    """The outcome that a fault is."""
    return Outcome(
        state="failed",
        message=fault.sentence,
        fix=fault.next_step,
        code=fault.code.value,
        result=(result or {}) | {"fault": fault.model_dump(mode="json")},
    )


NOTHING_LEARNED = (
    "Nothing had been learned yet, so the rows of that step or the model are the cause, not the learning rate."
)


def not_finite(
    what: str,
    *,
    step: int,
    steps: int,
    rate: float | None,
    gradients: Sequence[float],
    lines: Sequence[int],
    kept: int | None,
    recipe: Recipe,
) -> Fault:
    """A loss or a gradient that is no number any more; `gradients` are the norms of the last steps, in order.

    In the first step nothing has been learned yet, so a lower learning rate would change nothing.
    """
    is_first = step <= 1
    change, lower = ({}, "") if is_first else lower_rate(recipe.learning_rate)
    begins = kept if kept and recipe.method in FURTHER else None
    whence = f"Go on from the checkpoint of step {begins:,}" if begins else "Start again"
    told = f"The learning rate was {rate:.3g} then." if rate is not None else ""
    evidence = [NOTHING_LEARNED if is_first else told, _norms(gradients), _rows(lines)]
    return Fault(
        code=FaultCode.NOT_FINITE,
        happened=f"{what} stopped being a number at step {step:,} of {steps:,}.",
        why=" ".join(part for part in evidence if part),
        done=f"The run was stopped at once. The checkpoint of step {kept:,} is unharmed and kept."
        if kept
        else "The run was stopped at once. No checkpoint had been saved yet.",
        change=change,
        proposal="" if is_first else f"{whence} {lower}",
        fix="Look at these rows on Inspect and leave out what is unusual in them, or choose another model."
        if is_first
        else "",
        step=begins,
    )


def _norms(gradients: Sequence[float]) -> str:
    if not gradients:
        return ""
    told = ["not a number" if not math.isfinite(norm) else f"{norm:.3g}" for norm in gradients]
    return f"The gradient norm was {told[0]}." if len(told) == 1 else f"The gradient norm went {' → '.join(told)}."


def _rows(lines: Sequence[int]) -> str:
    if not lines:
        return ""
    unique = sorted(set(lines))
    listed = ", ".join(f"{line:,}" for line in unique[:MOST_LINES])
    more = f" and {len(unique) - MOST_LINES} more" if len(unique) > MOST_LINES else ""
    plural = "s" if len(unique) > 1 else ""
    return f"That step read the row{plural} on line{plural} {listed}{more} of your file."
