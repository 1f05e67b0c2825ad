"""Probe: two real steps of a recipe on its longest rows, to see what it takes before it is started."""

import shutil
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from studio.domain.errors import StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.plan import Way
from studio.domain.recipe import Recipe
from studio.engine.checks import measured, undisturbed
from studio.engine.faults import refused
from studio.engine.load import load_model, load_tokenizer, peak_memory
from studio.engine.memory import is_out_of_memory
from studio.engine.rows import read_rows
from studio.engine.trainer import build_trainer

STEPS = 2
TOO_LARGE = "Two steps on the longest rows did not fit into memory."
SMALLER = "Lower “Rows in memory at once”, switch on “Save memory by recomputing”, or choose a smaller model."


def probe(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Load the model, take two optimiser steps and one check, and tell memory and speed; nothing of it is kept."""
    staging = Path(spec["folder"])
    try:
        return _probe(spec, staging, reporter)
    except StudioError as error:
        return refused(error)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return Outcome(state="failed", message=TOO_LARGE, fix=SMALLER, code="out_of_memory")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _probe(spec: dict[str, Any], staging: Path, reporter: Reporter) -> Outcome:
    began = time.perf_counter()
    recipe = Recipe.model_validate(spec["recipe"]).model_copy(update={"epochs": STEPS})
    model_folder = Path(spec["model"])
    reporter.report(EventKind.PHASE, name="loading the model")
    train, validation = (read_rows(Path(spec["dataset"]), spec[part]) for part in ("train", "validation"))
    trainer = build_trainer(
        load_model(model_folder, quantisation=recipe.quantisation, in_full_precision=recipe.method == "full"),
        load_tokenizer(model_folder),
        recipe=recipe,
        train=train,
        validation=validation,
        staging=staging,
        way=Way(**spec["way"]),
    )
    clock = Clock(reporter)
    trainer.add_callback(clock)
    reporter.report(EventKind.PHASE, name="trying two steps")
    clock.ready = time.perf_counter() - began
    trainer.train()
    if len(clock.steps) < STEPS:
        return Outcome(state="stopped", message="Stopped before both steps were done.")
    with undisturbed(trainer.model):
        measured(trainer)
    result = {
        "peak_memory": peak_memory(),
        "tokens_per_second": round(clock.tokens / clock.steps[-1], 1),
        "seconds_per_step": round(clock.steps[-1], 3),
        "seconds_to_start": round(clock.ready, 1),
        "about": spec["about"],
    }
    return Outcome(state="done", message="Tried two steps on the longest rows.", result=result)


class Clock(TrainerCallback):
    """Times each step to its end; the first one also pays for what is made only once, so the last one counts."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.steps: list[float] = []
        self.tokens = 0
        self.ready = 0.0
        self._told = 0
        self._at = time.perf_counter()

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._at = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        now = time.perf_counter()
        self.steps.append(now - self._at)
        self._at = now
        self.reporter.report(EventKind.PROGRESS, done=state.global_step, total=STEPS)
        control.should_training_stop = state.global_step >= STEPS or self.reporter.should_stop()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any) -> None:
        if "num_tokens" in logs and "loss" in logs:
            self.tokens, self._told = int(logs["num_tokens"]) - self._told, int(logs["num_tokens"])
