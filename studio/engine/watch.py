"""Watch: follow a training run step by step: report, check, save, stop."""

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import PreTrainedTokenizerBase, TrainerCallback

from studio.domain.errors import RunError
from studio.domain.event import EventKind, Reporter
from studio.domain.fault import Fault, FaultCode
from studio.domain.recipe import Recipe
from studio.domain.row import Row
from studio.engine import checkpoints
from studio.engine.checkpoints import Check, Manifest
from studio.engine.checks import known_beforehand, measured, undisturbed, watched_answers
from studio.engine.faults import Blamed, not_finite
from studio.engine.load import peak_memory
from studio.engine.pairs import PairTrainer
from studio.engine.room import Room
from studio.engine.trainer import RowTrainer

REMEMBERED = 5  # gradient norms, for the case that the loss breaks
BROKEN_BEFORE = "What the model says is not a number, before it learned anything here: some of its weights are damaged."
BRING_AGAIN = "Bring the model again and resume, or choose another model."
WORDS_OF_A_CHECKPOINT = 100_000  # bytes of its manifest and names, at most


@dataclass(frozen=True, slots=True)
class Course:
    """What does not change during a run: where it goes, when it is checked, and what its checkpoints say of it."""

    run: Path
    recipe: Recipe
    steps: int
    steps_per_epoch: int
    check_at: frozenset[int]
    patience: int
    watch: Sequence[Row]
    origin: Manifest

    @property
    def checkpoints(self) -> Path:
        return self.run / "checkpoints"


@dataclass(slots=True)
class Progress:
    """What has happened so far; `fault` says why the run cannot go on."""

    checks: list[Check] = field(default_factory=list)
    saved: list[Check] = field(default_factory=list)
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    check_seconds: float = 0.0
    stopped: bool = False
    stopped_early: bool = False
    fault: Fault | None = None

    @property
    def best(self) -> Check | None:
        """The saved check with the lowest validation loss, the earliest where equal."""
        return min(self.saved, key=lambda check: check.validation_loss, default=None)

    @property
    def last(self) -> Check | None:
        return max(self.saved, key=lambda check: check.step, default=None)


