"""Harness: run tasks of lm-evaluation-harness on the base and on what was trained, where it is installed.

Its cache of answers is never used: the key knows the question and not the model, so that the base's answers would be
given out as the fine-tuned model's.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from studio.domain.errors import SetupError, StudioError, StudyError
from studio.domain.gate import Tasks
from studio.domain.task_score import TaskScore, task_title
from studio.engine.sides import Sides

log = logging.getLogger(__name__)

UNREACHED = ("couldn't reach", "connection", "offline", "localentrynotfound", "max retries", "timed out")
OF_THE_LOG = "The log of the answers has the details."
METRICS = ("exact_match", "acc", "f1", "mc2")  # the first that a task has; one figure for each question


def run_tasks(gate: Tasks, sides: Sides, tokenizer: Any, *, batch_size: int = 8) -> tuple[TaskScore, ...]:
    """Both scores of every question of the tasks, base and fine-tuned one after the other on the same model.

    SetupError where the package is missing, StudyError where it cannot run a task; it downloads questions that are not
    on this machine.
    """
    harness, models = _package("lm_eval"), _package("lm_eval.models.huggingface")

    def samples(model: Any) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        return harness.simple_evaluate(
            model=models.HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch_size),
            tasks=list(gate.tasks),
            limit=gate.limit,
            log_samples=True,
            apply_chat_template=tokenizer.chat_template is not None,
            bootstrap_iters=0,
            use_cache=None,
            cache_requests=False,
        )["samples"]

    try:
        with _online(), sides.side(on=False) as model:
            base = samples(model)
        with _online(), sides.side(on=True) as model:
            tuned = samples(model)
    except Exception as error:  # of a package that is not ours, and of whatever its tasks bring along
        log.exception("lm-evaluation-harness could not run %s", ", ".join(gate.tasks))
        named = ", ".join(task_title(name) for name in gate.tasks)
        why, fix = _reason(error)
        raise StudyError(f"lm-evaluation-harness could not run {named}: {why}.", fix=fix) from error
    return paired(base, tuned)


def _reason(error: Exception) -> tuple[str, str]:
    """Why, and what to do: in our own words, since those of the package may name places of this machine, and whoever
    has the address of the verdict reads this."""
    said = f"{type(error).__name__} {error}".casefold()
    if isinstance(error, StudioError):
        return error.message.rstrip("."), error.fix
    if "not a registered task" in said or isinstance(error, KeyError):
        return "it knows no task of that name", "See `lm_eval ls tasks` for the names, or name a file of your own."
    if any(word in said for word in UNREACHED):
        return (
            "its questions are not on this machine and could not be downloaded",
            "See that this machine reaches the hub, or bring the questions beforehand.",
        )
    if isinstance(error, OSError):
        return "a file that it needs cannot be read", OF_THE_LOG
    return f"it ended with a {type(error).__name__}", OF_THE_LOG


@contextmanager
def _online() -> Iterator[None]:
    """Let questions be downloaded: whoever installed the package and chose its tasks asked for that."""
    from datasets import config
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE, config.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = config.HF_HUB_OFFLINE = False
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, config.HF_HUB_OFFLINE = before


def paired(
    base: Mapping[str, Sequence[Mapping[str, Any]]], tuned: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[TaskScore, ...]:
    """The same question of both runs beside each other; StudyError where they were not asked the same."""
    found = []
    for task in base:
        one, other = (_scores(task, samples.get(task, ())) for samples in (base, tuned))
        if one.keys() != other.keys():
            raise StudyError(f"The two models were not asked the same questions of {task}.", fix="Run it again.")
        found += [TaskScore(task, metric, doc, one[metric, doc], other[metric, doc]) for metric, doc in one]
    return tuple(found)


def _scores(task: str, samples: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], float]:
    """The score of every question by metric and number; of several filters, that of the first."""
    metric = next((name for name in METRICS if samples and isinstance(samples[0].get(name), int | float)), None)
    if metric is None:
        raise StudyError(
            f"The task {task} gives no score for each question that could be compared.",
            fix=f"Choose tasks with one of {', '.join(METRICS)}.",
        )
    found: dict[tuple[str, str], float] = {}
    for sample in samples:
        found.setdefault((metric, str(sample["doc_id"])), float(sample[metric]))
    return found


def _package(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise SetupError(
            "lm-evaluation-harness is not installed, so its tasks cannot be run.",
            fix="Install it with `pip install 'lm_eval[hf]'`, or leave these tasks out.",
        ) from error
