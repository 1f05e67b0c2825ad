"""Run: a recipe being carried out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from studio.domain.job import LIVE, Job, JobState
from studio.domain.plan import Plan
from studio.domain.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Origin:
    """The run that another one came from, and the checkpoint that it begins from; without a step it begins anew."""

    run_id: str
    step: int | None
    why: Literal["stage", "longer", "retry"]


@dataclass(frozen=True, slots=True)
class Run:
    """One run with its frozen recipe and the job that carries it out.

    `chosen_step` is the checkpoint that people want to use; None for the best one.
    """

    id: str
    name: str
    dataset_id: str
    split_id: str
    model_id: str
    recipe: Recipe
    plan: Plan
    created_at: datetime
    job: Job
    origin: Origin | None = None
    chosen_step: int | None = None
    sweep_id: str | None = None

    @property
    def is_live(self) -> bool:
        return self.job.is_live

    @property
    def can_resume(self) -> bool:
        return self.job.state in ("interrupted", "failed", "stopped")


@dataclass(frozen=True, slots=True)
class Best:
    """The check of a run with the lowest validation loss."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class Listed:
    """A run as lists show it: what it is and how it stands, without its recipe and its plan.

    `best` is what it told at its end; None for one that has not ended by itself.
    """

    id: str
    name: str
    dataset_id: str
    model_id: str
    created_at: datetime
    started_at: datetime | None
    job_id: str
    state: JobState
    words: str
    best: Best | None = None
    sweep_id: str | None = None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE


@dataclass(frozen=True, slots=True)
class Metric:
    """One point of a curve; what was not measured at this step is None. Loss in nats per trained token.

    With preference training the loss is that of DPO, in nats per pair; `margin` is by how much validation pairs prefer
    the better answer (rewards, in nats), `accuracy` the share of them that do.

    Token accuracy is the share of trained tokens that the model would have written itself: of the rows of the step, and
    of the validation rows. `chance_loss` is the validation loss of guessing by how often each token is trained; it is
    told at step 0. Memory, in bytes, is the most that the run has held so far.
    """

    step: int
    epoch: float
    loss: float | None = None
    validation_loss: float | None = None
    learning_rate: float | None = None
    grad_norm: float | None = None
    tokens_per_second: float | None = None
    margin: float | None = None
    accuracy: float | None = None
    token_accuracy: float | None = None
    validation_token_accuracy: float | None = None
    chance_loss: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A saved state that was verified when it was made; `path` is relative to the run's folder.

    `harm` is what is not as it was written by now, in words; such a one is shown and cannot be used.
    """

    run_id: str
    step: int
    epoch: float
    validation_loss: float
    path: str
    sha256: str
    bytes: int
    harm: str = ""