class Watch(TrainerCallback):
    """Reports every step, and after the steps of the course checks the model and commits a checkpoint.

    The trainer saves its state before a check is made, and the check leaves no trace, so that a run resumed from a
    checkpoint goes on exactly as the one that made it.
    """

    def __init__(
        self,
        course: Course,
        progress: Progress,
        *,
        trainer: RowTrainer | PairTrainer,
        tokenizer: PreTrainedTokenizerBase,
        reporter: Reporter,
    ) -> None:
        self.course = course
        self.progress = progress
        self.trainer = trainer
        self.tokenizer = tokenizer
        self.reporter = reporter
        self.room = trainer.room = Room(course.run, reporter)
        self.clock = time.perf_counter()
        self.tokens_before = 0
        self.gradients: deque[float] = deque(maxlen=REMEMBERED)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 0 and self._check(step=0) is None:
            raise Blamed(FaultCode.MODEL, RunError(BROKEN_BEFORE, fix=BRING_AGAIN))
        self.reporter.report(EventKind.PHASE, name="training")
        self.clock = time.perf_counter()

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.trainer.batches.epoch = state.global_step // self.course.steps_per_epoch

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.progress.step = state.global_step
        if self.reporter.should_stop() and state.global_step < self.course.steps:
            self.progress.stopped = True
            control.should_training_stop = True
        control.should_save = self.progress.stopped or state.global_step in self.course.check_at

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        if "loss" not in logs or "grad_norm" not in logs:
            return  # the trainer's summary at the end
        now = time.perf_counter()
        seconds, self.clock = now - self.clock, now
        tokens, self.tokens_before = logs["num_tokens"] - self.tokens_before, logs["num_tokens"]
        self.progress.seconds += seconds
        self.progress.tokens += int(tokens)
        self.gradients.append(logs["grad_norm"])
        self._report_step(state.global_step, logs, tokens_per_second=tokens / seconds)
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["grad_norm"])):
            what = "The gradient" if math.isfinite(logs["loss"]) else "The loss"
            self._break(what, state.global_step, rate=logs["learning_rate"])
            control.should_save, control.should_training_stop = False, True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        step = state.global_step
        staged = Path(args.output_dir) / f"checkpoint-{step}"
        check = self._check(step=step)
        if check is None:
            control.should_training_stop = True
            return
        self._commit(staged, check)
        if has_run_dry(self.course, self.progress) and step < self.course.steps:
            self.progress.stopped_early = True
            control.should_training_stop = True
        if not control.should_training_stop:
            self.reporter.report(EventKind.PHASE, name="training")
        self.clock = time.perf_counter()

    def _report_step(self, step: int, logs: dict[str, Any], *, tokens_per_second: float) -> None:
        measured = {"loss": logs["loss"], "grad_norm": logs["grad_norm"], "learning_rate": logs["learning_rate"]}
        measured["token_accuracy"] = logs.get("mean_token_accuracy", math.nan)
        self.reporter.report(
            EventKind.METRIC,
            step=step,
            epoch=self._epoch(step),
            tokens_per_second=tokens_per_second,
            tokens=self.progress.tokens,
            memory=peak_memory(),
            **{name: value for name, value in measured.items() if math.isfinite(value)},
        )
        self.reporter.report(
            EventKind.PROGRESS, done=step, total=self.course.steps, seconds_left=round(self._seconds_left(step), 1)
        )

    def _seconds_left(self, step: int) -> float:
        steps_done = max(1, step - self.course.origin.step)
        checks_left = sum(1 for at in self.course.check_at if at > step)
        here = self.progress.seconds - self.course.origin.seconds
        return (self.course.steps - step) * here / steps_done + checks_left * self.progress.check_seconds

    def _check(self, *, step: int) -> Check | None:
        """Measure validation loss and write the watched answers; None, and a fault, when the loss is no number."""
        began = time.perf_counter()
        self.reporter.report(EventKind.PHASE, name="checking")
        with undisturbed(self.trainer.model):
            found = measured(self.trainer) | ({} if step else known_beforehand(self.trainer))
            answers = watched_answers(self.trainer.model, self.tokenizer, self.course.watch)
        loss = found["validation_loss"]
        if not math.isfinite(loss):
            self._break("The validation loss", step, rate=None)
            return None
        check = Check(step=step, validation_loss=loss)
        self.progress.checks.append(check)
        self.reporter.report(EventKind.METRIC, step=step, epoch=self._epoch(step), **found)
        if answers:
            self.reporter.report(EventKind.ANSWERS, step=step, items=answers)
        self.progress.check_seconds = time.perf_counter() - began
        return check

    def _break(self, what: str, step: int, *, rate: float | None) -> None:
        """Note what is no number any more, with the rows of that step; a check reads none of them."""
        last, lines = self.progress.last, self.trainer.lines()
        self.progress.fault = not_finite(
            what,
            step=step,
            steps=self.course.steps,
            rate=rate,
            gradients=list(self.gradients),
            lines=[lines[position] for position in self.trainer.batches.rows_of(step)] if rate is not None else [],
            kept=last.step if last else None,
            recipe=self.course.recipe,
        )

    def _commit(self, staged: Path, check: Check) -> None:
        """Turn the trainer's files into a checkpoint, tell of it, and let go of older ones."""
        self.reporter.report(EventKind.PHASE, name="saving")
        manifest = self.course.origin.model_copy(
            update={
                "step": check.step,
                "epoch": self._epoch(check.step),
                "validation_loss": check.validation_loss,
                "checks": tuple(self.progress.checks),
                "tokens": self.progress.tokens,
                "seconds": self.progress.seconds,
            }
        )

        def write() -> Path:
            checkpoints.name_base_model(staged, self.course.origin.model_id)
            return checkpoints.commit(staged, self.course.checkpoints, manifest)

        folder = self.room.through(write, needed=WORDS_OF_A_CHECKPOINT, clear=lambda: None)
        saved = checkpoints.verify(folder)
        self.progress.saved.append(check)
        self.reporter.report(EventKind.CHECKPOINT, **checkpoints.facts(folder, saved))
        self._forget()

    def _forget(self) -> None:
        """Keep the best checkpoint, the last, and the one before it in case the last is found damaged."""
        folders = checkpoints.committed(self.course.checkpoints)
        kept = {checkpoints.step_of(folder) for folder in folders[-2:]}
        if self.progress.best:
            kept.add(self.progress.best.step)
        for folder in folders:
            step = checkpoints.step_of(folder)
            if step not in kept:
                checkpoints.remove(folder)
                self.reporter.report(EventKind.CHECKPOINT, step=step, removed=True)
        self.progress.saved = [check for check in self.progress.saved if check.step in kept]

    def _epoch(self, step: int) -> float:
        return step / self.course.steps_per_epoch


def has_run_dry(course: Course, progress: Progress) -> bool:
    """Whether validation loss has not improved for `patience` planned checks."""
    planned = [check for check in progress.checks if check.step in course.check_at]
    best = min(planned, key=lambda check: check.validation_loss, default=None)
    since = sum(1 for check in planned if best is not None and check.step > best.step)
    return 0 < course.patience <= since
