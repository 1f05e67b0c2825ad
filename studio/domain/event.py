"""Event: what a worker reports, one numbered JSON line at a time, and the outcome that ends an attempt."""

from enum import StrEnum
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field


class EventKind(StrEnum):
    START = "start"
    PHASE = "phase"
    PROGRESS = "progress"
    METRIC = "metric"
    CHECKPOINT = "checkpoint"
    ANSWERS = "answers"
    NOTE = "note"
    ROWS = "rows"


class Event(BaseModel):
    """One line of events.jsonl; `seq` counts from 1 within an attempt, `at` is UTC seconds since 1970."""

    model_config = ConfigDict(frozen=True)

    seq: int = Field(ge=1)
    at: float
    kind: EventKind
    data: dict[str, Any]


class Outcome(BaseModel):
    """How an attempt ended, written by the worker as its last act (outcome.json)."""

    model_config = ConfigDict(frozen=True)

    state: Literal["done", "stopped", "failed"]
    message: str
    fix: str = ""
    code: str = ""
    result: dict[str, Any] = Field(default_factory=dict)


class Reporter(Protocol):
    """How the engine and the readers tell what they do; the worker writes files, a test keeps a list.

    Data by kind: start {step}, the step that a training goes on from: what earlier attempts told of later steps no
    longer holds; phase {name}; progress {done, total, seconds_left?}; metric {step, epoch, loss?, validation_loss?,
    token_accuracy?, validation_token_accuracy?, chance_loss?, margin?, accuracy?, learning_rate?, grad_norm?,
    tokens?, tokens_per_second?, memory?}; checkpoint {step, epoch, validation_loss, path, sha256, bytes}; answers
    {step, items: [{prompt, answer}]}; note {text, fault?}: a fault is one that the run goes on after; rows
    {guess, rows}: the first rows of a file as they are understood so far.
    """

    def report(self, kind: EventKind, **data: Any) -> None: ...

    def should_stop(self) -> bool: ...
